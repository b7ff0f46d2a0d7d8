# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events reach the hub and have their effect once, whatever happens on the way."""

from __future__ import annotations

import gzip
import json
import threading
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.extras.hub.lightk8s_hub import (
    ingest,
    retention,
    serve,
    tables,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._host.http import Connection
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.queue import SMALLEST, Queue
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.records import Event
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.sender import Sender
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.up import Policy, State

from .conftest import Running, cloudevent, numbers, served

TIME = "2026-11-21T10:00:00Z"
EVENTS = "/v1/events"


def told(kind: str, key: str, value: object) -> Event:
    return Event(kind, key, "lightk8s.edge.test", TIME, value)


def queue_at(folder: Path, limit: int = 1 << 20) -> Queue:
    return Queue(str(folder / "sync" / "queue.db"), limit, lambda: TIME)


def deliver(hub: Running, queue: Queue, token: str) -> State:
    sender = Sender(
        "shop",
        queue,
        Connection(hub.url),
        Policy(most_events=7),
        token=token,
        clock=time,
        draw=lambda: 0.5,
    )
    state, decision = sender.run(State(linked=True), lambda _state: None)
    assert decision.why == "nothing is waiting"
    return state


def test_a_sites_queue_arrives_whole(hub: Running, tmp_path: Path) -> None:
    with queue_at(tmp_path) as queue:
        queue.append([told("event", f"pod/{number}", number) for number in range(20)])
        queue.append([told("state", "node/a", number) for number in range(3)])
        queue.append([told("audit", "login", "someone")])
        state = deliver(hub, queue, hub.token("site", "shop"))
        last = queue.status()["last"]
    assert state.spread == 240.0
    kept = hub.rows(tables.events)
    assert [json.loads(row["data"]) for row in kept if row["class"] == "event"] == list(range(20))
    assert [row["subject"] for row in kept if row["class"] == "audit"] == ["queue", "login"]
    assert [row["data"] for row in hub.rows(tables.states)] == ["2"]
    assert [row["acknowledged"] for row in hub.rows(tables.streams)] == [last]


def test_what_a_site_could_not_keep_is_known(hub: Running, tmp_path: Path) -> None:
    token = hub.token("site", "shop")
    with queue_at(tmp_path, SMALLEST) as queue:
        for _round in range(2):
            queue.append([told("event", f"e/{number}", "x" * 900) for number in range(20)])
            deliver(hub, queue, token)
        dropped = queue.status()["dropped"]
    [gap] = hub.rows(tables.gaps)
    assert json.loads(gap["data"])["dropped"] == dropped
    assert dropped["event"] > 0
    reader = hub.token("reader")
    [site] = json.loads(hub.ask("GET", "/v1/sites", token=reader).body)
    assert site["dropped"] == dropped
    shown = hub.ask("GET", "/metrics", token=reader).body.decode()
    count = float(dropped["event"])
    line = f'lightk8s_site_dropped_total{{class="event",node="",site="shop"}} {count}'
    assert line in shown


@pytest.mark.parametrize(
    "batches, kept",
    [
        ([[1, 2], [1, 2]], [1, 2]),
        ([[1, 2], [1, 2, 3]], [1, 2, 3]),
        ([[2, 3], [1]], [2, 3]),  # late: what it told was superseded or came again
        ([[1, 5], [2, 9]], [1, 5, 9]),
    ],
)
def test_numbers_have_their_effect_once_and_in_order(
    hub: Running, batches: list[list[int]], kept: list[int]
) -> None:
    token = hub.token("site", "shop")
    for batch in batches:
        answer = hub.ask("POST", EVENTS, [cloudevent(seq) for seq in batch], token=token)
        assert answer.status == 200
    assert json.loads(answer.body)["acknowledged"] == kept[-1]
    assert numbers(hub) == kept


def test_a_batch_that_arrives_many_times_at_once_has_its_effect_once(hub: Running) -> None:
    token = hub.token("site", "shop")
    batch = [cloudevent(seq) for seq in range(1, 30)]
    statuses: list[int] = []

    def post() -> None:
        statuses.append(hub.ask("POST", EVENTS, batch, token=token).status)

    threads = [threading.Thread(target=post) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 6
    assert numbers(hub) == list(range(1, 30))


def test_effect_and_its_record_are_one_transaction(
    hub: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = ingest.read(json.dumps([cloudevent(seq) for seq in (1, 2, 3)]).encode())
    real = ingest._effect

    def cut_off(*arguments: t.Any) -> None:
        real(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(ingest, "_effect", cut_off)
    with pytest.raises(KeyboardInterrupt):
        ingest.take(hub.engine, batch, "", 0.0)
    assert numbers(hub) == []
    assert hub.rows(tables.streams) == []
    monkeypatch.undo()
    assert ingest.take(hub.engine, batch, "", 0.0) == 3
    assert numbers(hub) == [1, 2, 3]


def test_a_late_batch_of_an_older_queue_does_not_undo_the_state_of_now(hub: Running) -> None:
    token = hub.token("site", "shop")
    rows = [("ab12-1", "old"), ("cd34-1", "new"), ("ab12-2", "late")]
    for name, value in rows:
        row = cloudevent(1, "state", id=name, subject="node/a", data=value)
        assert hub.ask("POST", EVENTS, [row], token=token).status == 200
    assert [row["data"] for row in hub.rows(tables.states)] == ['"new"']
    assert {row["epoch"]: row["acknowledged"] for row in hub.rows(tables.streams)} == {
        "ab12": 2,
        "cd34": 1,
    }


def test_each_node_of_a_site_has_a_queue_and_states_of_its_own(hub: Running) -> None:
    token = hub.token("site", "shop")
    for name, epoch in (("", "ab12"), ("/nodes/n%202", "cd34"), ("", "ab12")):
        number = 2 if hub.rows(tables.streams)[1:] else 1
        row = cloudevent(number, "state", id=f"{epoch}-{number}", source=f"/sites/shop{name}")
        batch = [{**row, "subject": "agent", "data": f"{name}{number}"}]
        assert hub.ask("POST", EVENTS, batch, token=token).status == 200
    found = {row["node"]: row["data"] for row in hub.rows(tables.states)}
    assert found == {"": '"2"', "n 2": '"/nodes/n%2021"'}
    assert {row["node"]: row["epoch"] for row in hub.rows(tables.sites)} == {
        "": "ab12",
        "n 2": "cd34",
    }


def test_old_events_go_and_have_no_second_effect(hub: Running) -> None:
    rows = [cloudevent(1), cloudevent(2, "audit"), cloudevent(3, "state"), cloudevent(4)]
    batch = ingest.read(json.dumps(rows).encode())
    ingest.take(hub.engine, batch, "", 0.0)
    assert retention.prune(hub.engine, retention.FOR_EVER, 1e9) == 0
    assert retention.prune(hub.engine, retention.Keep(2, 0), 2 * retention.DAY) == 0
    assert retention.prune(hub.engine, retention.Keep(2, 0), 2 * retention.DAY + 1) == 2
    assert ingest.take(hub.engine, batch, "", 0.0) == 4
    assert numbers(hub) == [2]
    assert retention.prune(hub.engine, retention.Keep(2, 9), 9 * retention.DAY + 1) == 1
    assert len(hub.rows(tables.states)) == 1


def test_the_server_prunes_by_its_settings(database: str) -> None:
    batch = ingest.read(json.dumps([cloudevent(1)]).encode())
    with served(serve.Settings(database, port=0, keep_days=1)) as hub:
        ingest.take(hub.engine, batch, "", 0.0)
    with served(serve.Settings(database, port=0, keep_days=1)) as hub:
        until = time.monotonic() + 60
        while numbers(hub) and time.monotonic() < until:
            time.sleep(0.05)
        assert numbers(hub) == []


def test_two_instances_on_one_database_give_each_event_its_effect_once(database: str) -> None:
    """Every batch goes to both at once, as when a site gives up waiting and asks another one."""
    settings = serve.Settings(database, port=0)
    with served(settings) as first, served(settings) as second:
        token = first.token("site", "shop")
        answers: list[tuple[int, int]] = []

        def post(to: Running, start: int) -> None:
            batch = [cloudevent(seq) for seq in range(start, start + 10)]
            state = cloudevent(start + 10, "state", subject="node/a", data=start)
            found = to.ask("POST", EVENTS, [*batch, state], token=token)
            answers.append((found.status, json.loads(found.body)["acknowledged"]))

        for start in range(1, 60, 11):
            threads = [
                threading.Thread(target=post, args=(to, start)) for to in (first, second) * 2
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert answers[-4:] == [(200, start + 10)] * 4
        assert len(numbers(first)) == 60
        assert [row["data"] for row in second.rows(tables.states)] == ["56"]
        reader = second.token("reader")
        known = [hub.ask("GET", "/v1/sites", token=reader).body for hub in (first, second)]
        assert known[0] == known[1]


def test_another_instance_goes_on_where_the_first_was(database: str, tmp_path: Path) -> None:
    settings = serve.Settings(database, port=0)
    with queue_at(tmp_path) as queue:
        with served(settings) as first:
            token = first.token("site", "shop")
            deliver(first, queue, token)
        queue.append([told("event", "pod/a", 1)])
        with served(settings) as second:
            deliver(second, queue, token)
            assert len(numbers(second)) == 2


WRONG: list[t.Any] = [
    b"",
    b"{}",
    b"[]",
    b"[1]",
    b"\xff",
    [cloudevent(1, specversion="0.3")],
    [cloudevent(1, id="17")],
    [cloudevent(1, source="/elsewhere")],
    [cloudevent(1, source="/sites/shop/nodes/")],
    [cloudevent(1, source="/sites/shop/pods/a")],
    [cloudevent(1, source="/sites/shop/nodes/a/b")],
    [cloudevent(1, subject="")],
    [cloudevent(1, subject="a\0b")],
    [cloudevent(1, "news")],
    [cloudevent(2), cloudevent(1)],
    [cloudevent(1), cloudevent(1)],
    [cloudevent(1), cloudevent(2, source="/sites/mill")],
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_what_is_no_batch_is_refused_and_leaves_nothing(hub: Running, number: int) -> None:
    answer = hub.ask("POST", EVENTS, WRONG[number], token=hub.token("site", "shop"))
    assert answer.status == 400
    assert json.loads(answer.body)["error"]
    assert hub.rows(tables.sites) == []


def test_bodies_are_bounded_also_after_unpacking(hub: Running) -> None:
    bomb = gzip.compress(b" " * (ingest.MOST_BYTES + 1))
    token = hub.token("site", "shop")
    wrong = (
        ("gzip", bomb, 413),
        ("gzip", b"x" * 100, 400),
        ("gzip", gzip.compress(b"[]")[:-4], 400),
        ("br", b"x", 415),
    )
    for encoding, body, status in wrong:
        packed = {"Content-Encoding": encoding}
        assert hub.ask("POST", EVENTS, body, headers=packed, token=token).status == status
