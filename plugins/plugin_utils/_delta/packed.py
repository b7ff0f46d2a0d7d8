# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a file was packed by gzip, where a node can pack it so again (`module_utils/_images/packing.py`)."""

from __future__ import annotations

import typing as t
import zlib
from dataclasses import dataclass

from ansible_collections.lightk8s.edge.plugins.module_utils._images.form import MOST_UNPACKED
from ansible_collections.lightk8s.edge.plugins.module_utils._images.packing import (
    Packer,
    unpacked,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._delta.blocks import block_ends

_MAGIC = b"\x1f\x8b\x08"
_HEAD, _END = 10, 8  # bytes around the packed content, where no name is stored


@dataclass(frozen=True)
class Packed:
    """A gzip file: what is in it, and how to make it again."""

    head: bytes
    content: bytes
    blocks: tuple[int, ...]  # bytes of the content
    end: bytes


def held(data: memoryview) -> bytes | None:
    """What is in the file, if it is one that gzip packed and no larger than nodes unpack."""
    if len(data) > MOST_UNPACKED or data[:3] != _MAGIC:
        return None
    return unpacked(bytes(data))


def packed(data: memoryview) -> Packed | None:
    """How `data` is made of its content, None where it is no gzip file or was not made by `gzip -9`."""
    content = held(data)
    if not content:
        return None
    start = _head(data)
    decoder = zlib.decompressobj(-zlib.MAX_WBITS)
    decoder.decompress(data[start:])
    end = len(data) - len(decoder.unused_data)
    body = bytes(data[start:end])
    for blocks in _ways(body, len(content)):
        if _repacked(content, blocks) == body:
            return Packed(bytes(data[:start]), content, blocks, bytes(data[end:]))
    return None


def _head(data: memoryview) -> int:
    """Bytes before the packed content."""
    flags, place = data[3], _HEAD
    if flags & 4:
        place += 2 + int.from_bytes(data[place : place + 2], "little")
    for flag in (8, 16):  # a name, a comment
        if flags & flag:
            place += bytes(data[place:]).index(0) + 1
    return place + (2 if flags & 2 else 0)


def _ways(body: bytes, size: int) -> t.Iterator[tuple[int, ...]]:
    """As zlib itself would divide it, which costs nothing to try and nothing to say; then as it is."""
    yield (size,)
    ends = block_ends(body)
    blocks = tuple(end - start for start, end in zip([0, *ends], ends, strict=False))
    if len(blocks) > 1 and all(blocks):
        yield blocks


def _repacked(content: bytes, blocks: t.Sequence[int]) -> bytes:
    packer = Packer()
    for count in blocks:
        packer.block(count)
    return packer.take(content)
