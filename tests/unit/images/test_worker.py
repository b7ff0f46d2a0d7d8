# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node does with what was sent: nothing that is wrong gets to containerd; layers are compressed anew."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._core.plan import Phase, Step
from ansible_collections.lightk8s.edge.plugins.module_utils._core.records import replace
from ansible_collections.lightk8s.edge.plugins.module_utils._core.verbs import artifact_path
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host
from ansible_collections.lightk8s.edge.plugins.module_utils._images import chains, imports
from ansible_collections.lightk8s.edge.plugins.module_utils._images.apply import Unbuilt, Worker
from ansible_collections.lightk8s.edge.plugins.module_utils._images.seen import Contents, Seen
from ansible_collections.lightk8s.edge.plugins.module_utils._images.spec import (
    MUST,
    TRY,
    Delivery,
    Layer,
    Piece,
    Wanted,
)

from . import layers, making

ROOT = "/var/lib/containerd"


class Runtime:
    """In place of containerd: it keeps what it is given, and its gzip is the one of `packed`."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.calls: list[str] = []
        self.archives: list[dict[str, bytes]] = []
        self.errors: list[EdgeError] = []
        self.stored: dict[str, dict[str, str]] = {}

    def content(self) -> dict[str, dict[str, str]]:
        return self.stored

    def store(self, data: bytes, diff_id: str) -> str:
        """A blob that was extracted, as containerd marks it."""
        self.host.write(self.blob(making.digest(data)), data)
        self.stored[making.digest(data)] = {"containerd.io/uncompressed": diff_id}
        return making.digest(data)

    def blob(self, digest: str) -> str:
        return f"{ROOT}/{digest[7:]}"

    def folder(self, snapshotter: str, chain: str) -> str:
        return self.host.path(f"/{chain}")

    def take(self, write: Callable[[BinaryIO], None], snapshotter: str) -> None:
        self.calls.append("take")
        stream = io.BytesIO()
        write(stream)
        self.archives.append(unpacked(stream))

    def compress(self, write: Callable[[BinaryIO, str], None]) -> tuple[str, int]:
        self.calls.append("compress")
        if self.errors:
            raise self.errors[0]
        stream = io.BytesIO()
        write(stream, "x.internal/layer:1")
        (layer,) = (body for name, body in unpacked(stream).items() if name == "layer.tar")
        data = packed(layer)
        self.host.write(self.blob(making.digest(data)), data)
        return making.digest(data), len(data)

    def label(self, name: str) -> None:
        self.calls.append("label")

    def forget(self) -> None:
        return

    def drop(self, snapshotter: str, chain: str) -> None:
        self.calls.append(f"drop {chain}")

    def settle(self) -> None:
        assert imports.torn(self.host) == frozenset()
        assert self.host.read_json("/var/lib/lightk8s/state/imports.json")
        self.calls.append("settle")


def unpacked(stream: io.BytesIO) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(stream.getvalue())) as opened:
        return {m.name: (opened.extractfile(m) or io.BytesIO()).read() for m in opened}


def packed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


class Bench:
    """An image of two layers that lies on a node in pieces, the first a delta from an extracted layer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.host = Host(str(folder / "node"))
        self.runtime = Runtime(self.host)
        content = bytes(range(256)) * 400
        self.made = making.image({"opt/a": content, "opt/b": b"b"}, {"opt/c": content[::-1]})
        first, second = (
            layers.in_file(folder / str(n), tar, folder) for n, tar in enumerate(self.made.tars)
        )
        base = layers.files_only(folder / "base", {"opt/a": content})
        base.root.rename(folder / "node" / "chain") if self._parent() else None
        self.seen = Seen(extracted={base.tar.diff_id: "chain"})
        manifest = json.loads(
            self.made.blobs["blobs/" + self.made.entry["digest"].replace(":", "/")]
        )
        self.manifest = json.dumps(manifest).encode()
        rows = list(zip(manifest["layers"], (first, second), strict=True))
        self.wanted = Wanted(
            "shop.example/till:1",
            digest=self.made.entry["digest"],
            manifest=self.made.entry["digest"],
            config=making.digest(self.made.config),
            layers=tuple(Layer(row["digest"], item.tar.diff_id) for row, item in rows),
        )
        deltas = [layers.delta(folder / "0", first, base), layers.delta(folder / "1", second)]
        pieces = [
            Piece(item.tar.diff_id, "delta", self.put(path.read_bytes()), path.stat().st_size)
            for item, path in zip((first, second), deltas, strict=True)
        ]
        self.delivery = self.delivered(self.made, pieces)

    def _parent(self) -> bool:
        (self.folder / "node").mkdir()
        return True

    def delivered(self, made: making.Made, pieces: list[Piece]) -> Delivery:
        bodies = [body for body in made.blobs.values() if body.startswith(b"{")]
        rows = [["", body.decode()] for body in bodies]
        documents = self.put(lzma.compress(json.dumps(rows).encode()))
        return Delivery("shop.example/till:1", documents, 1, tuple(pieces))

    def put(self, data: bytes) -> str:
        sha256 = making.digest(data)[7:]
        self.host.write(artifact_path(sha256), data)
        return sha256

    def bring(self, remake: str = "") -> Worker:
        pieces = tuple(replace(piece, remake=remake) for piece in self.delivery.pieces)
        delivery = replace(self.delivery, pieces=pieces)
        worker = Worker(self.host, cast("Any", self.runtime), self.seen)
        params: dict[str, Any] = {"image": self.wanted, "delivery": delivery}
        worker.do(Step(Phase.OBJECTS, "bring", self.wanted.name, "import it", params))
        return worker

    def index(self) -> list[str]:
        """What the names lead to."""
        rows = json.loads(self.runtime.archives[-1]["index.json"])["manifests"]
        return [row["digest"] for row in rows]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_tars_lead_to_a_manifest_of_the_same_config(bench: Bench) -> None:
    worker = bench.bring()
    assert bench.wanted.digest not in bench.index()
    assert worker.remade == {}
    stored = set(bench.runtime.archives[-1])
    assert {"blobs/" + layer.diff_id.replace(":", "/") for layer in bench.wanted.layers} <= stored
    assert bench.host.names("/var/lib/lightk8s/artifacts") == []


@pytest.mark.parametrize("remake", [TRY, MUST])
def test_layers_that_come_out_as_published_lead_to_the_published_manifest(
    bench: Bench, remake: str
) -> None:
    worker = bench.bring(remake)
    assert bench.index() == [bench.wanted.digest] * 2
    assert worker.remade == {layer.digest: True for layer in bench.wanted.layers}
    for name, body in bench.runtime.archives[-1].items():
        if name.startswith("blobs/"):
            assert making.digest(body) == name[len("blobs/") :].replace("/", ":")


def other_gzip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "packed", lambda data: gzip.compress(data, 1, mtime=0))


def test_a_blob_that_comes_out_otherwise_is_told_and_still_serves(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_gzip(monkeypatch)
    worker = bench.bring(TRY)
    assert bench.wanted.digest not in bench.index()
    assert worker.remade == {layer.digest: False for layer in bench.wanted.layers}
    manifest = bench.index()[0].replace(":", "/")
    rows = json.loads(bench.runtime.archives[-1][f"blobs/{manifest}"])["layers"]
    assert all(row["mediaType"].endswith("tar+gzip") for row in rows)


def test_a_blob_that_must_come_out_and_does_not_is_asked_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_gzip(monkeypatch)
    with pytest.raises(Unbuilt) as caught:
        bench.bring(MUST)
    assert caught.value.diff_id == bench.wanted.layers[0].diff_id
    assert "take" not in bench.runtime.calls


@pytest.mark.parametrize("remake", [TRY, MUST])
def test_a_containerd_that_cannot_compress_gets_tars(bench: Bench, remake: str) -> None:
    bench.runtime.errors = [EdgeError("flag provided but not defined", kind="command")]
    if remake == MUST:
        with pytest.raises(Unbuilt):
            bench.bring(remake)
        return
    worker = bench.bring(remake)
    assert worker.remade == {}
    assert bench.runtime.calls[-4:] == ["take", "label", "label", "settle"]


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :]


def spoil_piece(bench: Bench) -> None:
    path = artifact_path(bench.delivery.pieces[0].sha256)
    data = bench.host.read(path) or b""
    bench.host.write(path, flipped(data, len(data) // 2))


def spoil_documents(bench: Bench) -> None:
    path = artifact_path(bench.delivery.documents)
    data = bench.host.read(path) or b""
    bench.host.write(path, flipped(data, len(data) // 2))


def spoil_document(number: int) -> Callable[[Bench], None]:
    """One byte of the config or manifest, in documents whose own digest is right."""

    def spoil(bench: Bench) -> None:
        blobs = dict(bench.made.blobs)
        names = [name for name, body in blobs.items() if body.startswith(b"{")]
        blobs[names[number]] = (
            blobs[names[number]].replace(b"linux", b"linuX").replace(b"gzip", b"gziP")
        )
        assert blobs != bench.made.blobs
        made = replace(bench.made, blobs=blobs)
        bench.delivery = bench.delivered(made, list(bench.delivery.pieces))

    return spoil


def downgrade(bench: Bench) -> None:
    """All documents are those of an older image of the same name, whole and in themselves right."""
    older = making.image({"opt/a": b"old"}, {"opt/c": b"old"})
    bench.delivery = bench.delivered(older, list(bench.delivery.pieces))


def other_manifest(bench: Bench) -> None:
    """A manifest that leads to the older layers, beside the config that is wanted."""
    older = making.image({"opt/a": b"old"}, {"opt/c": b"old"})
    bench.wanted = replace(
        bench.wanted, digest=older.entry["digest"], manifest=older.entry["digest"]
    )
    made = replace(bench.made, blobs={**bench.made.blobs, **older.blobs})
    bench.delivery = bench.delivered(made, list(bench.delivery.pieces))


def other_piece(bench: Bench) -> None:
    """The list gives a layer the piece of another one."""
    one, two = bench.delivery.pieces
    swapped = (replace(one, sha256=two.sha256), replace(two, sha256=one.sha256))
    bench.delivery = replace(bench.delivery, pieces=swapped)


def missing_piece(bench: Bench) -> None:
    pieces = bench.delivery.pieces[:1]
    bench.delivery = replace(bench.delivery, pieces=pieces)


def unknown_base(bench: Bench) -> None:
    bench.seen = Seen()


def reaching_out(bench: Bench) -> None:
    """A delta that reads a file beside its base's root."""
    piece = bench.delivery.pieces[0]
    head = bench.seen.extracted
    path = layers.forged(
        bench.folder / "forged", b"x", [(2, 0), (3, 1)], bases=list(head), names=b"\x01../x\0"
    )
    data = path.read_bytes()
    bench.delivery = replace(
        bench.delivery, pieces=(replace(piece, sha256=bench.put(data)), bench.delivery.pieces[1])
    )


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_piece,
        spoil_documents,
        spoil_document(0),
        spoil_document(1),
        downgrade,
        other_manifest,
        other_piece,
        missing_piece,
        unknown_base,
        reaching_out,
    ],
)
@pytest.mark.parametrize("remake", ["", TRY])
def test_what_is_wrong_is_refused_before_containerd_is_touched(
    bench: Bench, spoil: Callable[[Bench], None], remake: str
) -> None:
    spoil(bench)
    with pytest.raises(EdgeError) as caught:
        bench.bring(remake)
    assert caught.value.kind == "artifact"
    assert bench.runtime.calls == []


def test_what_a_power_cut_has_torn_is_extracted_anew(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(bench.runtime, "take", no_power)
        with pytest.raises(KeyboardInterrupt):
            bench.bring()
    assert imports.torn(bench.host) == frozenset()  # killed, and the machine has run ever since
    assert imports.unsettled(bench.host) == {bench.wanted.name}
    bench.host.remove("/run/lightk8s/imports.json")
    assert imports.torn(bench.host) == {bench.wanted.name}
    one, two = chains.chain([layer.diff_id for layer in bench.wanted.layers])
    shared = Contents("another config", (one,), whole=True)
    own = Contents(bench.wanted.config, (), whole=True)
    bench.seen = replace(
        bench.seen,
        contents={"a": shared, "b": own},
        chains=frozenset({one, two}),
        torn=imports.torn(bench.host),
    )
    bench.bring()
    assert bench.runtime.calls == [f"drop {two}", "take", "label", "label", "settle"]
    assert not bench.host.read_json("/var/lib/lightk8s/state/imports.json")


def test_what_went_wrong_is_told_though_nothing_can_be_cleaned_up(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*dummy: object) -> None:
        raise EdgeError("no space left on device", kind="command")

    def away() -> None:
        raise EdgeError("containerd is away", kind="command")

    monkeypatch.setattr(bench.runtime, "take", full)
    monkeypatch.setattr(bench.runtime, "forget", away)
    with pytest.raises(EdgeError, match="no space left on device"):
        bench.bring(TRY)


def no_power(*dummy: object) -> None:
    raise KeyboardInterrupt
