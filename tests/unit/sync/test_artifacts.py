# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Artifacts over HTTP on the loopback: by ranges, through cuts, accepted by their digest alone."""

from __future__ import annotations

import contextlib
import hashlib
import math
import re
import threading
import time
import typing as t
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._core.verbs import artifact_path
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host
from ansible_collections.lightk8s.edge.plugins.module_utils._host.http import Connection
from ansible_collections.lightk8s.edge.plugins.module_utils._sync import artifacts, reach
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.up import Policy
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.windows import Local, window

CONTENT = bytes(range(256)) * 2000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NEED = {"sha256": SHA256, "name": "k3s", "size": None}


class Mirror(ThreadingHTTPServer):
    """Holds CONTENT at /good, what was cut at /good the first `cuts` times, and other things."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.cuts = 0
        self.ranges = True
        self.tells = True  # how long its content is
        self.asked: list[str] = []
        self.shown: list[str] = []

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        asked = self.headers.get("Range", "")
        self.server.asked.append(f"{self.path} {asked}".strip())
        self.server.shown.append(self.headers.get("Authorization", ""))
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/good")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.path not in ("/good", "/other"):
            self.send_error(404)
            return
        data = CONTENT if self.path == "/good" else b"other" * 999
        found = re.match(r"bytes=(\d+)-", asked)
        start = int(found.group(1)) if found and self.server.ranges else 0
        if start >= len(data):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if self.server.tells:
            self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        body = data[start:]
        if self.server.cuts:
            self.server.cuts -= 1
            body = body[: len(body) // 2]
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    server = Mirror()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(str(tmp_path))


def unhindered(size: int) -> None:
    """No window, no bound."""


def bring(host: Host, *urls: str, **more: t.Any) -> None:
    def connect(url: str) -> Connection:
        return Connection(reach.split(url)[0])

    artifacts.bring(host, {**NEED, **more}, urls, connect, unhindered)


def test_it_lies_where_the_engine_looks(host: Host, mirror: Mirror) -> None:
    bring(host, mirror.url("/good"))
    assert host.read(artifact_path(SHA256)) == CONTENT
    assert host.names("/var/lib/lightk8s/artifacts") == [SHA256]


def test_after_a_cut_only_the_rest_is_asked_for(host: Host, mirror: Mirror) -> None:
    mirror.cuts = 2
    for dummy in range(2):
        with pytest.raises(EdgeError, match="nowhere to be had"):
            bring(host, mirror.url("/good"))
    bring(host, mirror.url("/good"))
    assert host.read(artifact_path(SHA256)) == CONTENT
    half, quarter = len(CONTENT) // 2, len(CONTENT) * 3 // 4
    assert mirror.asked == ["/good", f"/good bytes={half}-", f"/good bytes={quarter}-"]


def test_a_server_without_ranges_begins_anew(host: Host, mirror: Mirror) -> None:
    mirror.cuts, mirror.ranges = 1, False
    with pytest.raises(EdgeError):
        bring(host, mirror.url("/good"))
    bring(host, mirror.url("/good"))
    assert host.read(artifact_path(SHA256)) == CONTENT


def test_what_is_whole_already_is_not_sent_again(host: Host, mirror: Mirror) -> None:
    host.write(f"/var/lib/lightk8s/artifacts/.partial-{SHA256}", CONTENT)
    bring(host, mirror.url("/good"))
    assert host.read(artifact_path(SHA256)) == CONTENT


@pytest.mark.parametrize("first", ["/other", "/absent"])
def test_another_place_is_asked_where_one_does_not_give_it(
    host: Host, mirror: Mirror, first: str
) -> None:
    bring(host, mirror.url(first), "http://127.0.0.1:9/k3s", mirror.url("/moved"))
    assert host.read(artifact_path(SHA256)) == CONTENT


def test_nothing_but_the_content_is_accepted(host: Host, mirror: Mirror) -> None:
    with pytest.raises(EdgeError, match="what it holds is something else") as raised:
        bring(host, mirror.url("/other"))
    assert raised.value.kind == "artifact"
    assert host.names("/var/lib/lightk8s/artifacts") == []


def test_a_secure_place_does_not_lead_to_an_open_one() -> None:
    with pytest.raises(Exception, match="not trusted"):
        artifacts._next("https://a/x", "http://b/x")
    assert artifacts._next("https://a/x", "/y") == "https://a/y"


def test_the_site_shows_its_token_where_it_is_to(host: Host, mirror: Mirror) -> None:
    def token(url: str) -> str:
        return "word" if url.endswith("/moved") else ""

    def connect(url: str) -> Connection:
        return Connection(reach.split(url)[0])

    artifacts.bring(host, NEED, [mirror.url("/moved")], connect, unhindered, token=token)
    assert mirror.asked == ["/moved", "/good"]
    assert mirror.shown == ["Bearer word", ""]


def test_a_mirror_holds_a_release_below_its_version() -> None:
    urls = artifacts.places_of(NEED, "v1.34.2+k3s1", ["https://m/k3s/", "http://n"])
    assert urls == ["https://m/k3s/v1.34.2%2Bk3s1/k3s", "http://n/v1.34.2%2Bk3s1/k3s"]


class Clock:
    """Ten minutes before eight in the evening, and a sleep that lets time go by."""

    def __init__(self) -> None:
        self.now = 1_795_290_600.0
        self.slept: list[float] = []

    def time(self) -> float:
        return self.now

    def localtime(self, seconds: float) -> Local:
        return time.gmtime(seconds)


def test_a_fetch_ends_with_its_window_and_goes_on_in_the_next(
    host: Host, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    start = time.gmtime(clock.now + 600)
    hours = f"{start.tm_hour:02}:{start.tm_min:02}-{(start.tm_hour + 1) % 24:02}:{start.tm_min:02}"
    policy = Policy("hybrid", (window(hours),), rate=len(CONTENT) / 1800)

    def sleep(seconds: float) -> None:
        clock.slept.append(seconds)
        clock.now += seconds * 4  # others use the link, too: half of it takes the hour

    monkeypatch.setattr(host, "sleep", sleep)
    pace = artifacts.pacer(host, policy, clock, math.inf)

    def fetch() -> None:
        artifacts.bring(
            host, NEED, [mirror.url("/good")], lambda url: Connection(reach.split(url)[0]), pace
        )

    with pytest.raises(EdgeError, match="no window is open") as raised:
        fetch()
    assert (raised.value.kind, mirror.asked) == ("busy", [])
    clock.now += 600
    with pytest.raises(EdgeError, match="no window is open"):
        fetch()
    assert 0 < sum(clock.slept) < 1800
    assert host.read(artifact_path(SHA256)) is None
    clock.now += 86_400 - 3600
    while host.read(artifact_path(SHA256)) is None:
        with contextlib.suppress(EdgeError):
            fetch()
        clock.now += 600
    assert host.read(artifact_path(SHA256)) == CONTENT
    assert sum(clock.slept) == pytest.approx(1800, rel=0.01)
    assert re.fullmatch(r"/good bytes=\d+-", mirror.asked[1])


def test_a_long_fetch_is_of_several_rounds(
    host: Host, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    up = [0.0]
    monkeypatch.setattr(host, "monotonic", lambda: up[0])

    def sleep(seconds: float) -> None:
        up[0] += seconds

    monkeypatch.setattr(host, "sleep", sleep)
    policy = Policy("hybrid", rate=len(CONTENT) / 1800)
    rounds = 0
    while host.read(artifact_path(SHA256)) is None:
        rounds += 1
        pace = artifacts.pacer(host, policy, Clock(), up[0] + 800)
        with contextlib.suppress(EdgeError):
            artifacts.bring(
                host, NEED, [mirror.url("/good")], lambda url: Connection(reach.split(url)[0]), pace
            )
    assert rounds > 1
    assert up[0] == pytest.approx(1800, rel=0.05)
    assert host.read(artifact_path(SHA256)) == CONTENT


@pytest.mark.parametrize("tells", [True, False])
def test_a_disk_is_never_filled(
    host: Host, mirror: Mirror, monkeypatch: pytest.MonkeyPatch, tells: bool
) -> None:
    class Disk(t.NamedTuple):
        f_bavail: int
        f_frsize: int = 1

    mirror.tells = tells
    monkeypatch.setattr("os.statvfs", lambda _path: Disk(artifacts.RESERVE + 100_000))
    with pytest.raises(EdgeError, match="not fit on the disk"):
        bring(host, mirror.url("/good"))
    folder = Path(host.path(artifact_path(SHA256))).parent
    assert sum(path.stat().st_size for path in folder.iterdir()) == 0
