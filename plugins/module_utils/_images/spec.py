# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a node says of its images, as far as a transfer depends on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Have:
    """What is on the node already, and what its container runtime can do."""

    blobs: frozenset[str] = frozenset()  # digests in the content store
    extracted: frozenset[str] = frozenset()  # diffIDs of layers whose files can be read
    free: int = 0  # bytes on the file system that images lie on
    reserve: int = 0  # bytes below which the kubelet evicts pods and removes images there
    # Layers may be missing where their snapshots are there: the runtime discards them itself after
    # unpacking, and no other node fetches them from this one.
    may_lack_layers: bool = False
