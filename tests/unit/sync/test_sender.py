# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches over real HTTP on the loopback: what a receiver sees, and what the queue keeps."""

from __future__ import annotations

import gzip
import json
import threading
import time
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._host.http import Connection
from ansible_collections.lightk8s.edge.plugins.module_utils._sync import sender as sender_module
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.queue import Queue
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.sender import (
    Sender,
    retry_after,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.up import Policy, State

from .common import TIME, event, opened

LINKED = State(linked=True)


class Receiver(ThreadingHTTPServer):
    """Takes what comes in order, and answers as `script` says first."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[tuple[int, dict[str, str]]] = []
        self.seen: list[list[dict[str, t.Any]]] = []
        self.headers: list[t.Mapping[str, str]] = []
        self.more: dict[str, t.Any] = {}
        self.drips = 0  # bytes before an answer's content, a tenth of a second between them

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        events = json.loads(gzip.decompress(body))
        self.server.headers.append(dict(self.headers))
        self.server.seen.append(events)
        status, headers = self.server.script.pop(0) if self.server.script else (200, {})
        epoch, _sign, last = events[-1]["id"].partition("-")
        answer = {"epoch": epoch, "acknowledged": int(last), **self.server.more}
        if status == 0:  # taken, and the answer is lost
            self.close_connection = True
            return
        content = json.dumps(answer if status == 200 else {}).encode()
        drips = self.server.drips
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(drips + len(content)))
        self.end_headers()
        with suppress(OSError):  # the other side need not wait for all of it
            for dummy in range(drips):
                time.sleep(0.1)
                self.wfile.write(b" ")
            self.wfile.write(content)

    def log_message(self, *_words: object) -> None:
        """Nothing on the terminal."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    with opened(tmp_path) as made:
        yield made


def sender(receiver: Receiver, queue: Queue, policy: Policy | None = None) -> Sender:
    connection = Connection(receiver.url)
    chosen = policy or Policy(most_events=50)
    return Sender("a shop", queue, connection, chosen, token="t0ken", clock=time, draw=lambda: 0.5)


def test_everything_is_delivered_in_order_as_cloudevents(receiver: Receiver, queue: Queue) -> None:
    queue.append([event("event", f"key/{number}") for number in range(120)])
    kept: list[State] = []
    state, decision = sender(receiver, queue).run(LINKED, kept.append)
    assert decision.why == "nothing is waiting"
    assert [len(batch) for batch in receiver.seen] == [50, 50, 21]
    assert kept[-1] == state
    assert queue.pending(1) == []
    epoch = queue.status()["epoch"]
    events = [item for batch in receiver.seen for item in batch]
    assert [item["id"] for item in events] == [f"{epoch}-{number}" for number in range(1, 122)]
    assert events[1] == {
        "specversion": "1.0",
        "source": "/sites/a%20shop",
        "id": f"{epoch}-2",
        "subject": "key/0",
        "edgeclass": "event",
        "type": "lightk8s.edge.test",
        "time": TIME,
        "data": events[1]["data"],
    }
    headers = receiver.headers[0]
    assert headers["Content-Type"].startswith("application/cloudevents-batch+json")
    assert headers["Authorization"] == "Bearer t0ken"


def test_a_lost_answer_is_asked_for_again_with_the_same_ids(
    receiver: Receiver, queue: Queue
) -> None:
    queue.append([event()])
    receiver.script = [(0, {})]
    state, decision = sender(receiver, queue).run(LINKED, lambda _state: None)
    assert not decision.send
    assert state.failures == 1
    assert len(queue.pending(10)) == 2
    sender(receiver, queue).run(LINKED, lambda _state: None)
    first, second = receiver.seen
    assert first == second
    assert queue.pending(1) == []


@pytest.mark.parametrize("status", [301, 401, 413, 429, 500, 503])
def test_a_refusal_keeps_everything_and_waits_as_asked(
    receiver: Receiver, queue: Queue, status: int
) -> None:
    queue.append([event()])
    receiver.script = [(status, {"Retry-After": "120"})]
    before = time.time()
    state, decision = sender(receiver, queue).run(LINKED, lambda _state: None)
    assert str(status) in decision.why
    assert 120 <= state.not_before - before <= 180
    assert len(queue.pending(10)) == 2
    assert len(receiver.seen) == 1


@pytest.mark.parametrize(
    "more", [{"epoch": "another"}, {"acknowledged": "all"}, {"acknowledged": 0}]
)
def test_an_answer_that_acknowledges_nothing_is_a_failure(
    receiver: Receiver, queue: Queue, more: dict[str, t.Any]
) -> None:
    receiver.more = more
    state, decision = sender(receiver, queue).run(LINKED, lambda _state: None)
    assert "receiver" in decision.why
    assert state.failures == 1
    assert len(queue.pending(10)) == 1


def test_a_receiver_names_the_time_to_spread_over(receiver: Receiver, queue: Queue) -> None:
    receiver.more = {"spread": 900}
    state, _decision = sender(receiver, queue).run(LINKED, lambda _state: None)
    assert state.spread == 900.0


def test_nobody_there_is_a_failure_with_its_reason(queue: Queue) -> None:
    with receiving() as gone:
        pass
    state, decision = sender(gone, queue).run(LINKED, lambda _state: None)
    assert "refused" in decision.why
    assert state.failures == 1


def test_offline_sends_nothing(receiver: Receiver, queue: Queue) -> None:
    policy = Policy(mode="offline")
    _state, decision = sender(receiver, queue, policy).run(LINKED, lambda _state: None)
    assert "offline" in decision.why
    assert receiver.seen == []


def test_a_token_goes_over_https_only(queue: Queue) -> None:
    connection = Connection("http://hub.example")
    with pytest.raises(EdgeError, match="https only"):
        Sender("a", queue, connection, Policy(), token="t", clock=time, draw=lambda: 0.0)


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("", 0),
        ("12", 12),
        ("-3", 0),
        ("soon", 0),
        ("Thu, 01 Jan 1970 00:20:00 GMT", 200),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
    ],
)
def test_retry_after_is_a_number_or_a_date(text: str, seconds: float) -> None:
    assert retry_after(text, 1000.0) == seconds


def test_numbers_that_were_not_sent_are_not_acknowledged(receiver: Receiver, queue: Queue) -> None:
    last = queue.append([event() for dummy in range(120)])[-1]
    receiver.more = {"acknowledged": last}
    state, decision = sender(receiver, queue).run(LINKED, lambda _state: None)
    assert [len(events) for events in receiver.seen] == [50, 50, 21]
    assert (state.failures, decision.why) == (0, "nothing is waiting")


@pytest.mark.parametrize("number", [10**12, 10**30, -(10**30), -1])
def test_a_receiver_that_makes_numbers_up_is_not_asked_in_a_loop(
    receiver: Receiver, queue: Queue, number: int
) -> None:
    queue.append([event()])
    receiver.more = {"acknowledged": number}
    state, _decision = sender(receiver, queue).run(LINKED, lambda _state: None)
    assert (len(receiver.seen), state.failures) == (1, 1)
    assert queue.status()["waiting"]["event"] == 1


def test_an_answer_that_drips_ends(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender_module, "LONGEST_ANSWER", 0.3)
    queue.append([event()])
    with receiving() as receiver:
        receiver.drips = 100
        state, _decision = sender(receiver, queue).run(LINKED, lambda _state: None)
    assert (state.failures, queue.status()["waiting"]["event"]) == (1, 1)
