# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The queue of a site: what it has to tell is on disk before it counts.

SQLite with a write-ahead log and synchronous=FULL. State merges (the newest of a key), events and
audit do not. The queue is bounded in bytes: the oldest states go first, then new events are refused,
and audit takes the place of events. Each loss is counted in one gap record, which is delivered like
any other and never dropped. A site's own sequence orders everything; acknowledgement is by it.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
import typing as t
from collections.abc import Iterable

from .._core.errors import EdgeError
from .._core.records import dataclass
from . import queue_file
from .records import AUDIT, BEGUN_TYPE, EVENT, GAP, STATE, Dropped, Event, Row, checked, size_of

# Kept free for the gap record and the queue's own first words.
RESERVE = 2048
SMALLEST = 16 * 1024

# The index of states is small and holds their numbers; before the oldest event lies audit alone.
OLDEST = {
    STATE: "SELECT min(seq) FROM events INDEXED BY newest WHERE class = 'state'",
    EVENT: "SELECT (SELECT seq FROM events WHERE class = 'event' ORDER BY seq LIMIT 1)",
}


class Full(EdgeError):
    """An audit event found no room: the bound is full of audit alone."""

    def __init__(self, key: str, limit: int) -> None:
        super().__init__(
            f"the queue is full of audit events ({limit} bytes): {key} was not kept",
            kind="io",
            hint="have the queue delivered or exported, or give it more bytes",
        )


@dataclass
class _Account:
    """The one row that says what the queue holds."""

    epoch: str
    last: int
    acknowledged: int
    bytes: int
    dropped: Dropped


class Queue:
    """One site's queue. `limit` is its bound in bytes, `now` tells the time as RFC 3339.

    Several processes may use one file; several threads one Queue. Methods raise EdgeError(io) when
    the disk does not take or give what they need; nothing of that call counts then.
    """

    def __init__(self, path: str, limit: int, now: t.Callable[[], str]) -> None:
        if limit < SMALLEST:
            raise EdgeError(f"a queue needs at least {SMALLEST} bytes, not {limit}", kind="spec")
        self.path = path
        self.limit = limit
        self._now = now
        self._mutex = threading.Lock()
        self._unrecorded = Dropped()  # lost while even the gap record could not be written
        self._connection, self.begun = queue_file.open_file(path)
        try:
            if not self._account().epoch:
                self._begin(self.begun or "an earlier start was cut off")
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Leave the file."""
        self._connection.close()

    def __enter__(self) -> Queue:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    # ---- in

    def append(self, events: Iterable[Event]) -> list[int]:
        """Keep events in one commit; when this returns they are on disk.

        Returns one sequence number each, 0 for one that found no room and was counted. Raises Full
        for audit without room; the others of that call are kept then.
        """
        ready = [(event, checked(event)) for event in events]
        full: Full | None = None
        seqs = []
        try:
            with self._changing() as account:
                account.dropped.merge(self._unrecorded)
                lost = bool(self._unrecorded)
                for event, body in ready:
                    seq, loss = self._put(account, event, body)
                    lost = lost or loss
                    seqs.append(seq)
                    if not seq and event.kind == AUDIT:
                        full = Full(event.key, self.limit)
                if lost:
                    self._tell_gap(account)
        except EdgeError:
            for event, _body in ready:
                self._unrecorded.add(event.kind, event.time, "the disk took nothing")
            raise
        self._unrecorded = Dropped()
        if full is not None:
            raise full
        return seqs

    def _put(self, account: _Account, event: Event, body: bytes) -> tuple[int, bool]:
        """The new event's number (0: no room), and whether anything was lost."""
        if event.kind == STATE:
            self._remove(account, "class = 'state' AND key = ?", event.key)
        room = self.limit - RESERVE - size_of(event.key, body)
        lost = False
        if account.bytes > room:
            lost = self._shed(account, STATE, room)
        if account.bytes > room and event.kind == AUDIT:
            lost = self._shed(account, EVENT, room) or lost
        if account.bytes > room:
            account.dropped.add(event.kind, event.time, "the queue was full")
            return 0, True
        return self._insert(account, event.kind, event.key, body), lost

    def _shed(self, account: _Account, kind: str, room: int) -> bool:
        """Drop the oldest of a class until no more than `room` bytes are held."""
        lost = False
        while account.bytes > room:
            found = self._connection.execute(OLDEST[kind]).fetchone()
            if found[0] is None:
                break
            self._remove(account, "seq = ?", found[0])
            account.dropped.add(kind, self._now(), "the queue was full")
            lost = True
        return lost

    def _tell_gap(self, account: _Account) -> None:
        """Replace the gap record by one with the present totals, at the end of the line."""
        self._remove(account, "class = ?", GAP)
        self._insert(account, GAP, GAP, account.dropped.body())

    def _insert(self, account: _Account, kind: str, key: str, body: bytes) -> int:
        account.last += 1
        account.bytes += size_of(key, body)
        self._connection.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?)", (account.last, kind, key, body)
        )
        return account.last

    def _remove(self, account: _Account, where: str, value: str | int) -> None:
        query = f"SELECT seq, class, key, body FROM events WHERE {where}"
        for row in map(Row._make, self._connection.execute(query, (value,)).fetchall()):
            self._connection.execute("DELETE FROM events WHERE seq = ?", (row.seq,))
            account.bytes -= row.size

    # ---- out

    def pending(self, count: int, most_bytes: int = 1 << 62, *, after: int = 0) -> list[Row]:
        """The next rows in order: at most `count`, and no more bytes than that, but always one."""
        query = "SELECT seq, class, key, body FROM events WHERE seq > ? ORDER BY seq LIMIT ?"
        rows: list[Row] = []
        size = 0
        with self._reading():
            for row in map(Row._make, self._connection.execute(query, (after, count))):
                size += row.size
                if rows and size > most_bytes:
                    break
                rows.append(row)
        return rows

    def acknowledge(self, epoch: str, upto: int, sent: int | None = None) -> int:
        """Forget what the receiver holds, up to that number; how many rows went.

        An answer to an earlier epoch says nothing of this one. A receiver that knows of numbers
        which this queue has not given yet shows that the file is an old copy: it goes on under
        another epoch then, so that no new event passes for one that was delivered before. What
        comes after `sent`, the last number that was sent just now, stays whatever the answer says.
        """
        with self._changing() as account:
            if epoch != account.epoch:
                return 0
            if upto > account.last:
                reason = f"{upto} was acknowledged, but only {account.last} were given"
                self._renew(account, f"the queue is an old copy of itself: {reason}")
                return 0
            upto = upto if sent is None else min(upto, sent)
            gone = 0
            query = "SELECT seq, class, key, body FROM events WHERE seq <= ?"
            for row in map(Row._make, self._connection.execute(query, (upto,))):
                account.bytes -= row.size
                gone += 1
            self._connection.execute("DELETE FROM events WHERE seq <= ?", (upto,))
            account.acknowledged = max(account.acknowledged, upto)
            return gone

    def give_up(self, row: Row, reason: str) -> None:
        """Count as lost what nobody can be told any more."""
        with self._changing() as account:
            self._remove(account, "seq = ?", row.seq)
            if row.kind != GAP:
                account.dropped.add(row.kind, self._now(), reason)
            self._tell_gap(account)

    def renew(self, reason: str) -> None:
        """Go on under another epoch: what is held is told as if it had never been sent."""
        with self._changing() as account:
            self._renew(account, reason)

    def status(self) -> dict[str, t.Any]:
        """What the queue holds, for people."""
        with self._reading():
            account = self._account()
            rows = self._connection.execute("SELECT class, count(*) FROM events GROUP BY class")
            counts = dict(rows.fetchall())
        return {
            "epoch": account.epoch,
            "last": account.last,
            "acknowledged": account.acknowledged,
            "bytes": account.bytes,
            "limit": self.limit,
            "waiting": counts,
            "dropped": dict(account.dropped.counts),
            "dropped_first": account.dropped.first,
            "dropped_last": account.dropped.last,
            "dropped_reason": account.dropped.reason,
            "set_aside": queue_file.asides(self.path),
        }

    # ---- the file

    def _begin(self, reason: str) -> None:
        with self._changing() as account:
            if not account.epoch:
                self._renew(account, reason)

    def _renew(self, account: _Account, reason: str) -> None:
        account.epoch = os.urandom(6).hex()
        event = Event(AUDIT, "queue", BEGUN_TYPE, self._now(), {"reason": reason})
        self._insert(account, event.kind, event.key, event.body())

    def _account(self) -> _Account:
        query = "SELECT epoch, last, acknowledged, bytes, dropped FROM queue"
        epoch, last, acknowledged, held, dropped = self._connection.execute(query).fetchone()
        known = Dropped.from_json(json.loads(dropped)) if dropped else Dropped()
        return _Account(epoch, last, acknowledged, held, known)

    @contextlib.contextmanager
    def _reading(self) -> t.Iterator[None]:
        """One thread at a time, and SQLite's errors in our words."""
        with self._mutex:
            try:
                yield
            except sqlite3.Error as exc:
                raise queue_file.failure(self.path, exc) from exc

    @contextlib.contextmanager
    def _changing(self) -> t.Iterator[_Account]:
        """A commit that takes the account along."""
        with self._reading(), queue_file.transaction(self._connection):
            account = self._account()
            yield account
            dropped = json.dumps(account.dropped.to_json()) if account.dropped else ""
            self._connection.execute(
                "UPDATE queue SET epoch = ?, last = ?, acknowledged = ?, bytes = ?, dropped = ?",
                (account.epoch, account.last, account.acknowledged, account.bytes, dropped),
            )
