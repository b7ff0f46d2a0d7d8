# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One image as an OCI image layout in a folder, for programs that scan, sign or push images."""

from __future__ import annotations

import json
import os
import shutil
import typing as t
from collections.abc import Mapping, Sequence
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.layout import (
    FULL_NAME,
    REF_NAME,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import Document, Image
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.references import parse
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.cache import load_json


def write_layout(image: Image, folder: Path) -> None:
    """Write the image with its layers to `folder`, which is made. EdgeError(artifact), OSError."""
    for layer in image.layers:
        path = blob_path(folder, layer.digest)
        with layer.blob() as source, path.open("wb") as out:
            shutil.copyfileobj(source, out, 1 << 20)
    parts = (*image.indexes, image.manifest, image.config)
    write_documents(folder, image.reference, parts)


def write_documents(
    folder: Path,
    reference: str,
    documents: Sequence[Document],
    others: Mapping[str, Document] | None = None,
) -> None:
    """All that a layout has beside its layers; the first of `documents` is what the name leads to.

    `others`: further manifests by tag. What the layout names already stays; others may be reading it.
    """
    name = parse(reference)
    # Names by which containerd and skopeo find an image in a layout.
    notes = {FULL_NAME: name.names()[0], **({REF_NAME: name.tag} if name.tag else {})}
    entries = [_entry(documents[0], notes)]
    for tag, document in (others or {}).items():
        entries.append(_entry(document, {REF_NAME: tag}))
    for document in (*documents, *(others or {}).values()):
        _put(blob_path(folder, document.digest), document.body)
    _put(folder / "oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
    before = load_json(folder / "index.json").get("manifests") or []
    fresh = [entry for entry in entries if entry not in before]
    index = {"schemaVersion": 2, "manifests": [*before, *fresh]}
    _put(folder / "index.json", json.dumps(index, indent=1).encode())


def _put(path: Path, content: bytes) -> None:
    """Have it there, at once."""
    if path.exists() and path.read_bytes() == content:
        return
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    staged.write_bytes(content)
    os.replace(staged, path)


def _entry(document: Document, notes: dict[str, str]) -> dict[str, t.Any]:
    about = {"mediaType": document.media_type, "digest": document.digest}
    return {**about, "size": len(document.body), "annotations": notes}


def blob_path(folder: Path, digest: str) -> Path:
    """Where a blob lies in the layout; its folder is made."""
    path = folder / "blobs" / "sha256" / digest.removeprefix("sha256:")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
