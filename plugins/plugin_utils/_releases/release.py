# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the store hands out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.names import canonical_arch


@dataclass(frozen=True)
class Asset:
    """One file of a release.

    `size` is in bytes and known once the file is in the cache. `urls` are the places to fetch it
    from, in the order of the mirrors; they may hold credentials, so show them redacted.
    """

    tag: str
    name: str
    sha256: str
    size: int | None
    urls: tuple[str, ...]


@dataclass(frozen=True)
class Release:
    """One version and the files it is known to have, by "<kind>:<arch>"."""

    tag: str
    assets: Mapping[str, Asset]

    def asset(self, kind: str, arch: str) -> Asset:
        """Raises EdgeError (release) when the release lists no such file."""
        key = f"{kind}:{canonical_arch(arch)}"
        if key not in self.assets:
            raise EdgeError(
                f"release {self.tag} lists no {kind} for {arch}; it has"
                f" {', '.join(sorted(self.assets))}",
                kind="release",
                hint="Choose a version that is published for this architecture, or complete the"
                " mirror.",
            )
        return self.assets[key]
