# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One site's document: when it is published, under which generation, and where to."""

from __future__ import annotations

import hashlib
import threading
import typing as t
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document import (
    Document,
    read_document,
    read_envelope,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document_verify import (
    Held,
    Trust,
    verify,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync import targets
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.publish import (
    DAY,
    Outcome,
    next_document,
    publish,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.signing import Signer

NOW = 1_795_000_000
ONE, OTHER = {"nodes": {"a": {"rank": 0}}}, {"nodes": {"a": {"rank": 1}}}


class Shelf(ThreadingHTTPServer):
    """A server that keeps what is PUT to it, and heeds If-Match as RFC 9110 has it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ShelfHandler)
        self.kept: dict[str, bytes] = {}
        self.refusal = 0
        self.before_put: list[t.Callable[[], object]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class ShelfHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Shelf

    def _tag(self) -> str:
        kept = self.server.kept.get(self.path)
        return "" if kept is None else f'"{hashlib.md5(kept).hexdigest()}"'

    def _say(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if self._tag():
            self.send_header("ETag", self._tag())
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        kept = self.server.kept.get(self.path)
        self._say(404 if kept is None else 200, kept or b"")

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        while self.server.before_put:
            self.server.before_put.pop()()
        if self.server.refusal:
            self._say(self.server.refusal)
            return
        match, none = self.headers.get("If-Match"), self.headers.get("If-None-Match")
        if (match and match != self._tag()) or (none == "*" and self._tag()):
            self._say(412)
        else:
            self.server.kept[self.path] = body
            self._say(201)

    def log_message(self, *args: t.Any) -> None:
        """Tests print nothing."""


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    server = Shelf()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> list[Signer]:
    folder = tmp_path_factory.mktemp("keys")
    return [Signer.create(str(folder / name)) for name in ("one", "two")]


def put(
    place: targets.Target, desired: dict[str, t.Any], signers: list[Signer], **more: t.Any
) -> Outcome:
    given = {"days": 90, "now": NOW, "check": False, **more}
    return publish("shop", desired, place, signers, **given)


def held(place: targets.Target) -> Document:
    return read_document(read_envelope(place.read("shop") or b"").payload)


@pytest.fixture(params=["folder", "server", "address"])
def place(request: pytest.FixtureRequest, tmp_path: Path, shelf: Shelf) -> targets.Target:
    where = {
        "folder": str(tmp_path / "www"),
        "server": shelf.url,
        "address": f"{shelf.url}/store/{{site}}.json?x=1",
    }
    return targets.target(where[str(request.param)])


def test_a_second_run_publishes_nothing(place: targets.Target, signers: list[Signer]) -> None:
    assert put(place, ONE, signers, check=True).changed
    assert place.read("shop") is None
    assert put(place, ONE, signers).changed
    before = place.read("shop")
    assert not put(place, ONE, signers, now=NOW + DAY).changed
    assert place.read("shop") == before
    told = put(place, OTHER, signers, now=NOW + DAY, check=True)
    assert (told.changed, told.before, place.read("shop")) == (True, ONE, before)
    assert put(place, OTHER, signers, now=NOW + DAY).document.generation == NOW + DAY
    assert held(place).desired == OTHER


def test_documents_lie_where_the_hub_hands_them_out(tmp_path: Path, signers: list[Signer]) -> None:
    put(targets.target(str(tmp_path)), ONE, signers)
    assert (tmp_path / "v1" / "desired" / "shop").is_file()
    for name in ("", "../x", "a/b", ".hidden"):
        with pytest.raises(EdgeError):
            targets.target(str(tmp_path)).where(name)


def test_sites_go_over_from_one_key_to_the_next(
    place: targets.Target, signers: list[Signer]
) -> None:
    old, new = signers
    first = put(place, ONE, [old])
    both = put(place, ONE, signers, now=NOW + DAY)
    assert both.changed
    assert both.document == first.document  # the same generation, signed again
    last = put(place, ONE, [new], now=NOW + DAY)
    assert last.changed
    assert not put(place, ONE, [new], now=NOW + DAY).changed
    raw = place.read("shop") or b""
    taken = verify(raw, site="shop", trust=Trust({new.id: new.public}), held=None, now=NOW)
    assert taken.document.desired == ONE


def test_a_slower_publisher_reads_again(shelf: Shelf, signers: list[Signer]) -> None:
    place = targets.target(shelf.url)
    put(place, ONE, signers)
    late: dict[str, t.Any] = {"nodes": {"late": {}}}
    shelf.before_put.append(lambda: put(targets.target(shelf.url), OTHER, signers))
    outcome = put(place, late, signers)
    assert (outcome.before, held(place).desired) == (OTHER, late)
    assert outcome.document.generation == NOW + 2


def test_what_is_no_document_of_the_site_is_not_written_over(
    place: targets.Target, signers: list[Signer]
) -> None:
    place.write("shop", b"<html>")
    with pytest.raises(EdgeError) as error:
        put(place, ONE, signers)
    assert (error.value.kind, place.read("shop")) == ("refused", b"<html>")


def test_a_server_that_takes_no_put_is_told_by_name(shelf: Shelf, signers: list[Signer]) -> None:
    shelf.refusal = 405
    with pytest.raises(EdgeError) as error:
        put(targets.target(shelf.url), ONE, signers)
    assert f"{shelf.url}/v1/desired/shop" in error.value.message
    assert "405" in error.value.message


def test_a_key_that_cannot_be_used_says_what_can(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("no key")
    for name in ("none", "other"):
        with pytest.raises(EdgeError) as error:
            Signer.read(str(tmp_path / name))
        assert "openssl genpkey -algorithm ed25519" in error.value.hint


@pytest.mark.parametrize("to", ["127.0.0.1:8443", "hub.example:8443/edge", "ftp://hub.example"])
def test_a_server_without_its_scheme_is_no_folder(to: str) -> None:
    with pytest.raises(EdgeError, match="neither a folder nor") as error:
        targets.target(to)
    assert "https://" in error.value.hint


def test_a_token_is_not_sent_in_the_clear() -> None:
    with pytest.raises(EdgeError) as error:
        targets.target("http://hub.example", token="t0ken")
    assert "https only" in error.value.message


TIMES = st.integers(1, 2**40)


@given(generations=st.lists(TIMES, min_size=1, max_size=8), pushed=TIMES, days=st.integers(1, 3650))
def test_generations_rise_whatever_the_clock_says(
    generations: list[int], pushed: int, days: int
) -> None:
    """Clocks of controllers differ: each publication is newer than the last, and none is held twice."""
    document = None
    for number, now in enumerate(generations):
        following, action = next_document("shop", {"n": number}, document, days=days, now=now)
        assert action
        assert following.generation >= now
        assert document is None or following.generation > document.generation
        same, nothing = next_document("shop", {"n": number}, following, days=days, now=now)
        assert (same, nothing) == (following, "")
        document = following
    assert document is not None
    later, _action = next_document("shop", {"late": 1}, document, days=days, now=pushed + 1)
    assert later.generation > pushed  # what is published after a push is newer than it


def test_a_document_from_before_a_push_is_older_for_the_site(
    place: targets.Target, signers: list[Signer]
) -> None:
    put(place, ONE, signers)
    raw = place.read("shop") or b""
    trust = Trust({one.id: one.public for one in signers})
    pushed = Held(NOW + 60, "", NOW + 60)
    with pytest.raises(EdgeError) as error:
        verify(raw, site="shop", trust=trust, held=pushed, now=NOW + 61)
    assert f"{NOW} is older than {NOW + 60}" in error.value.message
    put(place, OTHER, signers, now=NOW + 120)
    raw = place.read("shop") or b""
    assert verify(raw, site="shop", trust=trust, held=pushed, now=NOW + 121).fresh


def test_a_place_that_is_no_folder_is_refused_by_its_name(
    tmp_path: Path, signers: list[Signer]
) -> None:
    (tmp_path / "file").write_text("x")
    place = targets.target(str(tmp_path / "file" / "www"))
    with pytest.raises(EdgeError, match="cannot make the folder of") as told:
        put(place, ONE, signers)
    assert told.value.kind == "io"


def test_more_days_make_the_same_content_the_latest_word(
    place: targets.Target, signers: list[Signer]
) -> None:
    put(place, ONE, signers)
    assert not put(place, ONE, signers, now=NOW + 60).changed
    assert put(place, ONE, signers, now=NOW + 60, days=365).changed
    assert held(place).generation == NOW + 60
    assert not put(place, ONE, signers, now=NOW + 90).changed
