# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the blocks of a deflate stream (RFC 1951) end, counted in the bytes that it holds.

zlib for Python does not tell. Only lengths are read, nothing is unpacked.
"""

from __future__ import annotations

import typing as t

_LENGTHS = (
    *(3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27),
    *(31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258),
)
_LENGTH_BITS = (0,) * 8 + (1,) * 4 + (2,) * 4 + (3,) * 4 + (4,) * 4 + (5,) * 4 + (0,)
_DISTANCE_BITS = (0, 0, 0, 0, *(bits for bits in range(1, 14) for dummy in (0, 1)))
_ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)
_STORED, _FIXED = 0, 1
_END = 256


class _Codes(t.NamedTuple):
    """A Huffman code: by the bits that come next, the symbol and how many of the bits it takes."""

    table: list[int]  # symbol * 16 + bits
    mask: int


def _codes(lengths: t.Sequence[int]) -> _Codes:
    most = max(lengths, default=0)
    table = [0] * (1 << most)
    code = 0
    for length in range(1, most + 1):
        for symbol, own in enumerate(lengths):
            if own == length:
                first = int(format(code, f"0{length}b")[::-1], 2)
                for word in range(first, 1 << most, 1 << length):
                    table[word] = symbol << 4 | length
                code += 1
        code <<= 1
    return _Codes(table, (1 << most) - 1)


class _Bits:
    """Bits of a stream, the least significant of each byte first."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0
        self.word = 0
        self.count = 0

    def fill(self) -> None:
        """Have at least 48 bits; zeros follow the end."""
        if self.count < 48:
            self.word |= int.from_bytes(self._data[self._place : self._place + 6], "little") << (
                self.count
            )
            self._place += 6
            self.count += 48

    def take(self, count: int) -> int:
        self.fill()
        value = self.word & ((1 << count) - 1)
        self.word >>= count
        self.count -= count
        return value

    def symbol(self, codes: _Codes) -> int:
        self.fill()
        found = codes.table[self.word & codes.mask]
        self.take(found & 15)
        return found >> 4

    def skip(self, count: int) -> None:
        """Go on `count` bytes after the next whole byte that was not read."""
        self._place += count - self.count // 8
        self.word = self.count = 0


def block_ends(data: bytes) -> list[int]:
    """The end of each block. `data` is a deflate stream that zlib has unpacked already."""
    bits, ends, total = _Bits(data), [0], 0
    last = 0
    while not last:
        last, kind = bits.take(1), bits.take(2)
        if kind == _STORED:
            bits.take(bits.count % 8)
            size = bits.take(16)
            bits.take(16)
            bits.skip(size)
            total += size
        else:
            total += _held(bits, *(_FIXED_CODES if kind == _FIXED else _described(bits)))
        ends.append(total)
    return ends[1:]


def _held(bits: _Bits, symbols: _Codes, distances: _Codes) -> int:
    """Bytes that one block holds."""
    total = 0
    while True:
        symbol = bits.symbol(symbols)
        if symbol < _END:
            total += 1
        elif symbol == _END:
            return total
        else:
            total += _LENGTHS[symbol - 257] + bits.take(_LENGTH_BITS[symbol - 257])
            bits.take(_DISTANCE_BITS[bits.symbol(distances)])


def _described(bits: _Bits) -> tuple[_Codes, _Codes]:
    """The codes that a block begins with."""
    symbols, distances, described = bits.take(5) + 257, bits.take(5) + 1, bits.take(4) + 4
    own = [0] * len(_ORDER)
    for place in _ORDER[:described]:
        own[place] = bits.take(3)
    codes = _codes(own)
    lengths: list[int] = []
    while len(lengths) < symbols + distances:
        symbol = bits.symbol(codes)
        if symbol < 16:
            lengths.append(symbol)
        elif symbol == 16:
            lengths += [lengths[-1]] * (3 + bits.take(2))
        else:
            lengths += [0] * (3 + bits.take(3) if symbol == 17 else 11 + bits.take(7))
    return _codes(lengths[:symbols]), _codes(lengths[symbols:])


_FIXED_CODES = _codes([8] * 144 + [9] * 112 + [7] * 24 + [8] * 8), _codes([5] * 30)
