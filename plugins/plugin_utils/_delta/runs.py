# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Content that repeats itself, such as the zeros between the sections of a program.

Suffix arrays find every one of its many equal places, in a time that grows with the square of its
length and more: two megabytes of zeros that moved take minutes. It compresses to nothing, so it is
taken out on both sides before they are compared.
"""

from __future__ import annotations

import bisect
import typing as t

# All periods that divide it are found: bytes, words, records of 3, 6, 12, 16, 24 bytes.
_PERIOD = 48
# Runs of less than this are left in.
_BLOCK = 1 << 10


class Run(t.NamedTuple):
    """Bytes from `start` to before `end` that repeat themselves."""

    start: int
    end: int


def runs(data: memoryview) -> list[Run]:
    """Runs in their order, each as long as it is."""
    found: list[Run] = []
    place = 0
    while place + _BLOCK <= len(data):
        if data[place + _PERIOD : place + _BLOCK] != data[place : place + _BLOCK - _PERIOD]:
            place += _BLOCK
            continue
        end = _end(data, place + _BLOCK)
        found.append(Run(_start(data, place, found[-1].end if found else 0), end))
        place = end
    return found


def _end(data: memoryview, place: int) -> int:
    """Where what is before `place` ceases to go on."""
    while place < len(data):
        count = min(_BLOCK, len(data) - place)
        same = _equal(data[place - _PERIOD : place - _PERIOD + count], data[place : place + count])
        place += same
        if same < count:
            break
    return place


def _start(data: memoryview, place: int, least: int) -> int:
    """Where what is after `place` begins; less than a block before, or that block would be in."""
    count = min(_BLOCK, place - least)
    one = data[place - count : place]
    other = data[place - count + _PERIOD : place + _PERIOD]
    return place - _equal(one[::-1], other[::-1])


def _equal(one: memoryview, other: memoryview) -> int:
    """Bytes that are equal at the start of two pieces of one length."""
    left = int.from_bytes(bytes(one), "little") ^ int.from_bytes(bytes(other), "little")
    return ((left & -left).bit_length() - 1) // 8 if left else len(one)


class Rest:
    """Content without its runs."""

    def __init__(self, data: memoryview) -> None:
        self.runs = runs(data)
        self._starts: list[int] = []  # of the pieces between runs, as they are counted here
        self._places: list[int] = []  # and in the content itself
        kept = bytearray()
        place = 0
        for run in [*self.runs, Run(len(data), len(data))]:
            self._starts.append(len(kept))
            self._places.append(place)
            kept += data[place : run.start]
            place = run.end
        self.content = bytes(kept)

    def place(self, offset: int) -> int:
        """Where the byte at `offset` of the rest is in the content."""
        piece = bisect.bisect_right(self._starts, offset) - 1
        return self._places[piece] + offset - self._starts[piece]

    def until_run(self, offset: int) -> int:
        """Bytes from `offset` on to the next place where a run was taken out; many where none was."""
        piece = bisect.bisect_right(self._starts, offset)
        return self._starts[piece] - offset if piece < len(self._starts) else 1 << 62
