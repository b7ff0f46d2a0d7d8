# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callers that send slowly, too much, or not what they said; links that are cut, disks that are full."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import socket
import time
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ansible_collections.lightk8s.edge.extras.hub.lightk8s_hub import (
    bodies,
    serve,
    tables,
)

from .conftest import Running, served

EVENTS = "/v1/events"
SOON = 30.0


class Raw:
    """A connection of which every byte is ours."""

    def __init__(self, hub: Running) -> None:
        place = urlsplit(hub.url)
        self._socket = socket.create_connection((place.hostname, place.port), SOON)

    def send(self, *rows: str) -> Raw:
        self._socket.sendall("".join(rows).encode())
        return self

    def answer(self) -> str:
        """All that comes until the other side ends the connection."""
        found = b""
        try:
            while block := self._socket.recv(65536):
                found += block
        except ConnectionResetError:
            pass
        self._socket.close()
        return found.decode()

    def drips_until(self, moment: float) -> bool:
        """Send a byte now and then; whether the other side ends the connection before that moment."""
        try:
            while time.monotonic() < moment:
                self.send("x")
                time.sleep(0.05)
        except OSError:
            return True
        return False

    def leave(self) -> None:
        self._socket.close()


def head(method: str, path: str, length: int, token: str = "", *more: str) -> str:
    rows = [f"{method} {path} HTTP/1.1", "Host: hub", "Connection: close", *more]
    rows += [f"Authorization: Bearer {token}"] if token else []
    return "\r\n".join([*rows, f"Content-Length: {length}", "", ""])


@contextmanager
def serving(folder: Path, **patience: t.Any) -> Iterator[Running]:
    """On SQLite, with a folder of artifacts; impatient as `patience` says, and patient in all else."""
    shelf = folder / "artifacts"
    shelf.mkdir()
    settings = serve.Settings(f"sqlite:///{folder / 'hub.db'}", port=0, artifacts=str(shelf))
    with served(settings, bodies.Patience(**patience)) as running:
        yield running


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Running]:
    with serving(tmp_path) as running:
        yield running


def test_who_is_not_known_is_told_so_before_anything_is_read(hub: Running) -> None:
    waits = "Expect: 100-continue"
    size = bodies.MOST_BODY + 1
    asked = [
        (401, "POST", EVENTS, "guessed"),
        (401, "PUT", "/v1/desired/shop", ""),
        (401, "PUT", f"/v1/artifacts/{'0' * 64}", ""),
        (403, "POST", EVENTS, hub.token("reader")),
        (413, "POST", EVENTS, hub.token("site", "shop")),
    ]
    for status, method, path, token in asked:
        answer = Raw(hub).send(head(method, path, size, token, waits)).answer()
        assert answer.startswith(f"HTTP/1.1 {status} "), (answer, method, path)


def test_a_caller_that_hears_nothing_before_it_has_sent_all_learns_why_it_is_refused(
    hub: Running,
) -> None:
    body = "x" * (3 << 20)
    for path, token, status in (
        (EVENTS, "guessed", 401),
        (f"/v1/artifacts/{'0' * 63}", hub.token("publisher"), 404),
        (f"/v1/artifacts/{'0' * 64}", hub.token("site", "shop"), 403),
    ):
        method = "POST" if path == EVENTS else "PUT"
        answer = Raw(hub).send(head(method, path, len(body), token), body).answer()
        assert answer.startswith(f"HTTP/1.1 {status} "), path


def test_bodies_are_bounded_that_do_not_say_how_long_they_are(hub: Running) -> None:
    word = f"Authorization: Bearer {hub.token('site', 'shop')}\r\nConnection: close\r\n"
    start = f"POST {EVENTS} HTTP/1.1\r\nHost: hub\r\n{word}Transfer-Encoding: chunked\r\n\r\n"
    caller = Raw(hub).send(start)
    piece = "10000\r\n" + "x" * 65536 + "\r\n"
    for _number in range(bodies.MOST_BODY // 65536 + 1):
        caller.send(piece)
    assert " 413 " in caller.send("0\r\n\r\n").answer()


@pytest.mark.parametrize(
    "sent", ["", "POST /v1/ev", "POST /v1/events HTTP/1.1\r\nHost: hub\r\nX-More: "]
)
def test_a_head_that_does_not_come_is_not_waited_for(tmp_path: Path, sent: str) -> None:
    with serving(tmp_path, head=0.3) as hub:
        began = time.monotonic()
        caller = Raw(hub)
        with suppress(OSError):  # it may have been given up before the first byte
            caller.send(sent)
        assert caller.answer() == ""
        assert time.monotonic() - began < SOON


def test_a_body_that_does_not_go_on_is_not_waited_for(tmp_path: Path) -> None:
    with serving(tmp_path, piece=0.3) as hub:
        site, publisher = hub.token("site", "shop"), hub.token("publisher")
        assert " 408 " in Raw(hub).send(head("POST", EVENTS, 100, site), "[{").answer()
        place = f"/v1/artifacts/{'0' * 64}"
        assert " 408 " in Raw(hub).send(head("PUT", place, 100, publisher), "x").answer()
        assert list((tmp_path / "artifacts").iterdir()) == []


def test_a_body_that_drips_for_ever_is_not_waited_for(tmp_path: Path) -> None:
    with serving(tmp_path, whole=1.0) as hub:
        caller = Raw(hub).send(head("POST", EVENTS, 10_000, hub.token("site", "shop")))
        assert caller.drips_until(time.monotonic() + SOON)
        assert hub.rows(tables.streams) == []


def test_a_cut_link_leaves_neither_a_partial_file_nor_words_in_the_log(
    hub: Running, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = f"/v1/artifacts/{'0' * 64}"
    with caplog.at_level(logging.WARNING):
        Raw(hub).send(head("PUT", place, 100, hub.token("publisher")), "x").leave()
        Raw(hub).send(head("POST", EVENTS, 100, hub.token("site", "shop")), "[{").leave()
        until = time.monotonic() + SOON
        while list((tmp_path / "artifacts").iterdir()) and time.monotonic() < until:
            time.sleep(0.05)
        assert hub.ask("GET", "/healthz").status == 200
    assert list((tmp_path / "artifacts").iterdir()) == []
    assert [row.getMessage() for row in caplog.records if row.exc_info] == []


@pytest.mark.parametrize(
    "code, status", [(errno.ENOSPC, 507), (errno.EDQUOT, 507), (errno.EIO, 500)]
)
def test_a_disk_that_is_full_keeps_nothing_of_an_artifact(
    hub: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, status: int
) -> None:
    def full(_handle: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", full)
    digest = hashlib.sha256(b"content").hexdigest()
    publisher = hub.token("publisher")
    answer = hub.ask("PUT", f"/v1/artifacts/{digest}", b"content", token=publisher)
    assert (answer.status, "disk" in answer.body.decode()) == (status, True)
    assert list((tmp_path / "artifacts").iterdir()) == []
    monkeypatch.undo()
    place = f"/v1/artifacts/{digest}"
    much = head("PUT", place, 1 << 50, publisher, "Expect: 100-continue")
    assert " 507 " in Raw(hub).send(much).answer()
    assert hub.ask("PUT", place, b"content", token=publisher).status == 204


PATHS = [
    "..",
    "../hub.db",
    "..%2Fhub.db",
    "%2e%2e%2fhub.db",
    "..%5Chub.db",
    "%2Fetc%2Fpasswd",
    f"{'0' * 64}%00",
    f"{'0' * 64}%0A",
    f"{'0' * 63}A",
    "0" * 64 + "/..",
    ".partial-x",
]


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_out_of_the_artifacts(hub: Running, tmp_path: Path, path: str) -> None:
    (tmp_path / "artifacts" / ".partial-x").write_text("half")
    place, publisher = f"/v1/artifacts/{path}", hub.token("publisher")
    assert hub.ask("GET", place, token=publisher).status in (404, 405)
    assert hub.ask("PUT", place, b"x", token=publisher).status in (404, 405)
    assert sorted(item.name for item in (tmp_path / "artifacts").iterdir()) == [".partial-x"]


def test_a_hub_that_is_to_end_does_not_wait_for_the_slowest(tmp_path: Path) -> None:
    with serving(tmp_path, stop=1) as hub:
        caller = Raw(hub).send(head("POST", EVENTS, 100, hub.token("site", "shop")), "[{")
        time.sleep(0.3)
        began = time.monotonic()
    assert time.monotonic() - began < SOON
    caller.leave()
