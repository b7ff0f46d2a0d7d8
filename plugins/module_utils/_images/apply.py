# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Brings images into containerd, names them, keeps them, takes them away."""

from __future__ import annotations

import json
import lzma
import os
import typing as t
from contextlib import suppress

from .._core.errors import EdgeError
from .._core.plan import Step
from .._core.records import dataclass, field
from .._core.verbs import artifact_path
from .._host.host import Host
from . import chains, imports, leftovers, rebuild
from .archive import GZIP, TAR, Blob, Document, write, write_layer
from .parts import Parts, wrong
from .runtime import Containerd
from .seen import Seen, same_layers
from .spec import BLOB, MUST, Delivery, Layer, Piece, Wanted

_MOST = 16 << 20  # bytes of the documents of one image
_STEP = 1 << 16
_PACKED = {b"\x1f\x8b": GZIP, b"\x28\xb5\x2f\xfd": f"{TAR}+zstd"}
_Row = t.Mapping[str, t.Any]  # the descriptor of a layer


class Unbuilt(EdgeError):
    """A layer could not be made of what was sent; `diff_id` names it. Another way may work."""

    def __init__(self, diff_id: str, cause: EdgeError) -> None:
        super().__init__(cause.message, kind=cause.kind, hint=cause.hint)
        self.diff_id = diff_id
        self.remade: t.Mapping[str, bool] = {}  # as in Worker, up to here


@dataclass(frozen=True)
class Worker:
    """Carries steps out on one node."""

    host: Host
    containerd: Containerd
    seen: Seen
    # Published blobs that it was tried to make out of their tars, and whether they came out.
    remade: dict[str, bool] = field(default_factory=dict)

    def do(self, step: Step) -> None:
        """EdgeError; what was there before is untouched then."""
        getattr(self, f"_{step.verb}")(step)

    def _name(self, step: Step) -> None:
        self.containerd.tag(step.params["source"], step.target)

    def _keep(self, step: Step) -> None:
        self.containerd.label(step.params["name"])

    def _settle(self, step: Step) -> None:
        self.containerd.settle()
        imports.end(self.host, [step.target])

    def _remove(self, step: Step) -> None:
        self.containerd.remove(step.params["names"])
        imports.end(self.host, step.params["names"])

    def _tidy(self, step: Step) -> None:
        leftovers.remove(self.host, step.params["pieces"])

    def _bring(self, step: Step) -> None:
        delivery: Delivery = step.params["delivery"]
        for row in delivery.artifacts():
            self._check(str(row["sha256"]), str(row["name"]))
        pieces = [str(row["sha256"]) for row in delivery.artifacts()]
        leftovers.used(self.host, pieces)
        image: Wanted = step.params["image"]
        parts = Parts(image, self._documents(delivery))
        try:
            blobs = _Layers(self, delivery, parts).collect()
            target, documents = parts.target([row for row, _blob in blobs])
            fresh = [blob for _row, blob in blobs if blob is not None]
            self._mend(image)
            imports.begin(self.host, image.name)
            self.containerd.take(
                lambda stream: write(stream, image.names, target, documents, fresh),
                self.seen.snapshotter,
            )
        except EdgeError:
            with suppress(EdgeError):  # the next run does it then; what is wrong counts
                self.containerd.forget()
            raise
        self.containerd.forget()
        for name in image.names:
            self.containerd.label(name)
        self.containerd.settle()
        imports.end(self.host, [image.name])
        leftovers.remove(self.host, set(pieces).difference(step.params.get("later", ())))

    def _mend(self, image: Wanted) -> None:
        """Have the layers of an image extracted anew whose import a power cut has torn."""
        if image.name not in self.seen.torn:
            return
        others = {
            chain
            for contents in self.seen.contents.values()
            if contents.config != image.config
            for chain in chains.chain(contents.diff_ids)
        }
        own = chains.chain([layer.diff_id for layer in image.layers])
        for chain in reversed(own):
            if chain in self.seen.chains - others:
                self.containerd.drop(self.seen.snapshotter, chain)

    def _check(self, sha256: str, name: str) -> None:
        """Nothing that was damaged since it came gets near containerd."""
        if self.host.sha256(artifact_path(sha256), full=True) != sha256:
            self.host.remove(artifact_path(sha256))
            raise EdgeError(
                f"{name} was damaged while it lay on the node",
                kind="artifact",
                hint="run again: it is sent once more",
            )

    def _documents(self, delivery: Delivery) -> list[Document]:
        try:
            packed = self.host.read(artifact_path(delivery.documents)) or b""
            decoder = lzma.LZMADecompressor(memlimit=_MOST * 4)
            rows = json.loads(decoder.decompress(packed, _MOST))
            return [Document(str(row[0]), str(row[1]).encode()) for row in rows]
        except (ValueError, TypeError, LookupError, lzma.LZMAError) as exc:
            raise wrong(delivery.name, f"cannot be read: {exc}") from exc


class _Layers:
    """The layers of one image, as the manifest names them, and those that come with the archive."""

    def __init__(self, worker: Worker, delivery: Delivery, parts: Parts) -> None:
        self._worker = worker
        self._pieces = [piece for piece in delivery.pieces if piece.sha256]
        self._parts = parts
        self._held = worker.containerd.content()
        self._same = same_layers(self._held)

    def collect(self) -> list[tuple[_Row, Blob | None]]:
        """By layer: its descriptor, and what is to be written for it.

        All is looked at before the first layer goes to containerd to be compressed.
        """
        layers = self._parts.image.layers
        steps = zip(layers, self._parts.layers, chains.chain([layer.diff_id for layer in layers]))
        ready = [(wanted, row, self._one(wanted, row, chain)) for wanted, row, chain in steps]
        found: list[tuple[_Row, Blob | None]] = []
        written: set[str] = set()
        for wanted, row, plain in ready:
            piece = self._piece(wanted)
            tar = plain[1]
            better = None
            if tar and tar.digest == wanted.diff_id and piece and piece.remake:
                better = self._remade(row, piece, tar)
            descriptor, blob = better or plain
            found.append((descriptor, None if descriptor["digest"] in written else blob))
            written.add(descriptor["digest"])
        return found

    def _piece(self, wanted: Layer) -> Piece | None:
        """What came for a layer; an image may have it twice, even in two compressions."""
        found = [piece for piece in self._pieces if piece.diff_id == wanted.diff_id]
        own = [piece for piece in found if f"sha256:{piece.sha256}" == wanted.digest]
        tars = [piece for piece in found if piece.kind != BLOB]
        return next(iter([*own, *tars]), None)

    def _one(self, wanted: Layer, row: _Row, chain: str) -> tuple[_Row, Blob | None]:
        digest, diff_id = wanted.digest, wanted.diff_id
        piece = self._piece(wanted)
        if digest in self._held:
            return row, None
        if piece and f"sha256:{piece.sha256}" == digest:
            path = self._worker.host.path(artifact_path(piece.sha256))
            return row, Blob(digest, piece.size, lambda: _read(path))
        if piece:
            tar = self._rebuilt(diff_id, piece.sha256)
            return _tar(diff_id, tar.size), tar
        same = diff_id if diff_id in self._held else self._same.get(diff_id)
        if same:
            return _stored(same, self._worker.host.path(self._worker.containerd.blob(same))), None
        seen = self._worker.seen
        if seen.discards and chain in seen.chains:  # containerd extracts nothing twice
            return row, None
        gone = EdgeError(f"layer {diff_id} is no longer on the node", kind="artifact")
        raise Unbuilt(diff_id, gone)

    def _remade(self, row: _Row, piece: Piece, tar: Blob) -> tuple[_Row, Blob] | None:
        """The blob that containerd makes of the tar, best the published one; None where it makes none."""
        containerd, config = self._worker.containerd, self._parts.platform
        digest = str(row["digest"])
        try:
            made, size = containerd.compress(
                lambda stream, name: write_layer(stream, name, config, tar)
            )
        except Unbuilt:
            raise
        except EdgeError as exc:
            if piece.remake == MUST:
                raise Unbuilt(piece.diff_id, exc) from exc
            return None
        self._worker.remade[digest] = made == digest
        if made != digest and piece.remake == MUST:
            other = EdgeError(f"containerd makes another blob than {digest}", kind="artifact")
            raise Unbuilt(piece.diff_id, other)
        path = self._worker.host.path(containerd.blob(made))
        other_row = {"mediaType": GZIP, "digest": made, "size": size}
        return row if made == digest else other_row, Blob(made, size, lambda: _read(path))

    def _rebuilt(self, diff_id: str, sha256: str) -> Blob:
        path = self._worker.host.path(artifact_path(sha256))

        def useless(cause: EdgeError) -> Unbuilt:
            leftovers.remove(self._worker.host, [sha256])
            return Unbuilt(diff_id, cause)

        try:
            roots = {base: self._folder(base) for base in rebuild.bases_of(path)}
            head = rebuild.look(path, roots, diff_id)
        except EdgeError as exc:
            raise useless(exc) from exc

        def pieces() -> t.Iterator[bytes]:
            try:
                yield from rebuild.rebuilt(path, roots, diff_id)
            except EdgeError as exc:
                raise useless(exc) from exc

        return Blob(diff_id, head.size, pieces)

    def _folder(self, diff_id: str) -> str:
        seen = self._worker.seen
        if diff_id not in seen.extracted:
            raise EdgeError(f"base {diff_id} is no longer on the node", kind="artifact")
        return self._worker.containerd.folder(seen.snapshotter, seen.extracted[diff_id])


def _stored(digest: str, path: str) -> _Row:
    """The descriptor of a layer in the content store, by what it begins with."""
    with open(path, "rb") as file:
        head, size = file.read(4), os.fstat(file.fileno()).st_size
    kind = next((kind for magic, kind in _PACKED.items() if head.startswith(magic)), TAR)
    return {"mediaType": kind, "digest": digest, "size": size}


def _tar(diff_id: str, size: int) -> dict[str, t.Any]:
    return {"mediaType": TAR, "digest": diff_id, "size": size}


def _read(path: str) -> t.Iterator[bytes]:
    with open(path, "rb") as stream:
        yield from iter(lambda: stream.read(_STEP), b"")
