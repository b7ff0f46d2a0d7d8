# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images go into a registry that is as strict as the distribution specification lets it be."""

from __future__ import annotations

import hashlib
import http.server
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._doors import node_give
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host
from ansible_collections.lightk8s.edge.plugins.module_utils._host.http import Connection, Response
from ansible_collections.lightk8s.edge.plugins.module_utils._images import giving
from ansible_collections.lightk8s.edge.plugins.module_utils._images.archive import INDEX, MANIFEST
from ansible_collections.lightk8s.edge.plugins.plugin_utils._staging.shipment import (
    name_for_registry,
)

NAME = "shop.example/shop/till:1"


class Strict(http.server.BaseHTTPRequestHandler):
    """Takes chunks in order alone, blobs by their digest, and manifests after what they name."""

    protocol_version = "HTTP/1.1"
    blobs: dict[str, bytes]
    manifests: dict[str, tuple[str, bytes]]
    uploads: dict[str, bytes]
    asked: list[str]
    away: str
    port: int

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nobody reads it."""

    def _say(self, status: int, body: bytes = b"", **fields: str) -> None:
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def do_GET(self) -> None:
        kind, key = self.path.split("/")[-2:]
        if kind == "manifests" and key in self.manifests:
            media, body = self.manifests[key]
            assert media in self.headers["Accept"]
            self._say(200, body, Content_Type=media)
        elif kind == "blobs" and key in self.blobs:
            self._say(200, self.blobs[key])
        else:
            self._say(404, b'{"errors": []}')

    def do_POST(self) -> None:
        assert self.path == "/v2/shop/till/blobs/uploads/"
        number = str(len(self.uploads))
        self.uploads[number] = b""
        self._say(202, Location=f"{self.away}/v2/shop/till/blobs/uploads/{number}?state=a%3D")

    def do_PATCH(self) -> None:
        parts = urlsplit(self.path)
        number, data = parts.path.rpartition("/")[2], self._body()
        begin = len(self.uploads[number])
        right = parts.query == "state=a%3D" and data
        if not right or self.headers["Content-Range"] != f"{begin}-{begin + len(data) - 1}":
            self._say(416)
            return
        self.uploads[number] += data
        self._say(202, Location=self.path)

    def do_PUT(self) -> None:
        self.asked.append(self.path)
        body, parts = self._body(), urlsplit(self.path)
        if "/uploads/" in parts.path:
            digest = parse_qs(parts.query)["digest"][0]
            data = self.uploads.pop(parts.path.rpartition("/")[2])
            if f"sha256:{hashlib.sha256(data).hexdigest()}" != digest:
                self._say(400, b"DIGEST_INVALID")
                return
            self.blobs[digest] = data
            self._say(201)
            return
        key, digest = parts.path.rpartition("/")[2], f"sha256:{hashlib.sha256(body).hexdigest()}"
        document = json.loads(body)
        rows = [document.get("config"), *document.get("layers", [])]
        lacks = [row for row in rows if row and row["digest"] not in self.blobs]
        lacks += [r for r in document.get("manifests", []) if r["digest"] not in self.manifests]
        if lacks or (key.startswith("sha256:") and key != digest):
            self._say(400, b"MANIFEST_BLOB_UNKNOWN")
            return
        entry = (self.headers["Content-Type"], body)
        self.manifests |= {key: entry, digest: entry}
        self._say(201)


class Store:
    """A content store in a folder."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def put(self, body: bytes) -> str:
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        self.host.write(self.blob(digest), body)
        return digest

    def blob(self, digest: str) -> str:
        return f"/blobs/{digest.replace(':', '/')}"

    def document(self, digest: str) -> Any:
        raw = self.host.read(self.blob(digest))
        return None if raw is None else json.loads(raw)

    def image(self, *layers: bytes) -> str:
        rows = [{"digest": self.put(layer), "size": len(layer)} for layer in layers]
        config = {"digest": self.put(b'{"os": "linux"}'), "size": 15}
        body = {"mediaType": MANIFEST, "config": config, "layers": rows}
        return self.put(json.dumps(body).encode())

    def index(self, *manifests: str) -> str:
        rows = [{"digest": digest} for digest in manifests]
        return self.put(json.dumps({"mediaType": INDEX, "manifests": rows}).encode())


@pytest.fixture
def store(tmp_path: Path) -> Store:
    (tmp_path / "blobs" / "sha256").mkdir(parents=True)
    return Store(Host(str(tmp_path)))


@pytest.fixture
def kept() -> Iterator[type[Strict]]:
    """The registry; what it holds is in its class."""
    fresh: dict[str, Any] = {"blobs": {}, "manifests": {}, "uploads": {}, "asked": [], "away": ""}
    handler: type[Strict] = type("Registry", (Strict,), fresh)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        handler.port = server.server_address[1]
        yield handler
        server.shutdown()
        thread.join()


@pytest.fixture
def registry(kept: type[Strict], store: Store) -> Iterator[giving.Registry]:
    with Connection(f"http://127.0.0.1:{kept.port}") as link:
        yield giving.Registry(store.host, store, link)


def test_an_image_comes_whole_and_once(
    registry: giving.Registry, kept: type[Strict], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(giving, "CHUNK", 1000)
    layers = (b"a" * 2500, b"b" * 1000, b"")
    target = store.image(*layers)
    assert not registry.has(NAME, (), target)
    registry.bring(NAME, target)
    assert registry.has(NAME, (), target)
    assert set(layers) < set(kept.blobs.values())
    assert set(kept.manifests) == {"1", target}
    before = len(kept.asked)
    other = store.image(*layers, b"new")
    assert not registry.has(NAME, (), other)
    registry.bring(NAME, other)
    uploads = [path for path in kept.asked[before:] if "/uploads/" in path]
    assert len(uploads) == 1
    assert registry.has(NAME, (), other)


def test_an_index_goes_only_where_all_of_it_is_here(
    registry: giving.Registry, kept: type[Strict], store: Store
) -> None:
    one, two = store.image(b"one"), store.image(b"two")
    whole = store.index(one, two)
    part = store.index(one, f"sha256:{'0' * 64}")
    registry.bring(NAME, whole)
    assert set(kept.manifests) == {one, two, whole, "1"}
    assert registry.has(NAME, (), whole)
    assert registry.takes(f"shop.example/shop/till@{whole}", whole)
    assert not registry.takes(f"shop.example/shop/till@{part}", part)
    registry.bring("shop.example/shop/till:2", part)
    assert kept.manifests["2"] == kept.manifests[one]
    assert registry.has("shop.example/shop/till:2", (), part)


def test_what_is_not_on_the_node_is_not_given(registry: giving.Registry, store: Store) -> None:
    with pytest.raises(EdgeError, match="not on the node"):
        registry.bring(NAME, f"sha256:{'1' * 64}")
    with pytest.raises(EdgeError, match="no platform"):
        registry.bring(NAME, store.index(f"sha256:{'1' * 64}"))


def test_a_refusal_names_the_registry_and_the_image(
    registry: giving.Registry, kept: type[Strict], store: Store
) -> None:
    target = store.image(b"layer")
    layer = next(iter(store.document(target)["layers"]))["digest"]
    store.host.write(store.blob(layer), b"other")  # a content store that has rotted
    with pytest.raises(EdgeError, match=re.escape(f"does not take {NAME}: 400 DIGEST_INVALID")):
        registry.bring(NAME, target)
    assert kept.manifests == {}


def test_what_is_published_is_not_replaced_by_what_a_node_has_made_of_it(
    registry: giving.Registry, store: Store
) -> None:
    published, alias = store.image(b"packed"), store.image(b"plain")
    registry.bring(NAME, published)
    assert not registry.has(NAME, (), alias)
    assert not registry.has(NAME, (), "")
    assert registry.has(NAME, [published], alias)
    assert registry.has(NAME, [published], "")


def test_an_index_with_more_than_the_node_has_is_left_there(
    registry: giving.Registry, store: Store
) -> None:
    one, two = store.image(b"one"), store.image(b"two")
    whole = store.index(one, two)
    registry.bring(NAME, whole)
    (gone,) = (row["digest"] for row in store.document(two)["layers"])
    store.host.remove(store.blob(gone))
    assert registry.has(NAME, (), whole)


def test_a_layer_that_the_runtime_has_discarded_is_named(
    registry: giving.Registry, kept: type[Strict], store: Store
) -> None:
    target = store.image(b"layer")
    (layer,) = (row["digest"] for row in store.document(target)["layers"])
    store.host.remove(store.blob(layer))
    with pytest.raises(EdgeError, match=f"{NAME} cannot be given .* discarded {layer}") as caught:
        registry.bring(NAME, target)
    assert "edge_images_exact" in caught.value.hint
    assert (kept.uploads, kept.manifests) == ({}, {})


@pytest.mark.parametrize(
    ("url", "location", "path"),
    [
        ("http://depot", "http://depot/v2/up?s=a%3D", "/v2/up?s=a%3D"),
        ("http://depot", "http://Depot:80/v2/up", "/v2/up"),
        ("http://depot:80", "http://depot/v2/up", "/v2/up"),
        ("https://depot", "https://depot:443/v2/up", "/v2/up"),
        ("https://[fd00::5]:5000", "https://[fd00::5]:5000/v2/up", "/v2/up"),
        ("http://depot:5000/images/", "http://depot:5000/images/v2/up", "/v2/up"),
        ("http://depot", "/v2/up", "/v2/up"),
        ("http://depot", "http://other/v2/up", ""),
        ("http://depot", "http://depot:5000/v2/up", ""),
        ("https://depot", "http://depot/v2/up", ""),
        ("http://depot", "", ""),
    ],
)
def test_an_upload_goes_on_where_the_registry_says(url: str, location: str, path: str) -> None:
    link, answer = Connection(url), Response(202, {"location": location}, b"")
    if path:
        assert giving.next_of(link, answer) == path
        return
    with pytest.raises(EdgeError, match="sends an upload to"):
        giving.next_of(link, answer)


def test_an_upload_stays_on_the_registry(
    registry: giving.Registry, kept: type[Strict], store: Store
) -> None:
    kept.away = "http://192.0.2.1:5000"
    with pytest.raises(EdgeError, match="sends an upload to 192"):
        registry.bring(NAME, store.image(b"layer"))


def test_a_server_without_pods_has_nothing_to_give_and_says_so(tmp_path: Path) -> None:
    given = {"distribution": "kubeedge", "role": "server", "registry": "http://depot:5000"}
    found = node_give.main({**given, "published": {NAME: []}}, False, False, Host(str(tmp_path)))
    assert not found["changed"]
    assert "http://depot:5000 gets no images" in found["warnings"][0]


@pytest.mark.parametrize(
    ("name", "place"),
    [
        (NAME, ("shop/till", "1")),
        ("docker.io/library/redis:7", ("library/redis", "7")),
        ("localhost:5000/a/b:c", ("a/b", "c")),
        ("shop.example/till@sha256:00", ("till", "sha256:00")),
    ],
)
def test_names_keep_their_paths(name: str, place: tuple[str, str]) -> None:
    assert giving.place_of(name) == place


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("shop.example/till:1@sha256:00", "shop.example/till:1"),
        ("shop.example:5000/till@sha256:00", "shop.example:5000/till@sha256:00"),
        ("shop.example/till:1", "shop.example/till:1"),
    ],
)
def test_a_tag_is_what_a_registry_gets(name: str, given: str) -> None:
    assert name_for_registry(name) == given
