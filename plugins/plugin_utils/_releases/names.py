# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a distribution calls the files of a release: one table per distribution, no code paths."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.checksums import (
    parse_sha256sums,
)

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
    checksum file lists is taken, so one table may cover several generations of names. In a file
    name "{tag}" stands for the release's tag, "{build}" for the number of its build, and "*" for
    digits that only the checksum file knows; of several such files the highest number is taken.
    `checksums` maps an architecture to the file that vouches for its assets (several may share
    one), in the format that `parse` reads; its name may hold "{tag}" too. `official` is a mirror like any other:
    `<official>/<tag>/<file>`; empty where there is no such place. `kinds` are the assets that
    every installation needs, `programs` those that a pinned digest is about.
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
    kinds: tuple[str, ...] = ("binary",)
    filling: str = ""  # how a mirror is filled, where there is no official place
    programs: tuple[str, ...] = ("binary",)
    # Where programs come in an archive: its name, and the path in it of each file that is listed.
    archive: str = ""
    members: Mapping[str, str] = field(default_factory=dict)

    def is_tag(self, text: str) -> bool:
        return self.tag.fullmatch(text) is not None

    def archive_name(self, tag: str, arch: str) -> str:
        """The archive that holds the programs for an architecture."""
        return self.archive.replace("{tag}", tag).replace("{arch}", arch)

    def paths_in_archive(self, tag: str, arch: str) -> dict[str, str]:
        """File name by path in the archive."""
        return {
            path.replace("{tag}", tag).replace("{arch}", arch): name
            for name, path in self.members.items()
        }

    def asset_name(self, key: str, tag: str, listed: Iterable[str]) -> str:
        """The file for an asset among those that a checksum file lists; empty where none is."""
        known = frozenset(listed)
        build = re.sub(r".*\D", "", tag)
        for name in self.assets.get(key, ()):
            exact = name.replace("{tag}", tag).replace("{build}", build)
            if exact in known:
                return exact
            if "*" not in exact:
                continue
            form = re.compile(re.escape(exact).replace(r"\*", "([0-9]+)"))
            found = {int(match[1]): match[0] for match in map(form.fullmatch, known) if match}
            if found:
                return found[max(found)]
        return ""
