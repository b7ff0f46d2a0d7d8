# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Group commit: threads that have something to tell at the same time share one write to the disk."""

from __future__ import annotations

import threading
import typing as t

from .._core.errors import EdgeError
from .records import Event

WAIT_SECONDS = 0.2
MOST = 64


class Keeps(t.Protocol):
    """What a queue offers here."""

    def append(self, events: t.Iterable[Event]) -> list[int]:
        """Keep events in one commit."""


class _Ticket:
    def __init__(self, event: Event) -> None:
        self.event = event
        self.done = threading.Event()
        self.seq = 0
        self.error: EdgeError | None = None


class GroupCommit:
    """The first thread that comes waits for others, at most `wait` seconds or for `most`, and writes for all.

    `wait` is what one event may be late by, and what spares the disk.
    """

    def __init__(self, queue: Keeps, *, wait: float = WAIT_SECONDS, most: int = MOST) -> None:
        self._queue = queue
        self._wait = wait
        self._most = most
        self._waiting: list[_Ticket] = []
        self._changed = threading.Condition()

    def append(self, event: Event) -> int:
        """Keep one event; when this returns it is on disk. As Queue.append, for one."""
        ticket = _Ticket(event)
        with self._changed:
            self._waiting.append(ticket)
            first = len(self._waiting) == 1
            if len(self._waiting) >= self._most:
                self._changed.notify_all()
        if first:
            self._lead()
        ticket.done.wait()
        if ticket.error is not None:
            raise ticket.error
        return ticket.seq

    def _lead(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) >= self._most, self._wait)
            group, self._waiting = self._waiting, []
        try:
            seqs = self._queue.append([ticket.event for ticket in group])
            for ticket, seq in zip(group, seqs):
                ticket.seq = seq
        except EdgeError as exc:
            self._one_by_one(group, exc)
        finally:
            for ticket in group:
                ticket.done.set()

    def _one_by_one(self, group: list[_Ticket], exc: EdgeError) -> None:
        """What failed for all may be the fault of one: each thread gets the answer to its own event."""
        if len(group) == 1 or exc.kind != "spec":
            for ticket in group:
                ticket.error = exc
            return
        for ticket in group:
            try:
                [ticket.seq] = self._queue.append([ticket.event])
            except EdgeError as own:
                ticket.error = own
