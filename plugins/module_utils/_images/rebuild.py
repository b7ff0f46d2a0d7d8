# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rebuilds a layer on the node from its delta, in little memory; `form.py` says what a delta is.

What a dictionary of the largest stream needs is the most of it: about 20 MB above an idle Python.
"""

from __future__ import annotations

import hashlib
import lzma
import os
import typing as t

from .._core.errors import EdgeError
from .._host import files
from . import form
from .basefiles import Reader
from .form import damaged
from .packing import Packer, faithful

STEP = 1 << 16
_BLOCKS = STEP // form.BLOCK
_MOVES = (form.OPEN, form.SEEK, form.UNPACK, form.PACK)
_TOO_MUCH = "makes more than it promises"


class _Stream:
    """One xz stream of a delta, read in steps."""

    def __init__(self, handle: int, offset: int, size: int, name: str) -> None:
        self._handle = handle
        self._offset = offset
        self._end = offset + size
        self._what = f"has a damaged stream ({name})"
        self._lzma = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=form.MEMORY[name])

    def some(self, count: int) -> bytes:
        """At most `count` bytes; none at the end."""
        try:
            while not self._lzma.eof:
                data = b"" if not self._lzma.needs_input else self._next()
                found = self._lzma.decompress(data, count)
                if found:
                    return found
        except lzma.LZMAError as exc:
            raise damaged(self._what) from exc
        return b""

    def _next(self) -> bytes:
        data = os.pread(self._handle, min(STEP, self._end - self._offset), self._offset)
        self._offset += len(data)
        if not data:
            raise damaged(self._what)
        return data

    def exactly(self, count: int) -> bytes:
        parts = []
        while count:
            data = self.some(count)
            if not data:
                raise damaged(self._what)
            parts.append(data)
            count -= len(data)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def finish(self) -> None:
        """EdgeError(artifact) unless all of it was used."""
        if self.some(1) or self._offset != self._end or self._lzma.unused_data:
            raise damaged(self._what)


def _orders(stream: _Stream) -> t.Iterator[int]:
    while True:
        data = stream.some(STEP)
        if not data:
            break
        if max(data) > form.PACK:
            raise damaged("has an order that this version does not know")
        yield from data


def _numbers(stream: _Stream) -> t.Iterator[int]:
    number = shift = 0
    while True:
        data = stream.some(STEP)
        if not data:
            break
        for byte in data:
            number |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                yield number
                number = shift = 0
            elif shift > 63:
                raise damaged("has a number out of all bounds")
    if shift:
        raise damaged("ends within a number")


def _add(old: bytes, diff: bytes) -> bytes:
    """Sums of bytes modulo 256, all at once: carries are kept within each byte."""
    low = int.from_bytes(b"\x7f" * len(old), "little")
    top = int.from_bytes(b"\x80" * len(old), "little")
    one, other = int.from_bytes(old, "little"), int.from_bytes(diff, "little")
    total = ((one & low) + (other & low)) ^ ((one ^ other) & top)
    return total.to_bytes(len(old), "little")


class _Delta:
    """A delta that is being carried out."""

    def __init__(self, handle: t.BinaryIO, roots: t.Mapping[str, str]) -> None:
        self.head = form.read_head(handle, os.fstat(handle.fileno()).st_size)
        offset = handle.tell()
        self._streams: dict[str, _Stream] = {}
        for name, size in zip(form.STREAMS, self.head.streams):
            self._streams[name] = _Stream(handle.fileno(), offset, size, name)
            offset += size
        missing = [base for base in self.head.bases if base not in roots]
        if missing:
            raise damaged(f"needs layers that the node does not have: {', '.join(missing)}")
        self._packer = Packer()
        self._reader = Reader([roots[base] for base in self.head.bases], self._names())

    def _names(self) -> list[bytes]:
        stream, data = self._streams["names"], b""
        while len(data) <= form.MOST_NAMES:
            more = stream.some(STEP)
            if not more:
                break
            data += more
        if len(data) > form.MOST_NAMES or (data and not data.endswith(b"\0")):
            raise damaged("has a damaged list of names")
        names = data[:-1].split(b"\0") if data else []
        # A base's number may be 0, which ends names: it is stored one higher.
        names = [bytes([name[0] - 1]) + name[1:] if name else b"" for name in names]
        for name in names:
            if not name or name[0] >= len(self.head.bases) or not form.safe_path(name[1:]):
                raise damaged("names a path outside of its base")
        return names

    def run(self) -> t.Iterator[bytes]:
        left = self.head.size
        try:
            for code, count in self._ordered():
                if code in _MOVES:
                    self._move(code, count)
                    continue
                if code == form.HEADER:
                    found = self._headers(self.head.size - left, count)
                else:
                    found = self._taken(code, count, left)
                for piece in found:
                    left -= len(piece)
                    if left < 0:
                        raise damaged(_TOO_MUCH)
                    if piece:  # what is packed comes out later than it goes in
                        yield piece
        finally:
            self._reader.close()
        if left or self._packer.busy:
            raise damaged("makes less than it promises")
        for stream in self._streams.values():
            stream.finish()

    def _ordered(self) -> t.Iterator[tuple[int, int]]:
        """Each order with its number."""
        numbers = {name: _numbers(self._streams[name]) for name in form.NUMBERS}
        for code in _orders(self._streams["orders"]):
            count = next(numbers[form.NUMBER_OF[code]], None)
            if count is None:
                raise damaged("has an order without its number")
            yield code, count
        for rest in numbers.values():
            if next(rest, None) is not None:
                raise damaged("has more numbers than orders")

    def _headers(self, made: int, count: int) -> t.Iterator[bytes]:
        """The padding of what was made before, and as many headers."""
        if self._packer.busy:
            raise damaged("packs the headers of a tar")
        padding = -made % form.BLOCK
        if padding + count * form.BLOCK > self.head.size - made:
            raise damaged(_TOO_MUCH)
        yield bytes(padding)
        for start in range(0, count, _BLOCKS):
            data = self._streams["header"].exactly(min(_BLOCKS, count - start) * form.BLOCK)
            blocks = [data[n : n + form.BLOCK] for n in range(0, len(data), form.BLOCK)]
            yield b"".join(map(form.with_checksum, blocks))

    def _taken(self, code: int, count: int, left: int) -> t.Iterator[bytes]:
        """Content of a file."""
        if not self._packer.busy and count > left:
            raise damaged(_TOO_MUCH)
        for start in range(0, count, STEP):
            piece = self._take(code, min(STEP, count - start))
            yield self._packer.take(piece) if self._packer.busy else piece

    def _move(self, code: int, count: int) -> None:
        """Orders that make nothing."""
        if code == form.OPEN:
            self._reader.open(form.unzigzag(count))
        elif code == form.SEEK:
            self._reader.seek(form.unzigzag(count))
        elif code == form.UNPACK:
            self._reader.unpack(form.unzigzag(count))
        elif not faithful():
            raise damaged("packs with zlib, which is another one here")
        else:
            self._packer.block(count)

    def _take(self, code: int, count: int) -> bytes:
        if code == form.EXTRA:
            return self._streams["extra"].exactly(count)
        if code == form.COPY:
            return self._reader.read(count)
        return _add(self._reader.read(count), self._streams["diff"].exactly(count))


def rebuilt(path: str, roots: t.Mapping[str, str], diff_id: str) -> t.Iterator[bytes]:
    """The tar of the layer `diff_id` from the delta at `path`, in pieces of 1 byte to 64 KiB.

    `roots` maps the diffID of each layer that the node has extracted to the folder with its own files.
    Raises EdgeError(artifact), at the latest after the last piece: what came before is to be thrown away.
    """
    total = hashlib.sha256()
    try:
        with open(path, "rb") as handle:
            delta = _Delta(handle, roots)
            if delta.head.target != diff_id:
                raise damaged(f"is for {delta.head.target}, not {diff_id}")
            for piece in delta.run():
                total.update(piece)
                yield piece
    except OSError as exc:
        raise damaged(f"cannot be applied: {exc}") from exc
    if f"sha256:{total.hexdigest()}" != diff_id:
        raise damaged("does not give the layer that it promises: a file of its base has changed")


def look(path: str, roots: t.Mapping[str, str], diff_id: str) -> form.Head:
    """The delta's head, after all that can be known to be wrong without rebuilding. EdgeError(artifact)."""
    try:
        with open(path, "rb") as handle:
            head = _Delta(handle, roots).head
    except OSError as exc:
        raise damaged(f"cannot be read: {exc}") from exc
    if head.target != diff_id:
        raise damaged(f"is for {head.target}, not {diff_id}")
    return head


def write_layer(path: str, roots: t.Mapping[str, str], diff_id: str, target: str) -> None:
    """Put the layer's tar at `target`, which appears complete and checked or not at all. EdgeError."""

    def fill(stream: t.BinaryIO) -> None:
        stream.writelines(rebuilt(path, roots, diff_id))

    files.write(target, fill, 0o600)


def head_of(path: str) -> form.Head:
    """What the delta says of itself. EdgeError (artifact, io)."""
    try:
        with open(path, "rb") as handle:
            return form.read_head(handle, os.fstat(handle.fileno()).st_size)
    except OSError as exc:
        raise EdgeError(f"cannot read {path}: {exc.strerror}", kind="io") from exc


def bases_of(path: str) -> tuple[str, ...]:
    """The diffIDs of the layers whose files the delta reads. EdgeError (artifact, io)."""
    return head_of(path).bases
