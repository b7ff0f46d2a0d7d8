# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documents of an image that is brought, and what they have to have in common."""

from __future__ import annotations

import json
import typing as t

from .._core.errors import EdgeError
from . import chains
from .archive import Document, alias
from .spec import Wanted


def wrong(name: str, why: str) -> EdgeError:
    """The error for documents that are not those of the image."""
    return EdgeError(
        f"the documents of {name} {why}", kind="artifact", hint="look at the source of the image"
    )


class Parts:
    """The documents of an image, each checked against the digest that the one above it has."""

    def __init__(self, image: Wanted, documents: t.Sequence[Document]) -> None:
        self.image = image
        self._all = {item.digest: item for item in documents}
        self.manifest = self._of(image.manifest)
        self.config = self._of(image.config)
        self.layers = chains.rows(self._parsed(self.manifest), "layers")
        self._check()

    @property
    def platform(self) -> dict[str, t.Any]:
        """What the config says the image runs on."""
        said = self._parsed(self.config)
        return {key: said[key] for key in ("architecture", "os", "variant") if key in said}

    def _of(self, digest: str) -> Document:
        if digest not in self._all:
            raise wrong(self.image.name, f"lack {digest}")
        return self._all[digest]

    def _parsed(self, document: Document) -> t.Any:
        try:
            return json.loads(document.body)
        except ValueError as exc:
            raise wrong(self.image.name, f"are no JSON: {exc}") from exc

    def _check(self) -> None:
        """From what a pod pins down to the diffIDs."""
        said = self._parsed(self.manifest)
        config = said.get("config") if isinstance(said, dict) else None
        if not isinstance(config, dict) or config.get("digest") != self.image.config:
            raise wrong(self.image.name, "have a manifest of another config")
        if not self._leads(self.image.digest, set()):
            raise wrong(self.image.name, "do not lead from the pinned digest to the manifest")
        diff_ids = tuple(layer.diff_id for layer in self.image.layers)
        if chains.diff_ids(self._parsed(self.config)) != diff_ids:
            raise wrong(self.image.name, "have a config with other layers")
        if [row.get("digest") for row in self.layers] != [x.digest for x in self.image.layers]:
            raise wrong(self.image.name, "have a manifest with other layers")

    def _leads(self, digest: str, passed: set[str]) -> bool:
        if digest == self.image.manifest:
            return True
        if digest not in self._all or digest in passed:
            return False
        rows = chains.rows(self._parsed(self._all[digest]), "manifests")
        return any(self._leads(str(row.get("digest")), {*passed, digest}) for row in rows)

    def target(
        self, layers: t.Sequence[t.Mapping[str, t.Any]]
    ) -> tuple[Document, t.Sequence[Document]]:
        """What the names lead to with these layers, and the documents that this takes."""
        if [row["digest"] for row in layers] == [row["digest"] for row in self.layers]:
            return self._of(self.image.digest), list(self._all.values())
        made = alias(self.config, layers)
        return made, [made, self.config]
