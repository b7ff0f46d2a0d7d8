# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An image as the archive that containerd imports, written while its layers are rebuilt."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import typing as t

from .._core.records import dataclass

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
TAR = "application/vnd.oci.image.layer.v1.tar"
GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
_NAME = "io.containerd.image.name"


@dataclass(frozen=True)
class Blob:
    """Something of known size that is written piece by piece."""

    digest: str
    size: int
    pieces: t.Callable[[], t.Iterator[bytes]]


@dataclass(frozen=True)
class Document:
    """An index, manifest or config."""

    media_type: str
    body: bytes

    @property
    def digest(self) -> str:
        return f"sha256:{hashlib.sha256(self.body).hexdigest()}"

    def descriptor(self) -> dict[str, t.Any]:
        """As an index or manifest names it."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.body)}


def alias(config: Document, layers: t.Sequence[t.Mapping[str, t.Any]]) -> Document:
    """A manifest with the same config, and so of the same image, for the layers as the node gets them."""
    body = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {**config.descriptor(), "mediaType": CONFIG},
        "layers": list(layers),
    }
    return Document(MANIFEST, json.dumps(body, sort_keys=True, separators=(",", ":")).encode())


def write(
    stream: t.BinaryIO,
    names: t.Sequence[str],
    target: Document,
    documents: t.Sequence[Document],
    layers: t.Sequence[Blob],
) -> None:
    """The archive, an OCI layout. Its index comes last: what is cut off before names nothing."""
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        _add(archive, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        for layer in layers:
            _pour(archive, _place(layer.digest), layer)
        for document in {item.digest: item for item in documents}.values():
            _add(archive, _place(document.digest), document.body)
        rows = [{**target.descriptor(), "annotations": {_NAME: name}} for name in names]
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": rows}
        _add(archive, "index.json", json.dumps(index).encode())


def write_layer(stream: t.BinaryIO, name: str, config: t.Mapping[str, t.Any], layer: Blob) -> None:
    """An archive as of docker save, of an image with this layer alone; what is cut off names nothing."""
    about = {**config, "rootfs": {"type": "layers", "diff_ids": [layer.digest]}}
    row = {"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        _pour(archive, "layer.tar", layer)
        _add(archive, "config.json", json.dumps(about).encode())
        _add(archive, "manifest.json", json.dumps([row]).encode())


def _pour(archive: tarfile.TarFile, name: str, layer: Blob) -> None:
    info = tarfile.TarInfo(name)
    info.size = layer.size
    reader = _Reader(layer.pieces())
    archive.addfile(info, t.cast("t.IO[bytes]", reader))
    reader.finish()


def _place(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


def _add(archive: tarfile.TarFile, name: str, body: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(body)
    archive.addfile(info, io.BytesIO(body))


class _Reader:
    """Pieces as a file, for tarfile reads in steps of its own."""

    def __init__(self, pieces: t.Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, count: int) -> bytes:
        """Exactly `count` bytes, fewer at the end alone."""
        found = [self._rest]
        have = len(self._rest)
        while have < count:
            piece = next(self._pieces, b"")
            if not piece:
                break
            found.append(piece)
            have += len(piece)
        data = b"".join(found)
        self._rest = data[count:]
        return data[:count]

    def finish(self) -> None:
        """Go to the end: what makes the pieces may say only there that they are worth nothing."""
        if self._rest or next(self._pieces, b""):
            raise ValueError("a layer is larger than it said")
