# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way up and down over TLS: whom a site trusts, how it shows itself, through a proxy, and in time."""

from __future__ import annotations

import itertools
import socket
import threading
import time
import typing as t
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.extras.hub.lightk8s_hub import tables
from ansible_collections.lightk8s.edge.plugins.module_utils._sync import commands, places

from ..hub.conftest import Running, secured, served
from ..kube.authority import Authority
from ..kube.servers import answer, server_context, serving
from .bench import Bench


class Way(t.NamedTuple):
    """A hub behind TLS, and the node's side of it."""

    bench: Bench
    hub: Running
    authority: Authority


@pytest.fixture
def way(tmp_path: Path) -> Iterator[Way]:
    authority = Authority()
    settings = secured(tmp_path, authority, client_ca=str(tmp_path / "ca"))
    with served(settings) as hub:
        yield Way(Bench(tmp_path, hub), hub, authority)


def trust(bench: Bench, authority: Authority) -> None:
    bench.host.write(places.CA, authority.pair.cert, 0o600)


def patient(bench: Bench) -> None:
    """The first turn comes at once, and what failed is tried again later."""
    bench.draws = itertools.chain([0.0], itertools.repeat(0.5))


def explained(bench: Bench, capsys: pytest.CaptureFixture[str], **more: t.Any) -> str:
    capsys.readouterr()
    assert commands.run(["explain"], lambda: bench.agent(pulls=False, **more)) == 0
    return capsys.readouterr().out


def test_a_receiver_of_another_authority_gets_nothing_and_the_node_says_why(
    way: Way, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = way.bench
    for wrong in (Authority("another-ca"), None):
        if wrong is not None:
            trust(bench, wrong)
        else:
            bench.host.remove(places.CA)
        assert "there is no link" in bench.round(pulls=False)
        told = explained(bench, capsys)
        assert "Nothing is being sent: there is no link" in told
        assert "does not trust" in told or "not trusted" in told, told
    assert way.hub.rows(tables.streams) == []
    trust(bench, way.authority)
    assert bench.round(pulls=False) == "nothing is waiting"
    assert bench.states()["node/n1"]["ready"] is True
    assert "found no link" not in explained(bench, capsys)


def test_a_receiver_of_another_name_gets_nothing(way: Way) -> None:
    trust(way.bench, way.authority)
    port = way.hub.url.rpartition(":")[2]
    assert "there is no link" in way.bench.round(pulls=False, url=f"https://localhost:{port}")
    assert way.hub.rows(tables.streams) == []


def test_a_client_certificate_stands_for_a_token(way: Way) -> None:
    bench = way.bench
    trust(bench, way.authority)
    bench.host.remove(places.TOKEN)
    patient(bench)
    assert "401" in bench.round(pulls=False)
    own = way.authority.issue("shop")
    bench.host.write(places.CERTIFICATE, own.cert, 0o600)
    bench.host.write(places.KEY, own.key, 0o600)
    state = bench.agent().memory
    state.up["not_before"] = 0.0
    state.keep(bench.host)
    bench.publish(5, tls=way.authority)
    assert bench.round() == "nothing is waiting"
    assert bench.states()["node/n1"]["ready"] is True
    assert bench.carried == [5]


class Proxy:
    """Hands connections on by CONNECT, and remembers to where."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://user:word@127.0.0.1:{self._listener.getsockname()[1]}"
        self.asked: list[str] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near, _address = self._listener.accept()
                threading.Thread(target=self._tunnel, args=(near,), daemon=True).start()

    def _tunnel(self, near: socket.socket) -> None:
        with near, suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += near.recv(4096)
            self.asked.append(head.decode())
            host, _colon, port = head.split()[1].decode().rpartition(":")
            with socket.create_connection((host, int(port))) as far:
                near.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                threading.Thread(target=_copy, args=(far, near), daemon=True).start()
                _copy(near, far)

    def close(self) -> None:
        self._listener.close()


def _copy(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while block := one.recv(65536):
            other.sendall(block)
        other.shutdown(socket.SHUT_WR)


def test_a_proxy_hands_the_sealed_way_on(way: Way) -> None:
    proxy = Proxy()
    try:
        trust(way.bench, way.authority)
        given = {"https_proxy": proxy.url}
        assert way.bench.round(pulls=False, proxy=given) == "nothing is waiting"
    finally:
        proxy.close()
    assert way.bench.states()["node/n1"]["ready"] is True
    (asked,) = proxy.asked
    assert asked.startswith(f"CONNECT 127.0.0.1:{way.hub.url.rpartition(':')[2]} ")
    assert "Proxy-Authorization: Basic dXNlcjp3b3Jk" in asked
    assert "n1" not in asked


def test_who_asks_for_time_gets_it(
    way: Way, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = way.bench
    trust(bench, way.authority)
    context = server_context(tmp_path, way.authority.issue("busy", names=("127.0.0.1",)))
    busy = answer(b"{}", "503 Service Unavailable", "Retry-After: 600")
    patient(bench)
    with serving(busy, context=context) as server:
        began = time.time()
        more = {"url": server.url, "pulls": False}
        assert "503" in bench.round(**more)
        assert bench.agent().memory.state().not_before >= began + 600
        assert "503" in bench.round(**more)
        assert len(server.requests) == 1
        assert "the receiver answered 503, until " in explained(bench, capsys, url=server.url)


def test_why_the_last_attempt_failed_is_told_once_its_pause_is_over(
    way: Way, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = way.bench
    trust(bench, way.authority)
    context = server_context(tmp_path, way.authority.issue("busy", names=("127.0.0.1",)))
    patient(bench)
    with serving(answer(b"{}", "503 Service Unavailable"), context=context) as server:
        bench.round(url=server.url, pulls=False)
        memory = bench.agent().memory
        memory.up = {**memory.up, "not_before": 0.0}
        memory.keep(bench.host)
        told = explained(bench, capsys, url=server.url)
    assert "The next round sends.\nThe last attempt failed: the receiver answered 503.\n" in told


def test_outside_its_windows_a_site_keeps_all(way: Way, capsys: pytest.CaptureFixture[str]) -> None:
    trust(way.bench, way.authority)
    now = time.localtime()
    day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[(now.tm_wday + 3) % 7]
    closed = {"windows": (f"{day} 08:00-09:00",)}
    assert way.bench.round(pulls=False, **closed) == "no window is open"
    assert way.hub.rows(tables.streams) == []
    assert "no window is open, until" in explained(way.bench, capsys, **closed)
    assert way.bench.round(pulls=False) == "nothing is waiting"
    assert way.bench.states()["node/n1"]["ready"] is True
