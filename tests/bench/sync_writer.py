# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that has something to tell: what is measured, and what loses its power.

`python sync_writer.py write|read|rate KIND FOLDER [COUNTER|SECONDS]`. KIND is `ours`, or a queue of
others from an environment that has it. `write` goes on until it is killed, or its disk fails; after
each commit it says in COUNTER, a file in memory, how many events have been acknowledged, and it
begins with what stands there.
"""

from __future__ import annotations

import contextlib
import functools
import json
import mmap
import sys
import threading
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

TEXT = "x" * 200
TIME = "2026-11-21T10:00:00Z"
THREADS = 64
PAUSE = 0.001  # between events of others: what is not on disk by then is what a cut costs them
KEPT = 1500  # of what was delivered, the rest goes: a file that only grows would slow the reading


class Store(Protocol):
    """One queue of one kind."""

    group: int  # events of one commit

    def put(self, first: int, count: int) -> None:
        """Keep events with the marks from `first` on; when this returns they are acknowledged."""

    def marks(self) -> list[int]:
        """The marks of all events that it holds."""


class Ours:
    group = 4

    def __init__(self, folder: Path) -> None:
        from ansible_collections.lightk8s.edge.plugins.module_utils._sync.queue import Queue
        from ansible_collections.lightk8s.edge.plugins.module_utils._sync.records import Event

        self.queue = Queue(str(folder / "sync" / "queue.db"), 1 << 30, lambda: TIME)
        self._event: Callable[..., Any] = Event

    def event(self, mark: int) -> Any:
        return self._event("event", f"thing/{mark}", "t.bench", TIME, {"mark": mark, "text": TEXT})

    def put(self, first: int, count: int) -> None:
        seqs = self.queue.append([self.event(first + number) for number in range(count)])
        if seqs[-1] % (2 * KEPT) < count:
            self.queue.acknowledge(self.queue.status()["epoch"], seqs[-1] - KEPT)

    def marks(self) -> list[int]:
        rows = [json.loads(row.body)["data"] for row in self.queue.pending(1 << 20)]
        return [row["mark"] for row in rows if "mark" in row]


class LiteQueue:
    group = 1

    def __init__(self, folder: Path) -> None:
        queue: Any = import_module("litequeue").LiteQueue
        self._queue: Any = queue(str(folder / "queue.db"))

    def put(self, first: int, count: int) -> None:
        for number in range(count):
            self._queue.put(json.dumps({"mark": first + number, "text": TEXT}))

    def marks(self) -> list[int]:
        found = []
        while (message := self._queue.pop()) is not None:
            found.append(json.loads(message.data)["mark"])
        return found


class DiskCache:
    group = 1

    def __init__(self, folder: Path) -> None:
        queue: Any = import_module("diskcache").Deque
        self._queue: Any = queue(directory=str(folder / "queue"))

    def put(self, first: int, count: int) -> None:
        for number in range(count):
            self._queue.append({"mark": first + number, "text": TEXT})

    def marks(self) -> list[int]:
        return [row["mark"] for row in self._queue]


class PersistQueue:
    group = 1

    def __init__(self, folder: Path) -> None:
        queue: Any = import_module("persistqueue").SQLiteAckQueue
        self._queue: Any = queue(str(folder / "queue"), auto_commit=True, multithreading=True)

    def put(self, first: int, count: int) -> None:
        for number in range(count):
            self._queue.put({"mark": first + number, "text": TEXT})

    def marks(self) -> list[int]:
        return [self._queue.get()["mark"] for _number in range(self._queue.size)]


KINDS: dict[str, Callable[[Path], Store]] = {
    "ours": Ours,
    "litequeue": LiteQueue,
    "diskcache": DiskCache,
    "persist-queue": PersistQueue,
}


@contextlib.contextmanager
def counter(path: Path) -> Iterator[Callable[[int], None]]:
    """Eight bytes in memory that another process reads without waking this one."""
    with path.open("r+b") as stream, mmap.mmap(stream.fileno(), 8) as memory:

        def tell(count: int) -> None:
            memory[:8] = count.to_bytes(8, "little")

        yield tell


def write(store: Store, path: Path) -> None:
    mark = int.from_bytes(path.read_bytes(), "little")
    with counter(path) as tell:
        while True:
            count = 1 + mark % store.group
            store.put(mark, count)
            mark += count
            tell(mark)
            if store.group == 1:
                time.sleep(PAUSE)


def rate(store: Store, seconds: float) -> dict[str, float]:
    """Events that were acknowledged each second: by 50, one by one, and by 64 threads at once."""
    found = {}
    for name, count in (("by_50", 50), ("by_1", 1)):
        began, done = time.monotonic(), 0
        while time.monotonic() < began + seconds:
            store.put(done, count)
            done += count
        found[name] = done / (time.monotonic() - began)
    found["by_64_threads"] = _threads(store, seconds)
    return found


def _one_by_one(store: Store) -> Callable[[int], object]:
    if not isinstance(store, Ours):
        return functools.partial(_put_one, store)
    from ansible_collections.lightk8s.edge.plugins.module_utils._sync.queue_group import (
        GroupCommit,
    )

    group, ours = GroupCommit(store.queue), store

    def put(mark: int) -> object:
        return group.append(ours.event(mark))

    return put


def _put_one(store: Store, mark: int) -> None:
    store.put(mark, 1)


def _threads(store: Store, seconds: float) -> float:
    put = _one_by_one(store)
    counts = [0] * THREADS
    began = time.monotonic()

    def work(number: int) -> None:
        while time.monotonic() < began + seconds:
            put(counts[number])
            counts[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - began)


def main(what: str, kind: str, folder: str, *more: str) -> None:
    store = KINDS[kind](Path(folder))
    if what == "write":
        write(store, Path(more[0]))
    elif what == "read":
        print(json.dumps(store.marks()))
    else:
        print(json.dumps(rate(store, float(more[0]))))


if __name__ == "__main__":
    main(*sys.argv[1:])
