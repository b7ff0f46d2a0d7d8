# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps by which a hub's database comes to the tables that the program knows."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from ansible_collections.lightk8s.edge.extras.hub.lightk8s_hub import access, schema, tables

NAMES = set(tables.metadata.tables)


def test_the_steps_lead_to_the_tables_of_the_program(database: str) -> None:
    engine = tables.opened(database)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
        assert schema.revisions(connection)
    engine.dispose()


def test_tables_without_a_history_are_taken_over_with_what_they_hold(database: str) -> None:
    engine = create_engine(database)
    tables.metadata.create_all(engine)
    token = access.issue(engine, "site", "shop")
    engine.dispose()
    for _again in range(2):
        engine = tables.opened(database)
        assert access.caller(engine, f"Bearer {token}", "") == ("site", "shop")
        engine.dispose()


def test_instances_that_start_at_once_take_each_step_once(database: str) -> None:
    failures: list[BaseException] = []

    def start() -> None:
        try:
            tables.opened(database).dispose()
        except Exception as exc:
            failures.append(exc)

    threads = [threading.Thread(target=start) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    engine = tables.opened(database)
    with engine.connect() as connection:
        assert len(schema.revisions(connection)) == 1
    engine.dispose()


def test_a_former_program_goes_on_with_a_newer_database(
    database: str, caplog: pytest.LogCaptureFixture
) -> None:
    engine = tables.opened(database)
    token = access.issue(engine, "reader", "")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(text("ALTER TABLE tokens ADD COLUMN note VARCHAR(10)"))
    engine.dispose()
    engine = tables.opened(database)
    assert access.caller(engine, f"Bearer {token}", "") == ("reader", "")
    assert access.issue(engine, "reader", "")
    assert "9999" in caplog.text
    engine.dispose()


def test_a_step_that_fails_leaves_nothing_behind(
    database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """All steps of a start are one transaction, what they make of tables too."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    for path in (schema.FOLDER / "env.py", *(schema.FOLDER / "versions").glob("*.py")):
        (folder / path.relative_to(schema.FOLDER)).write_text(path.read_text())
    broken = "revision, down_revision = '9000', '0001'\ndef upgrade():\n    raise OSError('cut')\n"
    (folder / "versions" / "r9000.py").write_text(broken)
    monkeypatch.setattr(schema, "FOLDER", folder)
    with pytest.raises(OSError, match="cut"):
        tables.opened(database)
    monkeypatch.undo()
    engine = create_engine(database)
    with engine.connect() as connection:
        assert not NAMES & set(engine.dialect.get_table_names(connection))
    engine.dispose()
    tables.opened(database).dispose()
