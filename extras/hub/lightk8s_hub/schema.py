# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The database's tables, brought to what this program knows. Alembic keeps the steps in `migrations/versions`."""

from __future__ import annotations

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, func, select

FOLDER = Path(__file__).with_name("migrations")
LOCK = 7_235_890_113  # among a database's advisory locks: of those who change the tables


def upgrade(engine: Engine) -> None:
    """Take the steps that are missing, all or none; of several instances that start, one does.

    Steps only add, so a database that a newer program has changed is used as it is: a former program
    that is taken back, or is not yet replaced, goes on.
    """
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
        scripts = ScriptDirectory.from_config(config)
        known = {script.revision for script in scripts.walk_revisions()}
        newer = revisions(connection) - known
        if newer:
            text = "the database was changed by a newer hub: %s"
            logging.getLogger("lightk8s_hub").warning(text, ", ".join(sorted(newer)))
            return
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def revisions(connection: Connection) -> set[str]:
    """The last step of each line that the database has taken."""
    return set(MigrationContext.configure(connection).get_current_heads())
