# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What turns one file into another: bsdiff's matches, found with suffix arrays by the package bsdiff4.

Content that repeats itself is taken out before (`runs.py`).
"""

from __future__ import annotations

import struct
import typing as t

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._delta.runs import Rest

# Suffix arrays take 16 bytes for each byte of the old file: larger files are compared in parts.
WINDOW = 40 << 20
BYTES_EACH = 16


class Match(t.NamedTuple):
    """Old bytes from `place` on with differences added, then new ones."""

    place: int
    diff: bytes
    extra: bytes


def matches(old: memoryview, new: memoryview, window: int = WINDOW) -> t.Iterator[Match]:
    """Matches that together give `new`. EdgeError(preflight) where the package is missing."""
    parts = -(-len(new) // window)
    for part in range(parts):
        start, end = part * len(new) // parts, (part + 1) * len(new) // parts
        # The part of the old file that lies where this one does, with as much on both sides as fits.
        centre = (start + end) * len(old) // (2 * len(new))
        first = max(0, min(centre - window // 2, len(old) - window))
        for match in _with_runs(old[first : first + window], new[start:end]):
            yield match._replace(place=first + match.place)


def _with_runs(old: memoryview, new: memoryview) -> t.Iterator[Match]:
    """The matches of what does not repeat itself, and between them what does."""
    before, after = Rest(old), Rest(new)
    place = 0
    waiting = list(reversed(after.runs))
    for match in _pieces(_matches(before.content, after.content), before, after):
        while waiting and place == waiting[-1].start:
            place, start = waiting.pop().end, place
            yield Match(0, b"", bytes(new[start:place]))
        yield match
        place += len(match.diff) + len(match.extra)
    if place < len(new):
        yield Match(0, b"", bytes(new[place:]))


def _pieces(found: t.Iterable[Match], before: Rest, after: Rest) -> t.Iterator[Match]:
    """The matches, cut where a run was taken out on either side."""
    place = 0
    for match in found:
        taken, extra = 0, 0
        while taken < len(match.diff):
            old = match.place + taken
            count = min(before.until_run(old), after.until_run(place), len(match.diff) - taken)
            yield Match(before.place(old), match.diff[taken : taken + count], b"")
            taken += count
            place += count
        while extra < len(match.extra):
            count = min(after.until_run(place), len(match.extra) - extra)
            yield Match(0, b"", match.extra[extra : extra + count])
            extra += count
            place += count


def _matches(old: bytes, new: bytes) -> t.Iterator[Match]:
    control, diff, extra = _library().diff(old, new)
    numbers = [_number(control, place) for place in range(0, len(control), 8)]
    place = taken = added = 0
    for index in range(0, len(numbers), 3):
        same, fresh, step = numbers[index : index + 3]
        yield Match(place, diff[taken : taken + same], extra[added : added + fresh])
        taken += same
        added += fresh
        place += same + step


def _number(data: bytes, place: int) -> int:
    """A little-endian number whose topmost bit is its sign."""
    (value,) = struct.unpack_from("<Q", data, place)
    rest: int = value & ~(1 << 63)
    return -rest if value >> 63 else rest


def _library() -> t.Any:
    try:
        from bsdiff4 import core
    except ImportError as error:
        raise EdgeError(
            "differences of layers cannot be computed without the Python package bsdiff4",
            kind="preflight",
            hint="install the Python package bsdiff4 on the controller",
        ) from error
    return core
