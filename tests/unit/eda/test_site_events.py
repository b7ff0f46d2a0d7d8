# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source of Event-Driven Ansible, over real HTTP: what rules see, and what sites are answered."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import threading
import time
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.extensions.eda.plugins.event_source import site_events
from ansible_collections.lightk8s.edge.plugins.module_utils._host.http import (
    Connection,
    HttpError,
    Response,
    Tls,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.queue import Queue
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.records import Event
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.sender import Sender
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.up import Policy, State

from ..hub.conftest import cloudevent
from ..hub.test_ingest import WRONG
from ..kube.authority import Authority

TOKEN = "word-of-the-shop"
TIME = "2026-11-21T10:00:00Z"


class Rules:
    """What ansible-rulebook is to a source: a queue of events, and a task that runs `main`."""

    def __init__(self, size: int, **args: t.Any) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.tls: Tls | None = None
        self._args = {"port": self.port, "tokens": {"shop": TOKEN}, **args}
        self._loop = asyncio.new_event_loop()
        self.queue: asyncio.Queue[dict[str, t.Any]] = asyncio.Queue(size)
        self._task = self._loop.create_task(site_events.main(self.queue, self._args))
        self._thread = threading.Thread(target=self._run)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            self._loop.close()

    def start(self) -> None:
        self._thread.start()
        while self._thread.is_alive():
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.01)
            else:
                return
        raise AssertionError("the source has ended")

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()

    def seen(self) -> list[dict[str, t.Any]]:
        """All events until now; taking them makes room."""

        async def taken() -> list[dict[str, t.Any]]:
            found = []
            while not self.queue.empty():
                found.append(self.queue.get_nowait())
                await asyncio.sleep(0)
            return found

        return asyncio.run_coroutine_threadsafe(taken(), self._loop).result(60)

    def post(self, batch: t.Any, token: str = TOKEN, tls: Tls | None = None) -> Response:
        content = batch if isinstance(batch, bytes) else json.dumps(batch).encode()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with Connection(self.url, tls=tls or self.tls) as connection:
            return connection.request("POST", "/v1/events", headers=headers, body=content)


@contextmanager
def running(size: int = 0, **args: t.Any) -> Iterator[Rules]:
    rules = Rules(size, **args)
    rules.start()
    try:
        yield rules
    finally:
        rules.stop()


@pytest.fixture
def rules() -> Iterator[Rules]:
    with running() as found:
        yield found


def numbers(rows: list[dict[str, t.Any]]) -> list[int]:
    return [row["data"]["number"] for row in rows]


def test_an_agent_s_queue_reaches_the_rules_once_and_in_order(rules: Rules, tmp_path: Path) -> None:
    with Queue(str(tmp_path / "sync" / "queue.db"), 1 << 20, lambda: TIME) as queue:
        queue.append([Event("event", f"pod/{n}", "t.test", TIME, n) for n in range(20)])
        sender = Sender(
            "shop",
            queue,
            Connection(rules.url),
            Policy(most_events=7),
            token=TOKEN,
            clock=time,
            draw=lambda: 0.0,
        )
        sender.run(State(linked=True), lambda state: None)
        assert queue.pending(1) == []
    told = [row for row in rules.seen() if row["type"] == "t.test"]
    assert [row["data"] for row in told] == list(range(20))
    assert told[3]["subject"] == "pod/3"
    assert {(row["site"], row["node"]) for row in told} == {("shop", "")}


def test_what_comes_again_is_not_seen_again(rules: Rules) -> None:
    for batch, upto in (([1, 2], 2), ([1, 2], 2), ([2, 5], 5), ([3], 5)):
        answer = rules.post([cloudevent(number) for number in batch])
        assert json.loads(answer.body) == {"epoch": "ab12", "acknowledged": upto}
    assert numbers(rules.seen()) == [1, 2, 5]
    other = cloudevent(1, id="cd34-1", source="/sites/shop/nodes/n%202")
    assert rules.post([other]).status == 200
    assert [row["node"] for row in rules.seen()] == ["n 2"]


def test_rules_that_are_slower_hold_the_site_back(tmp_path: Path) -> None:
    with running(size=3, wait=0.3) as rules:
        batch = [cloudevent(number) for number in range(1, 6)]
        assert json.loads(rules.post(batch).body)["acknowledged"] == 3
        full = rules.post(batch[3:])
        assert (full.status, full.headers["retry-after"]) == (503, "30")
        assert numbers(rules.seen()) == [1, 2, 3]
        assert json.loads(rules.post(batch).body)["acknowledged"] == 5
        assert numbers(rules.seen()) == [4, 5]


# Classes and lengths of texts are looked at by the hub alone, for it writes them into columns.
OURS = [
    batch
    for batch in WRONG
    if not (isinstance(batch, list) and isinstance(batch[0], dict))
    or (batch[0]["edgeclass"] == "event" and batch[0]["subject"] not in ("", "a\0b"))
]


@pytest.mark.parametrize("number", range(len(OURS)))
def test_it_refuses_what_the_hub_refuses(rules: Rules, number: int) -> None:
    assert rules.post(OURS[number]).status == 400
    assert rules.seen() == []


def test_who_may_tell(rules: Rules) -> None:
    assert rules.post([cloudevent(1)], token="").status == 401
    assert rules.post([cloudevent(1)], token="guessed").status == 401
    assert rules.post([cloudevent(1, source="/sites/mill")]).status == 403
    assert rules.seen() == []


def test_a_client_certificate_is_a_site(tmp_path: Path) -> None:
    authority, foreign = Authority(), Authority("another-ca")
    pair = authority.issue("eda", names=("127.0.0.1",))
    for name, content in (("cert", pair.cert), ("key", pair.key), ("ca", authority.pair.cert)):
        (tmp_path / name).write_bytes(content)
    files: dict[str, t.Any] = {f"{key}file": str(tmp_path / key) for key in ("cert", "key")}
    with running(**files, cafile=str(tmp_path / "ca"), tokens={}) as rules:

        def post(issuer: Authority, name: str) -> int:
            own = issuer.issue(name)
            tls = Tls(authority.pair.cert, own.cert, own.key)
            return rules.post([cloudevent(1)], token="", tls=tls).status

        rules.tls = Tls(authority.pair.cert)
        assert (post(authority, "shop"), post(authority, "mill")) == (200, 403)
        with pytest.raises(HttpError):
            post(foreign, "shop")
        assert rules.post([cloudevent(1)], token="").status == 401


@pytest.mark.parametrize("args", [{"ports": 1}, {"host": "0.0.0.0"}])
def test_options_that_make_no_sense_end_the_rulebook(args: dict[str, t.Any]) -> None:
    with pytest.raises(ValueError, match=r"unknown|certfile"):
        asyncio.run(site_events.main(asyncio.Queue(), args))


def test_bodies_are_bounded_also_after_unpacking(rules: Rules) -> None:
    bomb = gzip.compress(b" " * (site_events.MOST_CONTENT + 1))
    headers = {"Content-Encoding": "gzip", "Authorization": f"Bearer {TOKEN}"}
    for body, status in ((bomb, 413), (b"x" * 100, 400), (gzip.compress(b"[]")[:-4], 400)):
        with Connection(rules.url) as connection:
            found = connection.request("POST", "/v1/events", headers=headers, body=body)
        assert found.status == status
