# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in the tar of a layer, as far as the choice of bases depends on it."""

from __future__ import annotations

import hashlib
import tarfile
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.plugin_utils._delta.members import (
    below_root,
    entries,
    mapped,
    members,
)

# Bytes of a digest that are kept: a mistake costs a worse choice, never a wrong layer.
_SHORT = 8
# A file of the same path and other content gives a part of its bytes; how many, nobody knows before.
_LIKELY = 0.5


@dataclass(frozen=True)
class Index:
    """The regular files of a layer and the links that may lead others astray."""

    tar_size: int
    files: dict[str, tuple[str, int]]  # by path: content and size; both names shortened digests
    folders: frozenset[str]  # all folders above the files
    links: frozenset[str]  # symbolic links

    def covered(self, base: Index, left: t.Iterable[str]) -> float:
        """Bytes of the files in `left` that a delta from `base` is likely not to hold."""
        contents = {content for content, _size in base.files.values()}
        total = 0.0
        for path in left:
            content, size = self.files[path]
            if content in contents:
                total += size
            elif path in base.files:
                total += size * _LIKELY
        return total

    def uncovered(self, base: Index, left: t.Iterable[str]) -> frozenset[str]:
        """Files of `left` that `base` has in no form."""
        contents = {content for content, _size in base.files.values()}
        return frozenset(
            path for path in left if path not in base.files and self.files[path][0] not in contents
        )

    def through(self, lower: t.Iterable[str]) -> frozenset[str]:
        """Folders of this layer that a link of its own or of a `lower` layer stands for.

        What is extracted through it lies elsewhere in the snapshot.
        """
        return self.folders & (self.links | frozenset(lower))

    def stored(self) -> dict[str, t.Any]:
        """As JSON; `read` is the reverse."""
        return {
            "tar_size": self.tar_size,
            "files": {path: list(about) for path, about in self.files.items()},
            "folders": sorted(self.folders),
            "links": sorted(self.links),
        }

    @classmethod
    def read(cls, value: t.Mapping[str, t.Any]) -> Index:
        """KeyError, TypeError or ValueError where it is not what `stored` made."""
        files = {path: (str(about[0]), int(about[1])) for path, about in value["files"].items()}
        folders, links = frozenset(value["folders"]), frozenset(value["links"])
        return cls(int(value["tar_size"]), files, folders, links)


def index_of(path: Path) -> Index:
    """The index of a layer whose uncompressed tar is at `path`."""
    with mapped(path) as view:
        files: dict[str, tuple[str, int]] = {}
        folders: set[str] = set()
        for member in members(view):
            files[_short(member.path)] = (member.digest[:_SHORT].hex(), member.size)
            _note_folders(member.path, folders)
        links = {
            _text(below_root(item.name)) for item in entries(view) if item.type == tarfile.SYMTYPE
        }
        return Index(len(view), files, frozenset(folders), frozenset(links))


def _note_folders(path: bytes, folders: set[str]) -> None:
    parent = path.rpartition(b"/")[0]
    while parent and _text(parent) not in folders:
        folders.add(_text(parent))
        parent = parent.rpartition(b"/")[0]


def _short(path: bytes) -> str:
    return hashlib.sha256(path).digest()[:_SHORT].hex()


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")
