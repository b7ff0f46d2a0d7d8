# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hub knows, as tables; PostgreSQL in earnest, SQLite to try."""

from __future__ import annotations

import typing as t

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.dialects import postgresql, sqlite

from . import schema

# A database that says nothing any more is away, and not waited for as long as TCP would.
WAITS = {"connect_timeout": "10", "tcp_user_timeout": "30000"}
SESSION = {"lock_timeout": 20, "idle_in_transaction_session_timeout": 60}
metadata = MetaData()

sites = Table(
    "sites",
    metadata,
    Column("site", String(253), primary_key=True),
    Column("node", String(253), primary_key=True),  # '' for the one that speaks for the site
    Column("epoch", String(64), nullable=False),  # the queue that is in use there
    Column("last_seen", Float, nullable=False),
    Column("agent", String(200), nullable=False),
)
# The row that makes an effect happen once: everything up to `acknowledged` has had its effect.
streams = Table(
    "streams",
    metadata,
    Column("site", String(253), primary_key=True),
    Column("epoch", String(64), primary_key=True),
    Column("acknowledged", BigInteger, nullable=False),
)
events = Table(
    "events",
    metadata,
    Column("site", String(253), primary_key=True),
    Column("epoch", String(64), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("class", String(16), nullable=False),
    Column("type", String(200), nullable=False),
    Column("subject", Text, nullable=False),
    Column("time", String(40), nullable=False),
    Column("received", Float, nullable=False, index=True),
    Column("data", Text, nullable=False),
)
states = Table(
    "states",
    metadata,
    Column("site", String(253), primary_key=True),
    Column("node", String(253), primary_key=True),
    Column("subject", String(1000), primary_key=True),
    Column("type", String(200), nullable=False),
    Column("time", String(40), nullable=False),
    Column("data", Text, nullable=False),
)
# What a site could not keep: totals since its queue began.
gaps = Table(
    "gaps",
    metadata,
    Column("site", String(253), primary_key=True),
    Column("epoch", String(64), primary_key=True),
    Column("node", String(253), nullable=False),
    Column("data", Text, nullable=False),
)
documents = Table(
    "documents",
    metadata,
    Column("site", String(253), primary_key=True),
    Column("generation", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("asked", Float, nullable=False),  # when the site asked for it last
)
tokens = Table(
    "tokens",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("site", String(253), nullable=False),
    Column("declared", Boolean, nullable=False),  # by the file of tokens, and gone with it
)


def opened(url: str) -> Engine:
    """The database, with its tables as this program knows them."""
    parsed = make_url(url)
    waits = {} if parsed.get_backend_name() == "sqlite" else WAITS
    missing = {name: value for name, value in waits.items() if name not in parsed.query}
    engine = create_engine(url, pool_pre_ping=True, connect_args=missing)
    if parsed.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
    else:
        event.listen(engine, "connect", _bound)
    schema.upgrade(engine)
    return engine


def _prepare(connection: t.Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin below, not by the driver's guess
    cursor = connection.cursor()
    for setting in ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 30000"):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


def _bound(connection: t.Any, _record: object) -> None:
    """An instance that died amid a transaction holds a site's row: it is not waited for, and loses it soon."""
    cursor = connection.cursor()
    for name, seconds in SESSION.items():
        cursor.execute(f"SET {name} = '{seconds}s'")
    cursor.close()
    connection.commit()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def put(
    connection: Connection,
    table: Table,
    *rows: dict[str, t.Any],
    keep: bool = False,
) -> None:
    """Insert rows; one with the same key is replaced, or left as it is with `keep`."""
    keys = [column.name for column in table.primary_key]
    rest = [name for name in rows[0] if name not in keys]
    if connection.dialect.name == "sqlite":
        for_sqlite = sqlite.insert(table)
        connection.execute(
            for_sqlite.on_conflict_do_nothing()
            if keep
            else for_sqlite.on_conflict_do_update(
                index_elements=keys, set_={name: for_sqlite.excluded[name] for name in rest}
            ),
            rows,
        )
    else:
        for_postgres = postgresql.insert(table)
        connection.execute(
            for_postgres.on_conflict_do_nothing()
            if keep
            else for_postgres.on_conflict_do_update(
                index_elements=keys, set_={name: for_postgres.excluded[name] for name in rest}
            ),
            rows,
        )
