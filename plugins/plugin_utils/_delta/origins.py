# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which file of the bases a file of the new layer most likely comes from."""

from __future__ import annotations

import re
import typing as t
from collections import defaultdict

from ansible_collections.lightk8s.edge.plugins.module_utils._images.form import (
    MOST_NAMES,
    safe_path,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._delta.members import Member

# Files further apart in size than this have little in common.
_FACTOR = 10


class Origin(t.NamedTuple):
    """A file of a base."""

    base: int
    member: Member


class Origins:
    """All files of the bases that can be read on a node, to be looked up by content and by name."""

    def __init__(self, bases: t.Sequence[t.Sequence[Member]]) -> None:
        self._same: dict[bytes, Origin] = {}
        self._path: dict[bytes, Origin] = {}
        self._alike: dict[bytes, list[Origin]] = defaultdict(list)
        room = MOST_NAMES
        for number, members in enumerate(bases):
            # A later member of the same path is the one that is there after extraction.
            last = {member.path: member for member in members if safe_path(member.path)}
            for member in last.values():
                room -= len(member.path) + 2
                if room < 0:
                    return
                self._note(Origin(number, member))

    def _note(self, origin: Origin) -> None:
        path = origin.member.path
        self._same.setdefault(origin.member.digest, origin)
        self._path.setdefault(path, origin)
        for key in _keys(path):
            self._alike[key].append(origin)

    def same(self, member: Member) -> Origin | None:
        """A file of equal content."""
        return self._same.get(member.digest)

    def alike(self, member: Member) -> Origin | None:
        """A file to take differences from: of the same path, else of a similar name and size."""
        if member.path in self._path:
            return self._path[member.path]
        for key in _keys(member.path):
            found = [o for o in self._alike.get(key, ()) if _near(o.member.size, member.size)]
            if found:
                return min(found, key=lambda o: _distance(o.member, member))
        return None


def _keys(path: bytes) -> tuple[bytes, ...]:
    """What names of the same file have in common over versions, the most telling first."""
    masked = re.sub(rb"[0-9]+", b"#", path)
    return masked, b"/" + path.rpartition(b"/")[2], b"/" + masked.rpartition(b"/")[2]


def _near(one: int, other: int) -> bool:
    return max(one, other) <= _FACTOR * min(one, other)


def _distance(one: Member, other: Member) -> tuple[int, int, bytes]:
    """How little two files seem to be the same: by their folders, then by size."""
    folders = set(one.path.split(b"/")) ^ set(other.path.split(b"/"))
    return len(folders), abs(one.size - other.size), one.path
