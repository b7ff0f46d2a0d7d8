# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An image as a source on the controller holds it, whatever form the source has."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.compression import plain
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.verified import Verified

# What a name of an architecture means without its variant (OCI image specification, image index).
_VARIANTS = {"arm64": "v8", "arm": "v7"}


@dataclass(frozen=True)
class Platform:
    """What an image runs on."""

    os: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

    def same(self, other: Platform) -> bool:
        """Equal, where a variant that is left out is the usual one."""
        return self._full() == other._full()

    def _full(self) -> tuple[str, str, str]:
        return self.os, self.architecture, self.variant or _VARIANTS.get(self.architecture, "")


def platform_of(text: str) -> Platform:
    """The platform in `os/architecture[/variant]`. EdgeError(spec)."""
    parts = text.split("/")
    if len(parts) not in (2, 3) or not all(parts):
        raise EdgeError(
            f"{text!r} is no platform", kind="spec", hint="write it as linux/amd64 or linux/arm/v7"
        )
    return Platform(*parts)


@dataclass(frozen=True)
class Document:
    """An index, manifest or config, its bytes checked against its digest."""

    digest: str
    media_type: str
    body: bytes


@dataclass(frozen=True)
class Layer:
    """A layer: the blob that the manifest names, and the tar inside it."""

    digest: str  # of the blob
    size: int  # of the blob
    media_type: str
    diff_id: str  # digest of the tar
    opener: Callable[[], t.BinaryIO]

    def blob(self) -> t.BinaryIO:
        """The blob's bytes. The last read raises EdgeError(artifact) where they are not the promised ones."""
        return Verified.over(self.opener(), self.digest, self.size, f"layer {self.digest}")

    def tar(self) -> t.BinaryIO:
        """The tar inside, checked in the same way by the diffID."""
        opened = plain(self.blob(), f"layer {self.digest}")
        return Verified.over(opened, self.diff_id, None, f"the tar of layer {self.digest}")


@dataclass(frozen=True)
class Image:
    """One image for one platform."""

    reference: str
    platform: Platform
    indexes: tuple[Document, ...]  # from the one that was named down to the manifest; often none
    manifest: Document
    config: Document
    layers: tuple[Layer, ...]
    published: bool  # False: the source has no manifest, this one was made from its content

    @property
    def digest(self) -> str:
        """What a pod pins: the digest of the index that was named, else of the manifest."""
        return self.indexes[0].digest if self.indexes else self.manifest.digest
