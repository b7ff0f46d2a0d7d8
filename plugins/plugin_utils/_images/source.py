# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sources of images on the controller: one reader for every form an air-gapped site gets them in."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images import references
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.docker import DockerArchive
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.files import Files, files_of
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.layout import Layout, absent
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import Image, Platform


class _Reader(t.Protocol):
    def names(self) -> tuple[str, ...]:
        """References as the form has them."""

    def image(self, wanted: references.Reference, platform: Platform) -> Image | None:
        """The image of that reference; None where there is none."""


class Source:
    """An OCI layout, or an archive: of OCI or docker form, one or many images, compressed or not.

    The archives of images that distributions publish for air-gapped sites are such archives. Where one
    holds both forms, the layout counts: it has the manifests.
    """

    def __init__(self, path: Path, scratch: Path) -> None:
        """Compressed archives are unpacked below `scratch`, once. EdgeError (artifact, io, preflight)."""
        self._where = str(path)
        self._readers = list(_readers(files_of(path, scratch)))
        if not self._readers:
            raise EdgeError(
                f"{path} is no source of images",
                kind="artifact",
                hint="give an OCI layout, or an archive made by docker save, skopeo or ctr export",
            )

    def names(self) -> tuple[str, ...]:
        """Names of the images in it."""
        return self._readers[0].names()

    def image(self, reference: str, platform: Platform) -> Image:
        """The image of that name, digest or both, for that platform. EdgeError (artifact, spec).

        A source with a single image that bears no name gives it under any name.
        """
        wanted = references.parse(reference)
        for reader in self._readers:
            found = reader.image(wanted, platform)
            if found is not None:
                return found
        raise absent(reference, platform, self._where, self.names())


def _readers(files: Files) -> t.Iterator[_Reader]:
    if files.size("oci-layout") is not None:
        yield Layout(files)
    if files.size("manifest.json") is not None and not Path(files.where).is_dir():
        yield DockerArchive(files)
