# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What documents of an image say, read with suspicion: every field may be missing or of another kind."""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import Platform
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.references import DIGEST
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.verified import damaged

INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", DOCKER_MANIFEST)


@dataclass(frozen=True)
class Descriptor:
    """One entry of an index or manifest."""

    digest: str
    size: int
    media_type: str
    annotations: dict[str, str]
    platform: Platform | None

    @property
    def blob(self) -> str:
        """Where layouts keep it."""
        return "blobs/" + self.digest.replace(":", "/")


def mapping(data: bytes, what: str) -> dict[str, t.Any]:
    """The JSON object in `data`. EdgeError(artifact)."""
    value = parsed(data, what)
    if not isinstance(value, dict):
        raise damaged(what, "is no JSON object")
    return value


def parsed(data: bytes, what: str) -> t.Any:
    """The JSON value in `data`. EdgeError(artifact)."""
    try:
        return json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise damaged(what, f"is no JSON: {error}") from error


def entries(holder: dict[str, t.Any], key: str, what: str) -> list[dict[str, t.Any]]:
    """A list of objects; empty where the key is absent."""
    value = holder.get(key) or []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise damaged(what, f"has no list of objects in {key}")
    return value


def digests(holder: dict[str, t.Any], key: str, what: str) -> list[str]:
    """A list of digests; empty where the key is absent."""
    value = holder.get(key) or []
    if not isinstance(value, list) or not all(isinstance(d, str) and is_digest(d) for d in value):
        raise damaged(what, f"has no list of digests in {key}")
    return value


def is_digest(text: str) -> bool:
    """Whether it is a digest that we can check, and so is safe as a file name."""
    return re.fullmatch(DIGEST, text) is not None


def descriptor(item: dict[str, t.Any], what: str) -> Descriptor:
    """One entry, its fields of the right kinds. EdgeError(artifact)."""
    digest, size = item.get("digest"), item.get("size")
    if not isinstance(digest, str) or not is_digest(digest):
        raise damaged(what, f"names the digest {digest!r}, which is not sha256")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise damaged(what, f"names no size of {digest}")
    notes = item.get("annotations")
    notes = notes if isinstance(notes, dict) else {}
    return Descriptor(
        digest,
        size,
        str(item.get("mediaType") or ""),
        {str(key): str(value) for key, value in notes.items()},
        _platform(item.get("platform")),
    )


def _platform(value: t.Any) -> Platform | None:
    if not isinstance(value, dict):
        return None
    return platform_in(value)


def platform_in(value: dict[str, t.Any]) -> Platform:
    """The platform that an entry, or a config, states."""
    words = (value.get("os"), value.get("architecture"), value.get("variant"))
    return Platform(*(str(word or "") for word in words))
