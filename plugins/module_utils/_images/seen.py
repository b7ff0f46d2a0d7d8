# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The images of a node as they were found."""

from __future__ import annotations

import typing as t

from .._core.records import dataclass, field
from . import chains

PINNED = "io.cri-containerd.pinned"  # the kubelet does not collect what bears it
STAGED = "lightk8s.edge.staged"  # ours, for what may be removed again when nobody wants it


_TAR = "containerd.io/uncompressed"  # says on a layer's blob which diffID is in it


def same_layers(content: t.Mapping[str, t.Mapping[str, str]]) -> dict[str, str]:
    """A blob for each diffID whose layer is in the content store, however it is compressed."""
    return {labels[_TAR]: digest for digest, labels in content.items() if _TAR in labels}


@dataclass(frozen=True)
class Record:
    """A name that the runtime knows, and what it leads to."""

    name: str
    target: str
    labels: t.Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Contents:
    """What a name leads to: the config's digest, and the diffIDs in it."""

    config: str
    diff_ids: tuple[str, ...]
    whole: bool  # whether all layers of its manifest are in the content store


@dataclass(frozen=True)
class Seen:
    """The images of a node."""

    machine: str = ""
    snapshotter: str = "overlayfs"
    records: t.Mapping[str, Record] = field(default_factory=dict)
    contents: t.Mapping[str, Contents] = field(default_factory=dict)  # by target of a record
    blobs: frozenset[str] = frozenset()
    chains: frozenset[str] = frozenset()
    extracted: t.Mapping[str, str] = field(default_factory=dict)  # chain ID by diffID
    used: frozenset[str] = frozenset()
    free: int = 0
    reserve: int = 0
    left: frozenset[str] = frozenset()  # artifacts that an earlier transfer has left
    noted: frozenset[str] = frozenset()  # all artifacts that came for images, or are to come
    unsettled: frozenset[str] = frozenset()  # images whose files may not be on the disk yet
    torn: frozenset[str] = frozenset()  # images that a power cut may have left without their files
    layers: t.Mapping[str, str] = field(default_factory=dict)  # see `same_layers`
    runtime: str = ""  # which build of containerd; only where somebody asks

    def of(self, name: str) -> Contents | None:
        """What the name leads to; None where it is unknown, or documents are missing."""
        record = self.records.get(name)
        return self.contents.get(record.target) if record else None

    def unpacked(self, contents: Contents) -> bool:
        """Whether containers can start from it at once."""
        return not contents.diff_ids or chains.chain(contents.diff_ids)[-1] in self.chains

    @property
    def discards(self) -> bool:
        """Whether the runtime removes layers once they are extracted (`discard_unpacked_layers`).

        Its images tell, whatever file that is set in. Spegel, which gives layers to other nodes, does not start there.
        """
        lacking = (c for c in self.contents.values() if c.diff_ids and not c.whole)
        return not self.torn and any(self.unpacked(c) for c in lacking)

    def pinned(self, name: str) -> bool:
        """Whether the kubelet leaves it alone, and we know it as ours."""
        labels = self.records[name].labels if name in self.records else {}
        return PINNED in labels and STAGED in labels
