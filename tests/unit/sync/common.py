# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A queue on a temporary folder, and events for it."""

from __future__ import annotations

import itertools
import json
import typing as t
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.module_utils._sync.queue import Queue
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.records import Event, Row

TIME = "2026-11-21T10:00:00Z"
LARGE = 1 << 30
numbers = itertools.count()


def opened(folder: Path, limit: int = LARGE) -> Queue:
    return Queue(str(folder / "sync" / "queue.db"), limit, lambda: TIME)


def event(kind: str = "event", key: str = "", *, size: int = 0, mark: int | None = None) -> Event:
    number = next(numbers) if mark is None else mark
    data = {"mark": number, "text": "x" * size}
    return Event(kind, key or f"thing/{number}", "lightk8s.edge.test", TIME, data)


def content(row: Row) -> t.Any:
    return json.loads(row.body)["data"]


def marks(rows: t.Iterable[Row]) -> list[int]:
    return [content(row)["mark"] for row in rows if "mark" in content(row)]


def gap(queue: Queue) -> dict[str, int]:
    """What the gap record in the queue tells."""
    found = [content(row) for row in queue.pending(1 << 20) if row.kind == "gap"]
    assert len(found) <= 1
    return dict(found[0]["dropped"]) if found else {}
