# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which published blobs nodes have made, bit for bit, out of the tars of their layers.

A node's containerd compresses with Go's gzip, as docker push and BuildKit do. Whether a blob comes out is
tried on the first node and remembered for each build of containerd.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.module_utils._images.spec import MUST, TRY
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import Layer
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.cache import (
    guarded,
    load_json,
    locked,
    save_json,
)

# What Go's compress/gzip begins with where nobody sets a name or a time: no flags, no time, unknown system.
_HEAD = bytes.fromhex("1f8b08000000000000ff")
_MOST = 20_000  # blobs remembered for one build; those tried longest ago are forgotten first


class Remakes:
    """What has been tried, in one file of the cache; a cache without it only tries again."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def known(self, runtime: str) -> dict[str, bool]:
        """By digest of a blob whether that build of containerd has made it."""
        try:
            return {str(digest): bool(made) for digest, made in load_json(self._path)[runtime]}
        except (KeyError, TypeError, ValueError):
            return {}

    def note(self, runtime: str, tried: Mapping[str, bool]) -> None:
        """Remember what a node has tried. EdgeError(io)."""
        if not runtime or not tried:
            return
        lock = self._path.with_name(".remakes.lock")
        with guarded(self._path.parent), locked(lock, lambda: None):
            rest = {key: ok for key, ok in self.known(runtime).items() if key not in tried}
            rows = [list(row) for row in [*rest.items(), *tried.items()][-_MOST:]]
            save_json(self._path, {**load_json(self._path), runtime: rows})


class Remaking:
    """Which layers one node is to compress anew."""

    def __init__(self, known: Mapping[str, bool], *, exact: bool) -> None:
        self._known = known
        self._exact = exact

    @property
    def proven(self) -> frozenset[str]:
        """Digests of blobs that come out for certain."""
        return frozenset(digest for digest, made in self._known.items() if made)

    def word(self, layer: Layer) -> str:
        """What the node is told of a layer that comes as a tar; empty where trying would be in vain."""
        if layer.digest == layer.diff_id or not self._known.get(layer.digest, True):
            return ""
        if layer.digest in self.proven:
            return MUST if self._exact else TRY
        with layer.opener() as blob:
            return TRY if blob.read(len(_HEAD)) == _HEAD else ""
