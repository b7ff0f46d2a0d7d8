# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first tables. Those of a hub that made them without this history are taken over."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make what is missing."""
    _table(
        "sites",
        _key("site"),
        _key("node"),
        _text("epoch", 64),
        _column("last_seen", sa.Float()),
        _text("agent", 200),
    )
    _table("streams", _key("site"), _key("epoch", 64), _column("acknowledged", sa.BigInteger()))
    _table(
        "events",
        _key("site"),
        _key("epoch", 64),
        sa.Column("seq", sa.BigInteger(), primary_key=True, autoincrement=False),
        _text("class", 16),
        _text("type", 200),
        _column("subject", sa.Text()),
        _text("time", 40),
        _column("received", sa.Float()),
        _column("data", sa.Text()),
    )
    op.create_index("ix_events_received", "events", ["received"], if_not_exists=True)
    _table(
        "states",
        _key("site"),
        _key("node"),
        _key("subject", 1000),
        _text("type", 200),
        _text("time", 40),
        _column("data", sa.Text()),
    )
    _table("gaps", _key("site"), _key("epoch", 64), _text("node", 253), _column("data", sa.Text()))
    _table(
        "documents",
        _key("site"),
        _column("generation", sa.BigInteger()),
        _text("digest", 64),
        _column("raw", sa.LargeBinary()),
        _column("asked", sa.Float()),
    )
    _table(
        "tokens",
        _key("digest", 64),
        _text("role", 16),
        _text("site", 253),
        _column("declared", sa.Boolean()),
    )


def _table(name: str, *columns: sa.Column[t.Any]) -> None:
    op.create_table(name, *columns, if_not_exists=True)


def _key(name: str, length: int = 253) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), primary_key=True)


def _text(name: str, length: int) -> sa.Column[str]:
    return _column(name, sa.String(length))


def _column(name: str, kind: sa.types.TypeEngine[t.Any]) -> sa.Column[t.Any]:
    return sa.Column(name, kind, nullable=False)
