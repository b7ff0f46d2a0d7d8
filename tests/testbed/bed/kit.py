# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a distribution's releases are made of; `mirror` lays them out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Release:
    """A release of the stand-in. Behaviours: normal, never-ready, no-start."""

    version: str
    behaviour: str = "normal"
    official: bool = False


@dataclass(frozen=True)
class Kit:
    """A distribution. `assemble(cache, root, release)` writes a stand-in's release."""

    name: str
    parts: tuple[str, ...]
    releases: tuple[Release, ...]
    official: str  # URL above the releases
    sums: str  # the file of checksums; it may have {version} in its name
    assets: Callable[[str], tuple[str, ...]]  # what else a version has
    assemble: Callable[[Path, Path, Release], None]
    index: Callable[[Path], None]  # writes what names the newest releases

    def sums_of(self, version: str) -> str:
        return self.sums.format(version=version)
