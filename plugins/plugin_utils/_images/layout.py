# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OCI image layouts, as folders or in archives (image-layout.md of the OCI image specification).

Names of images are annotations of the entries in `index.json`: containerd and docker write
`io.containerd.image.name` with the name in full, skopeo and others `org.opencontainers.image.ref.name`,
which may be a tag alone.
"""

from __future__ import annotations

import typing as t

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images import documents
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.documents import Descriptor
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.files import Files, document
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import (
    Document,
    Image,
    Layer,
    Platform,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.references import (
    Reference,
    parsed_or_none,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.verified import (
    checked,
    damaged,
)

FULL_NAME = "io.containerd.image.name"
REF_NAME = "org.opencontainers.image.ref.name"
# Deeper nesting than an index of indexes is not made by anything, and could be a loop of a forger.
_DEEPEST = 4
Found = tuple[tuple[Document, ...], Descriptor]


class Layout:
    """The images of one layout."""

    def __init__(self, files: Files) -> None:
        self._files = files
        marker = documents.mapping(document(files, "oci-layout"), files.where)
        version = str(marker.get("imageLayoutVersion"))
        if not version.startswith("1."):
            raise damaged(files.where, f"is a layout of version {version}, not 1")
        top = documents.mapping(document(files, "index.json"), files.where)
        listed = documents.entries(top, "manifests", files.where)
        self._top = [documents.descriptor(item, files.where) for item in listed]

    def names(self) -> tuple[str, ...]:
        """Names of the images in it; an image without a name is not among them."""
        return tuple(sorted({name for entry in self._top if (name := _name(entry))}))

    def image(self, wanted: Reference, platform: Platform) -> Image | None:
        """The image, None where this layout does not hold it for that platform. EdgeError(artifact)."""
        for chain, entry in self._chains(wanted):
            if entry.platform is not None and not entry.platform.same(platform):
                continue
            found = self._read(str(wanted), chain, entry, platform)
            if found is not None:
                return found
        return None

    def _chains(self, wanted: Reference) -> t.Iterator[Found]:
        """Manifests that the reference may mean, with the indexes above them from the named one on."""
        for entry in self._top:
            named = self._is_named(entry, wanted)
            for path in self._below(entry, (), 0):
                places = [*(index.digest for index in path[0]), path[1].digest]
                if wanted.digest:
                    if wanted.digest in places:
                        start = places.index(wanted.digest)
                        yield path[0][start:], path[1]
                elif named:
                    yield path

    def _is_named(self, entry: Descriptor, wanted: Reference) -> bool:
        name = _name(entry)
        if name:
            found = parsed_or_none(name)
            return found is not None and found.names()[0] in wanted.names()
        ref = entry.annotations.get(REF_NAME, "")
        return ref == wanted.tag if ref else len(self._top) == 1

    def _below(
        self, entry: Descriptor, above: tuple[Document, ...], depth: int
    ) -> t.Iterator[Found]:
        if entry.media_type not in documents.INDEXES:
            yield above, entry
            return
        if depth >= _DEEPEST:
            raise damaged(self._files.where, "nests indexes too deeply")
        if self._files.size(entry.blob) is None:
            return  # an index of an image that was exported for other platforms
        index = self._document(entry)
        content = documents.mapping(index.body, entry.digest)
        for item in documents.entries(content, "manifests", entry.digest):
            inner = documents.descriptor(item, entry.digest)
            yield from self._below(inner, (*above, index), depth + 1)

    def _document(self, entry: Descriptor) -> Document:
        what = f"{entry.digest} in {self._files.where}"
        body = checked(document(self._files, entry.blob), entry.digest, what)
        return Document(entry.digest, entry.media_type, body)

    def _read(
        self, reference: str, chain: tuple[Document, ...], entry: Descriptor, platform: Platform
    ) -> Image | None:
        if entry.media_type not in documents.MANIFESTS or self._files.size(entry.blob) is None:
            return None
        manifest = self._document(entry)
        content = documents.mapping(manifest.body, entry.digest)
        named = content.get("config")
        about = documents.descriptor(named if isinstance(named, dict) else {}, entry.digest)
        config = self._document(about)
        stated = documents.mapping(config.body, about.digest)
        if not documents.platform_in(stated).same(platform):
            return None
        layers = documents.entries(content, "layers", entry.digest)
        found = [documents.descriptor(item, entry.digest) for item in layers]
        return Image(
            reference, platform, chain, manifest, config, self._layers(found, stated, entry), True
        )

    def _layers(
        self, found: list[Descriptor], config: dict[str, t.Any], entry: Descriptor
    ) -> tuple[Layer, ...]:
        root = config.get("rootfs")
        diff_ids = documents.digests(
            root if isinstance(root, dict) else {}, "diff_ids", entry.digest
        )
        if len(diff_ids) != len(found):
            what = f"names {len(found)} layers where its config names {len(diff_ids)}"
            raise damaged(entry.digest, what)
        return tuple(map(self._layer, found, diff_ids))

    def _layer(self, entry: Descriptor, diff_id: str) -> Layer:
        def opener() -> t.BinaryIO:
            return self._files.open(entry.blob)

        return Layer(entry.digest, entry.size, entry.media_type, diff_id, opener)


def _name(entry: Descriptor) -> str:
    """The name in full that an entry bears, empty where it bears none or a tag alone."""
    full = entry.annotations.get(FULL_NAME, "")
    if full:
        return full
    ref = entry.annotations.get(REF_NAME, "")
    return ref if "/" in ref or ":" in ref else ""


def absent(reference: str, platform: Platform, where: str, names: t.Iterable[str]) -> EdgeError:
    """The error for an image that a source does not hold."""
    held = ", ".join(names) or "images without names"
    return EdgeError(
        f"{where} holds no {reference} for {platform}",
        kind="artifact",
        hint=f"it holds {held}",
    )
