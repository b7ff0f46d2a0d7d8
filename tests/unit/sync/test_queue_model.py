# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue against a model in plain Python: what it holds, drops and counts after any calls."""

from __future__ import annotations

import shutil
import tempfile
import typing as t
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ansible_collections.lightk8s.edge.plugins.module_utils._sync.queue import SMALLEST, Full
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.records import Event

from .common import event, gap, marks, opened

KINDS = st.sampled_from(["state", "event", "audit"])
WISHES = st.lists(
    st.tuples(KINDS, st.integers(0, 5), st.sampled_from([0, 400, 2500])), min_size=1, max_size=8
)


class Held(t.NamedTuple):
    mark: int
    kind: str
    key: str


class QueueAgainstModel(RuleBasedStateMachine):
    """Every event is in exactly one place: held, merged away, delivered, or counted as lost."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="queue-"))
        self.queue = opened(self.folder, SMALLEST)
        self.mark = 0
        self.given: list[Held] = []  # in order, without those superseded or delivered
        self.delivered: list[int] = []
        self.lost = {"state": 0, "event": 0, "audit": 0}
        self.seqs: list[int] = []

    def teardown(self) -> None:
        self.queue.close()
        shutil.rmtree(self.folder)

    def _held(self) -> list[int]:
        return marks(self.queue.pending(1 << 20))

    @rule(wishes=WISHES)
    def append(self, wishes: list[tuple[str, int, int]]) -> None:
        events: list[Event] = []
        for kind, key, size in wishes:
            events.append(event(kind, f"key/{key}", size=size, mark=self.mark))
            if kind == "state":
                self.given = [g for g in self.given if (g.kind, g.key) != (kind, f"key/{key}")]
            self.given.append(Held(self.mark, kind, f"key/{key}"))
            self.mark += 1
        try:
            seqs = [seq for seq in self.queue.append(events) if seq]
            assert seqs == sorted(set(seqs))
            assert not seqs or not self.seqs or seqs[0] > self.seqs[-1]
            self.seqs += seqs
        except Full:
            assert any(kind == "audit" for kind, _key, _size in wishes)
        self._settle()

    def _settle(self) -> None:
        """What is gone must have been counted; a state lost and then replaced is counted once."""
        held = set(self._held())
        gone = [item for item in self.given if item.mark not in held]
        self.given = [item for item in self.given if item.mark in held]
        status = self.queue.status()["dropped"]
        for kind in ("event", "audit"):
            self.lost[kind] += sum(item.kind == kind for item in gone)
            assert status[kind] == self.lost[kind]
        assert status["state"] >= self.lost["state"] + sum(i.kind == "state" for i in gone)
        self.lost["state"] = status["state"]

    @precondition(lambda self: self.queue.pending(1))
    @rule(count=st.integers(1, 12), answered=st.booleans())
    def send(self, count: int, answered: bool) -> None:
        rows = self.queue.pending(count)
        if not answered:
            return
        self.queue.acknowledge(self.queue.status()["epoch"], rows[-1].seq)
        told = marks(rows)
        self.delivered += told
        self.given = [item for item in self.given if item.mark not in told]

    @rule()
    def reopen(self) -> None:
        self.queue.close()
        self.queue = opened(self.folder, SMALLEST)
        assert self.queue.begun == ""

    @invariant()
    def what_is_held_is_what_was_given_in_that_order(self) -> None:
        assert self._held() == [item.mark for item in self.given]

    @invariant()
    def nothing_is_delivered_twice_or_out_of_order(self) -> None:
        assert self.delivered == sorted(set(self.delivered))

    @invariant()
    def the_bound_is_kept_and_the_account_is_right(self) -> None:
        status = self.queue.status()
        rows = self.queue.pending(1 << 20)
        assert status["bytes"] == sum(row.size for row in rows) <= SMALLEST
        assert not gap(self.queue) or gap(self.queue) == status["dropped"]

    @invariant()
    def audit_is_lost_only_where_nothing_else_is_held(self) -> None:
        if self.lost["audit"]:
            assert self.queue.status()["dropped"]["audit"] == self.lost["audit"]


TestQueueAgainstModel = QueueAgainstModel.TestCase
TestQueueAgainstModel.settings = settings(max_examples=20, stateful_step_count=20)
