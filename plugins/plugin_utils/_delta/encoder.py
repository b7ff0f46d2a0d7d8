# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes deltas of layers; `module_utils/_images/form.py` says what a delta is."""

from __future__ import annotations

import hashlib
import typing as t
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._images import form
from ansible_collections.lightk8s.edge.plugins.plugin_utils._delta.differences import (
    BYTES_EACH,
    WINDOW,
    matches,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._delta.members import (
    Member,
    mapped,
    members,
    seen,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._delta.origins import Origin, Origins
from ansible_collections.lightk8s.edge.plugins.plugin_utils._delta.packed import held, packed
from ansible_collections.lightk8s.edge.plugins.plugin_utils._delta.streams import (
    LARGE,
    SMALL,
    Writer,
)

# Equal bytes with which a match is worth its orders, whatever its differences are: these often repeat themselves.
_CLEARLY = 64
# With fewer of them, bytes that travel, about, for one byte of new content, for the orders of a match, and for
# one byte in which it differs. Shorter matches would save little more, and take far more time on the node.
_FRESH, _ORDERS, _OTHER = 0.36, 12, 1
# Code is told from other content by the head of its file; this share of it (one part in so many) is much.
_ELF_HEAD, _SHARE = 20, 8


@dataclass(frozen=True)
class Tar:
    """The uncompressed tar of a layer in a file."""

    diff_id: str
    path: Path


def memory_needed(bases: t.Sequence[Tar], target: Tar) -> int:
    """Bytes that making this delta may take at most."""
    largest = max((base.path.stat().st_size for base in bases), default=0)
    size = target.path.stat().st_size
    compressor = 11 * (LARGE + (len(form.STREAMS) - 1) * SMALL)
    window = min(WINDOW, largest)
    return compressor + (BYTES_EACH + 1) * window + (4 * min(size, WINDOW) if window else 0)


def encode(
    bases: t.Sequence[Tar],
    target: Tar,
    path: Path,
    hidden: t.Mapping[str, frozenset[str]] | None = None,
    *,
    pack: bool = True,
) -> None:
    """Write the delta that gives `target` from the files of `bases` to `path`.

    `hidden`: by diffID of a base, folders whose files are not found there once it is extracted.
    `pack`: whether the node can pack what gzip files hold.
    EdgeError(artifact) where a tar is not what its diffID says, (preflight) where a package is missing.
    """
    with ExitStack() as stack:
        new = stack.enter_context(mapped(target.path))
        olds = [stack.enter_context(mapped(base.path)) for base in bases]
        for tar, view in zip([target, *bases], [new, *olds], strict=True):
            _check(tar, view)
        found = members(new)
        hidden = hidden or {}
        origins = Origins(
            [
                seen(members(old), hidden.get(base.diff_id, frozenset()))
                for base, old in zip(bases, olds, strict=True)
            ]
        )
        used = _used(found, origins)
        writer = Writer(path.parent, stack, _dictionary(len(new)), _code(found, origins, new))
        writer.name(used)
        place = 0
        for member in found:
            writer.headers(place, new[place : member.offset])
            place = member.offset + member.size
            # Kept in no name: a file can only be unmapped when no view of it is left.
            _Body(writer, new[member.offset : place], pack).write(_origin(member, origins), olds)
        writer.headers(place, new[place:])
        writer.save(path, [base.diff_id for base in bases], target.diff_id, len(new))


def _check(tar: Tar, view: memoryview) -> None:
    found = f"sha256:{hashlib.sha256(view).hexdigest()}"
    if found != tar.diff_id:
        raise EdgeError(f"{tar.path} has the digest {found}, not {tar.diff_id}", kind="artifact")


def _worth(diff: bytes) -> bool:
    """Whether a match takes fewer bytes than what it gives would as new content."""
    same = diff.count(0)
    other = len(diff) - same
    return same >= _CLEARLY or _FRESH * len(diff) > _ORDERS + _OTHER * other


def _dictionary(size: int) -> int:
    """No larger than what there is to remember."""
    return min(LARGE, max(1 << 16, 1 << (size - 1).bit_length() if size else 0))


def _origin(member: Member, origins: Origins) -> Origin | None:
    return origins.same(member) or origins.alike(member)


def _used(found: t.Sequence[Member], origins: Origins) -> list[Origin]:
    """Files that are read, in an order in which neighbours are read one after another."""
    used = {origin for member in found if (origin := _origin(member, origins))}
    return sorted(used, key=lambda origin: (origin.base, origin.member.offset))


def _code(found: t.Sequence[Member], origins: Origins, new: memoryview) -> bool:
    """Whether much of what is new may be code of x86 processors."""
    fresh = [member for member in found if origins.same(member) is None]
    code = sum(m.size for m in fresh if _is_x86(bytes(new[m.offset : m.offset + _ELF_HEAD])))
    return code * _SHARE >= sum(member.size for member in fresh) > 0


def _is_x86(head: bytes) -> bool:
    """An ELF file, little-endian, of one of the two machines."""
    return head[:4] == b"\x7fELF" and head[5:6] == b"\x01" and head[18:20] in (b"\x03\0", b"\x3e\0")


class _Body:
    """One file of the new layer."""

    def __init__(self, writer: Writer, content: memoryview, pack: bool) -> None:
        self._writer = writer
        self._content = content
        self._pack = pack

    def write(self, origin: Origin | None, olds: t.Sequence[memoryview]) -> None:
        old = None
        if origin:
            source = origin.member
            old = olds[origin.base][source.offset : source.offset + source.size]
            if old == self._content:
                self._writer.open(origin)
                self._writer.copy(len(old))
                return
        inside = packed(self._content) if self._pack else None
        if inside is None:
            self._changes(self._content, origin, old, form.OPEN)
            return
        self._writer.take("extra", form.EXTRA, inside.head)
        for count in inside.blocks:
            self._writer.order(form.PACK, count)
        before = held(old) if old is not None else None
        way = None if before is None else memoryview(before)
        self._changes(memoryview(inside.content), origin, way, form.UNPACK)
        self._writer.take("extra", form.EXTRA, inside.end)

    def _changes(
        self, content: memoryview, origin: Origin | None, old: memoryview | None, how: int
    ) -> None:
        """`content` by what it has in common with `old`, which is read from `origin`."""
        opened = False
        place = fresh = 0  # in the new content; what is before `place` and not yet written
        for match in matches(old, content) if origin and old else ():
            here = place
            place += len(match.diff) + len(match.extra)
            if not _worth(match.diff):
                continue  # goes on as new content
            self._writer.take("extra", form.EXTRA, content[fresh:here])
            if not opened and origin:
                self._writer.open(origin, how)
                opened = True
            self._writer.seek(match.place)
            self._writer.add(match.diff)
            fresh = here + len(match.diff)
        self._writer.take("extra", form.EXTRA, content[fresh:])
