# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Archives of `docker save`: a `manifest.json` that lists configs, names and layers by path.

Two forms are in use. The older one keeps each layer in a folder, `<id>/layer.tar`, a repeated one as a
symbolic link; since docker 25 the paths lead into `blobs/sha256`. Neither holds a manifest, so one is made
here as docker's own would be for uncompressed layers; its digest is that of no registry.
(moby, image/tarexport; containerd, core/images/archive/importer.go)
"""

from __future__ import annotations

import hashlib
import json
import re
import typing as t

from ansible_collections.lightk8s.edge.plugins.plugin_utils._images import documents
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.compression import kind_of
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

CONFIG = "application/vnd.docker.container.image.v1+json"
TAR = "application/vnd.docker.image.rootfs.diff.tar"
GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip"


class DockerArchive:
    """The images of one archive."""

    def __init__(self, files: Files) -> None:
        self._files = files
        listed = documents.parsed(document(files, "manifest.json"), files.where)
        self._items = documents.entries({"images": listed}, "images", files.where)

    def names(self) -> tuple[str, ...]:
        """Names of the images in it."""
        return tuple(sorted({tag for item in self._items for tag in self._texts(item, "RepoTags")}))

    def image(self, wanted: Reference, platform: Platform) -> Image | None:
        """The image, None where this archive does not hold it for that platform. EdgeError(artifact)."""
        for item in self._items:
            if self._is_named(item, wanted):
                found = self._read(str(wanted), item, platform)
                if found is not None and wanted.digest in ("", found.digest):
                    return found
        return None

    def _texts(self, item: dict[str, t.Any], key: str) -> list[str]:
        value = item.get(key) or []
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise damaged(self._files.where, f"has no list of texts in {key}")
        return value

    def _is_named(self, item: dict[str, t.Any], wanted: Reference) -> bool:
        tags = self._texts(item, "RepoTags")
        if not tags:
            return len(self._items) == 1
        found = [name.names()[0] for tag in tags if (name := parsed_or_none(tag))]
        return wanted.tag == "" or wanted.names()[0] in found

    def _read(self, reference: str, item: dict[str, t.Any], platform: Platform) -> Image | None:
        path = str(item.get("Config"))
        body = document(self._files, path)
        named = re.search(r"([0-9a-f]{64})(\.json)?$", path)
        if named:  # both forms name a config by its digest
            checked(body, f"sha256:{named[1]}", f"{path} in {self._files.where}")
        config = documents.mapping(body, self._files.where)
        if not documents.platform_in(config).same(platform):
            return None
        root = config.get("rootfs")
        root = root if isinstance(root, dict) else {}
        diff_ids = documents.digests(root, "diff_ids", self._files.where)
        paths = self._texts(item, "Layers")
        if len(paths) != len(diff_ids):
            what = f"has {len(paths)} layers where its config names {len(diff_ids)}"
            raise damaged(self._files.where, what)
        layers = tuple(map(self._layer, paths, diff_ids))
        about = Document(_digest(body), CONFIG, body)
        manifest = _manifest(about, layers)
        return Image(reference, platform, (), manifest, about, layers, False)

    def _layer(self, path: str, diff_id: str) -> Layer:
        def opener() -> t.BinaryIO:
            return self._files.open(path)

        size = self._files.size(path)
        if size is None:
            raise damaged(self._files.where, f"holds no {path}")
        with opener() as stream:
            start = stream.read(6)
            if not kind_of(start):
                return Layer(diff_id, size, TAR, diff_id, opener)
            total = hashlib.sha256(start)
            while data := stream.read(1 << 20):
                total.update(data)
        return Layer(f"sha256:{total.hexdigest()}", size, GZIP, diff_id, opener)


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _manifest(config: Document, layers: tuple[Layer, ...]) -> Document:
    """The manifest that docker would push for these layers as they are."""

    def entry(media_type: str, size: int, digest: str) -> dict[str, t.Any]:
        return {"mediaType": media_type, "size": size, "digest": digest}

    content = {
        "schemaVersion": 2,
        "mediaType": documents.DOCKER_MANIFEST,
        "config": entry(config.media_type, len(config.body), config.digest),
        "layers": [entry(layer.media_type, layer.size, layer.digest) for layer in layers],
    }
    body = json.dumps(content, indent=3).encode()
    return Document(_digest(body), documents.DOCKER_MANIFEST, body)
