# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a distribution calls the files of a release: one table per distribution, no code paths."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.checksums import (
    parse_sha256sums,
)

KINDS = ("binary", "images")
ARCHES = ("amd64", "arm64", "arm")

# What kernels, Ansible facts and users call the same three architectures.
_ARCH_ALIASES = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "armhf": "arm",
    "armv7l": "arm",
    "armv7": "arm",
    "armv8l": "arm",
}


def canonical_arch(name: str) -> str:
    """One of ARCHES for any of the usual spellings; an unknown name comes back unchanged."""
    return _ARCH_ALIASES.get(name, name)


@dataclass(frozen=True)
class ReleaseNames:
    """Everything the store has to know about how one distribution publishes.

    `assets` maps "<kind>:<arch>" to file names, the preferred one first; the first that the
    checksum file lists is taken, so one table may cover several generations of names. "{tag}" in
    a file name stands for the release's tag. `checksums` maps an architecture to the file that
    vouches for its assets (several may share one), in the format that `parse` reads.
    `official` is a mirror like any other: `<official>/<tag>/<file>`.
    """

    distribution: str
    tag: re.Pattern[str]
    tag_example: str
    official: str
    channels: str
    assets: Mapping[str, tuple[str, ...]]
    checksums: Mapping[str, str]
    channels_file: str = "channels"  # of a mirror, beside its releases
    parse: Callable[[str], dict[str, str]] = parse_sha256sums

    def is_tag(self, text: str) -> bool:
        return self.tag.fullmatch(text) is not None

    def asset_names(self, key: str, tag: str) -> tuple[str, ...]:
        return tuple(name.replace("{tag}", tag) for name in self.assets.get(key, ()))
