# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes deltas of layers; `module_utils/_images/form.py` says what a delta is."""

from __future__ import annotations

import hashlib
import lzma
import shutil
import typing as t
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

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

# Dictionaries of the decoder on the node. Differences gain little from a large one, whole content much.
_SMALL, _LARGE = 1 << 20, 16 << 20
# Equal bytes that a match needs at least: orders for fewer take as much as the bytes do, and far more
# time on the node.
_LEAST = 64


@dataclass(frozen=True)
class Tar:
    """The uncompressed tar of a layer in a file."""

    diff_id: str
    path: Path


def memory_needed(bases: t.Sequence[Tar], target: Tar) -> int:
    """Bytes that making this delta may take at most."""
    largest = max((base.path.stat().st_size for base in bases), default=0)
    size = target.path.stat().st_size
    compressor = 11 * _LARGE + 4 * 11 * _SMALL
    window = min(WINDOW, largest)
    return compressor + (BYTES_EACH + 1) * window + (4 * min(size, WINDOW) if window else 0)


@contextmanager
def _scratch(folder: Path) -> t.Iterator[t.IO[bytes]]:
    with TemporaryFile(dir=folder) as file:
        yield file


class _Stream:
    """A stream of a delta, compressed into a file while it grows."""

    def __init__(self, file: t.IO[bytes], dictionary: int) -> None:
        options = {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}
        chain = [{**options, "dict_size": dictionary}]
        self._lzma = lzma.LZMACompressor(lzma.FORMAT_XZ, lzma.CHECK_CRC64, filters=chain)
        self.file = file

    def write(self, data: bytes | memoryview) -> None:
        self.file.write(self._lzma.compress(data))

    def finish(self) -> int:
        self.file.write(self._lzma.flush())
        size = self.file.tell()
        self.file.seek(0)
        return size


class _Writer:
    """Streams of a delta, and the files it reads."""

    def __init__(self, folder: Path, stack: ExitStack, extra: int) -> None:
        self._streams: dict[str, _Stream] = {}
        for name in form.STREAMS:
            file = stack.enter_context(_scratch(folder))
            self._streams[name] = _Stream(file, extra if name == "extra" else _SMALL)
        self._numbers: dict[Origin, int] = {}
        self._opened = 0
        self._place = 0

    def order(self, code: int, count: int) -> None:
        self._streams["control"].write(form.varint(count << 3 | code))

    def take(self, stream: str, code: int, data: bytes | memoryview) -> None:
        if len(data):
            self.order(code, len(data))
            self._streams[stream].write(data)

    def open(self, origin: Origin) -> None:
        number = self._numbers[origin]
        self.order(form.OPEN, form.zigzag(number - self._opened))
        self._opened, self._place = number, 0

    def seek(self, place: int) -> None:
        if place != self._place:
            self.order(form.SEEK, form.zigzag(place - self._place))
            self._place = place

    def copy(self, count: int) -> None:
        self.order(form.COPY, count)
        self._place += count

    def add(self, diff: bytes) -> None:
        """Differences; a piece that has none costs nothing to apply."""
        if diff.count(0) == len(diff):
            if diff:
                self.copy(len(diff))
            return
        self.take("diff", form.ADD, diff)
        self._place += len(diff)

    def name(self, used: t.Sequence[Origin]) -> None:
        """Files that are read, before any is opened."""
        for number, origin in enumerate(used):
            self._numbers[origin] = number
            self._streams["names"].write(bytes([origin.base + 1]) + origin.member.path + b"\0")

    def save(self, path: Path, bases: t.Sequence[str], target: str, size: int) -> None:
        sizes = tuple(self._streams[name].finish() for name in form.STREAMS)
        with path.open("wb") as out:
            out.write(form.Head(tuple(bases), target, size, sizes).pack())
            for name in form.STREAMS:
                shutil.copyfileobj(self._streams[name].file, out, 1 << 20)


def encode(
    bases: t.Sequence[Tar],
    target: Tar,
    path: Path,
    hidden: t.Mapping[str, frozenset[str]] | None = None,
) -> None:
    """Write the delta that gives `target` from the files of `bases` to `path`.

    `hidden`: by diffID of a base, folders whose files are not found there once it is extracted.
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
        writer = _Writer(path.parent, stack, _dictionary(len(new)))
        writer.name(used)
        place = 0
        for member in found:
            writer.take("header", form.HEADER, new[place : member.offset])
            place = member.offset + member.size
            _body(writer, new[member.offset : place], _origin(member, origins), olds)
        writer.take("header", form.HEADER, new[place:])
        writer.save(path, [base.diff_id for base in bases], target.diff_id, len(new))


def _check(tar: Tar, view: memoryview) -> None:
    found = f"sha256:{hashlib.sha256(view).hexdigest()}"
    if found != tar.diff_id:
        raise EdgeError(f"{tar.path} has the digest {found}, not {tar.diff_id}", kind="artifact")


def _dictionary(size: int) -> int:
    """No larger than what there is to remember."""
    return min(_LARGE, max(1 << 16, 1 << (size - 1).bit_length() if size else 0))


def _origin(member: Member, origins: Origins) -> Origin | None:
    return origins.same(member) or origins.alike(member)


def _used(found: t.Sequence[Member], origins: Origins) -> list[Origin]:
    """Files that are read, in an order in which neighbours are read one after another."""
    used = {origin for member in found if (origin := _origin(member, origins))}
    return sorted(used, key=lambda origin: (origin.base, origin.member.offset))


def _body(
    writer: _Writer, content: memoryview, origin: Origin | None, olds: t.Sequence[memoryview]
) -> None:
    """One file of the new layer."""
    if origin is None:
        writer.take("extra", form.EXTRA, content)
        return
    source = origin.member
    old = olds[origin.base][source.offset : source.offset + source.size]
    if old == content:
        writer.open(origin)
        writer.copy(len(content))
        return
    opened = False
    place = fresh = 0  # in the new file; what is before `place` and not yet written
    for match in matches(old, content):
        here = place
        place += len(match.diff) + len(match.extra)
        if match.diff.count(0) < _LEAST:
            continue  # goes on as new content
        writer.take("extra", form.EXTRA, content[fresh:here])
        if not opened:
            writer.open(origin)
            opened = True
        writer.seek(match.place)
        writer.add(match.diff)
        fresh = here + len(match.diff)
    writer.take("extra", form.EXTRA, content[fresh:])
