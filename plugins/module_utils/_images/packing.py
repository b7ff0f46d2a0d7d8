# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that gzip has packed: a changed word changes all bytes after it, so deltas are made of what they hold."""

from __future__ import annotations

import functools
import hashlib
import typing as t
import zlib

from .form import MOST_UNPACKED, damaged

# gzip fills the same tables as zlib does with these; what it does otherwise is to end blocks early.
_LEVEL, _MEMORY = 9, 9
_SAMPLE = "51ef8249017be21b8fcd46b898e984975a33f8e7ac083a1342d015571c080329"


def unpacked(data: bytes) -> bytes | None:
    """What is in the file, None where it is not gzip, is damaged or holds too much."""
    decoder = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        content = decoder.decompress(data, MOST_UNPACKED + 1)
    except zlib.error:
        return None
    return content if decoder.eof and len(content) <= MOST_UNPACKED else None


@functools.cache
def faithful() -> bool:
    """Whether this zlib packs as zlib itself does: some that take its place are faster, and pack otherwise."""
    words = b"".join(b"%d %x\n" % (number * number, number) for number in range(5000))
    packer = Packer()
    packer.block(len(words))
    return hashlib.sha256(packer.take(words)).hexdigest() == _SAMPLE


class Packer:
    """Packs what it is given block by block, as `gzip -9` does, without its head and its end."""

    def __init__(self) -> None:
        self._blocks: list[int] = []
        self._deflate: t.Any = None

    @property
    def busy(self) -> bool:
        """Whether something is still to be packed."""
        return bool(self._blocks)

    def block(self, count: int) -> None:
        """One block more of `count` bytes. EdgeError(artifact) where packing has begun."""
        if self._deflate is not None or count < 1:
            raise damaged("packs in an order that has no sense")
        self._blocks.append(count)

    def take(self, data: bytes) -> bytes:
        """What comes out when `data` goes in. EdgeError(artifact) where that is more than was announced."""
        if self._deflate is None:
            self._deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, _MEMORY)
        out = []
        while data:
            if not self._blocks:
                raise damaged("packs more than it says")
            part, data = data[: self._blocks[0]], data[self._blocks[0] :]
            out.append(self._deflate.compress(part))
            self._blocks[0] -= len(part)
            if not self._blocks[0]:
                self._blocks.pop(0)
                out.append(self._deflate.flush(zlib.Z_BLOCK if self._blocks else zlib.Z_FINISH))
        if not self._blocks:
            self._deflate = None
        return b"".join(out)
