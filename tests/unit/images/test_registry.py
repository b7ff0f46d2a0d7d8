# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images from a registry: fetched by skopeo, checked, and found offline by a pinned digest."""

from __future__ import annotations

import base64
import http.server
import json
import threading
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images import registry as module
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.export import write_layout
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import platform_of
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.registry import (
    Access,
    pulled,
    signed_since,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.source import Source

from . import making

AMD64, ARM64 = platform_of("linux/amd64"), platform_of("linux/arm64")
TREE = {"app/main": b"content" * 400}
SECRET = base64.b64encode(b"edge:geheim").decode()


class Registry:
    """A registry that can only be read (distribution specification, pull)."""

    def __init__(self) -> None:
        self.manifests: dict[str, tuple[str, bytes]] = {}
        self.blobs: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.secret = ""
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(True)

            def do_HEAD(self) -> None:
                self.answer(False)

            def answer(self, body: bool) -> None:
                status, kind, content = registry.look(self.path, self.headers["Authorization"])
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                if status == 401:
                    self.send_header("WWW-Authenticate", 'Basic realm="edge"')
                self.end_headers()
                if body:
                    self.wfile.write(content)

            def log_message(self, *words: t.Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def look(self, path: str, given: str | None) -> tuple[int, str, bytes]:
        self.asked.append(path)
        if self.secret and given != f"Basic {self.secret}":
            return 401, "application/json", b"{}"
        name = path.rpartition("/")[2]
        if path == "/v2/":
            return 200, "application/json", b"{}"
        if "/manifests/" in path and name in self.manifests:
            return 200, *self.manifests[name]
        if "/blobs/" in path and name in self.blobs:
            return 200, "application/octet-stream", self.blobs[name]
        return 404, "application/json", b'{"errors": []}'

    def publish(self, tag: str, made: making.Made) -> None:
        for path, content in made.blobs.items():
            digest = path.removeprefix("blobs/").replace("/", ":")
            self.blobs[digest] = content
            if content.startswith(b'{"schemaVersion"'):
                stated = json.loads(content)
                kind = "index" if "manifests" in stated else "manifest"
                self.manifests[digest] = (f"{making.OCI}.{kind}.v1+json", content)
        self.manifests[tag] = self.manifests[made.entry["digest"]]


@pytest.fixture
def registry() -> t.Iterator[Registry]:
    found = Registry()
    yield found
    found.server.shutdown()
    found.server.server_close()


OPEN = Access(tls_verify=False)


def test_the_index_stays_and_a_pinned_image_needs_no_registry(
    registry: Registry, tmp_path: Path
) -> None:
    arm = making.image(TREE, architecture="arm64")
    made = making.index(making.image({"other": b"x"}), arm)
    registry.publish("1.0", made)
    name = f"{registry.host}/team/app:1.0"
    path = pulled(name, ARM64, tmp_path, OPEN)
    pinned = f"{registry.host}/team/app@{made.entry['digest']}"
    for reference in (name, pinned):
        found = Source(path, tmp_path).image(reference, ARM64)
        assert found.digest == made.entry["digest"]
        assert found.config.body == arm.config
        with found.layers[0].tar() as stream:
            assert stream.read() == arm.tars[0]
    asked = len(registry.asked)
    assert pulled(f"{name}@{made.entry['digest']}", ARM64, tmp_path, OPEN) == path
    assert len(registry.asked) == asked
    again = pulled(name, ARM64, tmp_path, OPEN)
    assert again == path
    assert not any("/blobs/" in asked_for for asked_for in registry.asked[asked:])


def test_two_tags_of_one_image_are_fetched_once(registry: Registry, tmp_path: Path) -> None:
    made = making.image(TREE)
    names = [f"{registry.host}/app:{tag}" for tag in ("1", "latest")]
    for tag in ("1", "latest"):
        registry.publish(tag, made)
    paths = [pulled(name, AMD64, tmp_path, OPEN) for name in (*names, *names)]
    assert len(set(paths)) == 1
    assert len(json.loads((paths[0] / "index.json").read_bytes())["manifests"]) == 2
    assert all(Source(paths[0], tmp_path).image(name, AMD64).layers for name in names)
    assert registry.asked.count(f"/v2/app/blobs/{making.digest(made.config)}") == 1


def sign(registry: Registry, made: making.Made) -> tuple[str, bytes]:
    """Put what cosign would beside the image; the tag, and what is signed."""
    said = b'{"critical": {}}'
    config = b"{}"
    media = "application/vnd.dev.cosign.simplesigning.v1+json"
    notes = {"dev.cosignproject.cosign/signature": "c2ln"}
    content = {
        "schemaVersion": 2,
        "mediaType": f"{making.OCI}.manifest.v1+json",
        "config": making.entry(config, f"{making.OCI}.config.v1+json"),
        "layers": [{**making.entry(said, media), "annotations": notes}],
    }
    body = json.dumps(content).encode()
    registry.blobs |= {making.digest(said): said, making.digest(config): config}
    tag = made.entry["digest"].replace(":", "-") + ".sig"
    for name in (tag, making.digest(body)):
        registry.manifests[name] = (f"{making.OCI}.manifest.v1+json", body)
    return tag, said


@pytest.mark.parametrize("later", [False, True])
def test_signatures_by_cosign_come_along(
    registry: Registry, tmp_path: Path, *, later: bool
) -> None:
    made = making.image(TREE)
    registry.publish("1", made)
    name = f"{registry.host}/app:1"
    if later:
        path = pulled(name, AMD64, tmp_path, OPEN)
        assert not signed_since(name, AMD64, path, OPEN)
    tag, said = sign(registry, made)
    path = pulled(f"{registry.host}/app:1", AMD64, tmp_path, OPEN)
    assert not later or signed_since(name, AMD64, path, OPEN)
    assert (path / making.place(said)).read_bytes() == said
    (entry,) = json.loads((path / "index.json").read_bytes())["manifests"][1:]
    assert entry["annotations"] == {making.REF_NAME: tag}
    assert Source(path, tmp_path).image(f"{registry.host}/app:1", AMD64).layers


def test_a_moved_tag_is_noticed(registry: Registry, tmp_path: Path) -> None:
    name = f"{registry.host}/app:latest"
    registry.publish("latest", making.image(TREE))
    first = pulled(name, AMD64, tmp_path, OPEN)
    registry.publish("latest", making.image({"new": b"2"}))
    second = pulled(name, AMD64, tmp_path, OPEN)
    assert first != second
    assert Source(second, tmp_path).image(name, AMD64).published


def test_credentials_come_from_a_file(registry: Registry, tmp_path: Path) -> None:
    registry.publish("1", making.image(TREE))
    registry.secret = SECRET
    name = f"{registry.host}/app:1"
    with pytest.raises(EdgeError, match="could not fetch") as caught:
        pulled(name, AMD64, tmp_path / "layouts", OPEN)
    assert caught.value.kind == "artifact"
    auth = tmp_path / "auth.json"
    auth.write_text(json.dumps({"auths": {registry.host: {"auth": SECRET}}}))
    access = Access(authfile=str(auth), tls_verify=False)
    assert pulled(name, AMD64, tmp_path / "layouts", access).is_dir()


def test_what_the_registry_forges_is_refused(registry: Registry, tmp_path: Path) -> None:
    made, other = making.image(TREE), making.image({"bad": b"x"})
    registry.publish("1", made)
    registry.publish("2", other)
    digest = made.entry["digest"]
    registry.manifests[digest] = registry.manifests["2"]
    with pytest.raises(EdgeError, match=r"instead of|could not fetch"):
        pulled(f"{registry.host}/app@{digest}", AMD64, tmp_path, OPEN)
    layer = other.entry["digest"]
    blob = making.digest(next(b for b in other.blobs.values() if b[:2] == b"\x1f\x8b"))
    registry.blobs[blob] = registry.blobs[blob][:-1] + b"\7"
    with pytest.raises(EdgeError, match="could not fetch"):
        pulled(f"{registry.host}/app@{layer}", AMD64, tmp_path, OPEN)
    assert [p for p in tmp_path.iterdir() if not p.name.startswith(".")] == []


def test_other_platforms_and_unencrypted_registries_are_refused(
    registry: Registry, tmp_path: Path
) -> None:
    registry.publish("1", making.index(making.image(TREE)))
    with pytest.raises(EdgeError, match="not published for linux/s390x"):
        pulled(f"{registry.host}/app:1", platform_of("linux/s390x"), tmp_path, OPEN)
    with pytest.raises(EdgeError, match="could not fetch"):
        pulled(f"{registry.host}/app:1", AMD64, tmp_path, Access())


def test_a_registry_that_says_no_more_holds_nobody_for_ever(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.publish("1", making.index(making.image(TREE)))
    over = threading.Event()
    answer = registry.look

    def wait(path: str, given: str | None) -> tuple[int, str, bytes]:
        if "/blobs/" in path:
            over.wait(60)
        return answer(path, given)

    monkeypatch.setattr(registry, "look", wait)
    monkeypatch.setitem(module._LONGEST, "copy", "1s")
    with pytest.raises(EdgeError, match="could not fetch"):
        pulled(f"{registry.host}/app:1", AMD64, tmp_path, OPEN)
    over.set()


def test_without_skopeo_the_refusal_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EdgeError, match="without skopeo") as caught:
        pulled("r.example/app:1", AMD64, tmp_path / "x", OPEN)
    assert caught.value.kind == "preflight"


def test_a_written_layout_is_a_source(tmp_path: Path) -> None:
    made = making.index(making.image(TREE), making.image(TREE, architecture="arm64"))
    name = "registry.example/team/app:1.0"
    origin = making.write_folder(tmp_path / "origin", making.layout({name: made}))
    image = Source(origin, tmp_path).image(name, ARM64)
    write_layout(image, tmp_path / "copy")
    again = Source(tmp_path / "copy", tmp_path).image(f"{name}@{image.digest}", ARM64)
    assert (again.digest, again.manifest, again.config) == (
        image.digest,
        image.manifest,
        image.config,
    )
    with again.layers[0].blob() as stream:
        assert making.digest(stream.read()) == image.layers[0].digest
