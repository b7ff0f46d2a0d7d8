# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Old events go, so that tables do not grow for ever. What has had its effect is not forgotten."""

from __future__ import annotations

import asyncio
import logging
import typing as t

from sqlalchemy import Engine, delete
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from .tables import events

DAY = 86400
INTERVAL = 3600


class Keep(t.NamedTuple):
    """Days for which events are kept, by class, and artifacts that nobody publishes; 0 for ever."""

    event_days: int = 0
    audit_days: int = 0
    artifact_days: int = 0


FOR_EVER = Keep()


def prune(engine: Engine, keep: Keep, now: float) -> int:
    """Take old events away; how many there were. Numbers that were acknowledged stay so."""
    gone = 0
    for name, days in (("event", keep.event_days), ("audit", keep.audit_days)):
        if days > 0:
            old = (events.c["class"] == name) & (events.c.received < now - days * DAY)
            with engine.begin() as connection:
                gone += connection.execute(delete(events).where(old)).rowcount
    return gone


async def prune_for_ever(prune_once: t.Callable[[], object]) -> None:
    """Every hour. What is away is met again the next time; several instances do no harm."""
    while True:
        try:
            await run_in_threadpool(prune_once)
        except (SQLAlchemyError, OSError) as exc:
            logging.getLogger("lightk8s_hub").warning("what is old stays for now: %s", exc)
        await asyncio.sleep(INTERVAL)
