# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue: order, merging, bound, acknowledgement, and who may use it together."""

from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.queue import SMALLEST, Full
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.queue_group import GroupCommit
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.records import Event

from .common import TIME, content, event, gap, marks, opened


def test_a_new_queue_says_first_why_it_began(tmp_path: Path) -> None:
    with opened(tmp_path) as queue:
        [row] = queue.pending(10)
        assert (row.kind, row.key) == ("audit", "queue")
        assert content(row) == {"reason": "there was no queue"}
    with opened(tmp_path) as queue:
        assert len(queue.pending(10)) == 1
    assert stat.S_IMODE((tmp_path / "sync" / "queue.db").stat().st_mode) == 0o600


def test_only_states_merge_and_the_newest_keeps_its_own_place(tmp_path: Path) -> None:
    with opened(tmp_path) as queue:
        for mark, kind in enumerate(["state", "event", "audit", "state", "event", "audit"]):
            queue.append([event(kind, "node/a", mark=mark)])
        assert marks(queue.pending(10)) == [1, 2, 3, 4, 5]


def test_rows_leave_by_acknowledgement_alone(tmp_path: Path) -> None:
    with opened(tmp_path) as queue:
        seqs = queue.append([event() for _number in range(5)])
        assert queue.pending(3) == queue.pending(3)
        epoch = queue.status()["epoch"]
        assert queue.acknowledge("another", seqs[2]) == 0
        assert queue.acknowledge(epoch, seqs[2]) == 4
        assert [row.seq for row in queue.pending(10)] == seqs[3:]
        assert queue.acknowledge(epoch, seqs[0]) == 0
    with opened(tmp_path) as queue:
        assert queue.append([event()]) == [seqs[-1] + 1]
        status = queue.status()
        assert (status["acknowledged"], status["last"]) == (seqs[2], seqs[-1] + 1)


def test_an_old_copy_goes_on_under_another_epoch(tmp_path: Path) -> None:
    with opened(tmp_path) as queue:
        [seq] = queue.append([event()])
        epoch = queue.status()["epoch"]
        assert queue.acknowledge(epoch, seq + 7) == 0
        assert queue.status()["epoch"] != epoch
        last = queue.pending(10)[-1]
        assert (last.kind, last.key) == ("audit", "queue")
        assert "old copy" in content(last)["reason"]


def test_a_batch_is_bounded_in_bytes_but_never_empty(tmp_path: Path) -> None:
    with opened(tmp_path) as queue:
        queue.append([event(size=1000) for _number in range(4)])
        assert len(queue.pending(10, 1)) == 1
        assert len(queue.pending(10, 2600)) == 3


def test_states_go_first_then_events_are_refused_and_audit_takes_their_place(
    tmp_path: Path,
) -> None:
    with opened(tmp_path, SMALLEST) as queue:
        queue.append([event("state", f"s/{number}", size=900) for number in range(6)])
        queue.append([event("event", size=900) for _number in range(6)])
        assert gap(queue) == {}
        queue.append([event("event", size=900) for _number in range(6)])
        assert gap(queue)["state"] == 5
        while all(queue.append([event("event", size=900)])):
            assert gap(queue)["event"] == 0
        assert (gap(queue)["state"], gap(queue)["event"]) == (6, 1)
        kept = queue.append([event("audit", size=900) for _number in range(8)])
        assert all(kept)
        assert gap(queue)["audit"] == 0
        assert queue.status()["bytes"] <= SMALLEST


def test_audit_without_room_is_an_error_and_is_counted(tmp_path: Path) -> None:
    with opened(tmp_path, SMALLEST) as queue:
        with pytest.raises(Full, match="full of audit"):
            queue.append([event("audit", size=900) for _number in range(20)])
        held = len(marks(queue.pending(100)))
        assert gap(queue)["audit"] == 20 - held > 0


def test_a_gap_is_told_anew_after_it_was_delivered(tmp_path: Path) -> None:
    with opened(tmp_path, SMALLEST) as queue:
        queue.append([event("event", size=900) for _number in range(20)])
        first = gap(queue)["event"]
        rows = queue.pending(100)
        queue.acknowledge(queue.status()["epoch"], rows[-1].seq)
        assert gap(queue) == {}
        queue.append([event("event", size=900) for _number in range(20)])
        assert gap(queue)["event"] > first > 0


@pytest.mark.parametrize(
    "wrong",
    [
        Event("news", "a", "t", TIME, {}),
        Event("event", "", "t", TIME, {}),
        Event("event", "a", "t", TIME, float("nan")),
        Event("event", "a", "t", TIME, {1, 2}),
    ],
)
def test_what_is_no_event_is_refused_and_nothing_of_that_call_is_kept(
    tmp_path: Path, wrong: Event
) -> None:
    with opened(tmp_path) as queue:
        with pytest.raises(EdgeError) as error:
            queue.append([event(), wrong])
        assert error.value.kind == "spec"
        assert marks(queue.pending(10)) == []


def test_a_newer_version_of_the_file_is_left_alone(tmp_path: Path) -> None:
    opened(tmp_path).close()
    path = tmp_path / "sync" / "queue.db"
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA user_version = 9")
    raw.close()
    with pytest.raises(EdgeError, match="newer version") as error:
        opened(tmp_path)
    assert error.value.kind == "refused"
    assert list(path.parent.glob("*.damaged-*")) == []


def test_several_users_of_one_file_share_one_sequence(tmp_path: Path) -> None:
    with opened(tmp_path) as one, opened(tmp_path) as other:
        seqs = [queue.append([event()])[0] for queue in (one, other, one, other)]
        assert seqs == sorted(set(seqs))
        assert one.pending(10) == other.pending(10)


def test_threads_share_commits_and_each_gets_its_own_number(tmp_path: Path) -> None:
    commits: list[int] = []
    seqs: list[int] = []
    with opened(tmp_path) as queue:

        class Counted:
            def append(self, events: Iterable[Event]) -> list[int]:
                events = list(events)
                commits.append(len(events))
                return queue.append(events)

        group = GroupCommit(Counted(), wait=5.0, most=8)
        threads = [
            threading.Thread(target=lambda: seqs.append(group.append(event())))
            for _number in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert commits == [8]
        assert sorted(seqs) == [row.seq for row in queue.pending(20) if row.key != "queue"]


def test_one_wrong_event_does_not_spoil_the_others_of_its_group(tmp_path: Path) -> None:
    results: dict[str, str] = {}
    with opened(tmp_path) as queue:
        group = GroupCommit(queue, wait=5.0, most=3)

        def tell(key: str, kind: str) -> None:
            try:
                results[key] = str(group.append(event(kind, key)) > 0)
            except EdgeError as exc:
                results[key] = exc.kind

        cases = [("a", "event"), ("b", "nonsense"), ("c", "audit")]
        threads = [threading.Thread(target=tell, args=case) for case in cases]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == {"a": "True", "b": "spec", "c": "True"}
