# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The form in which a layer travels: what to do with files of layers that the node has already.

A delta rebuilds the uncompressed tar of one layer, bit for bit. It reads regular files of extracted layers,
its bases; without a base it holds all of the layer. Reading files instead of a former tar is the idea of
tar-diff (containers/tar-diff), adding differences byte by byte that of bsdiff (Colin Percival, 2003).

Integers are big-endian. A delta is

    8   magic, which ends in the version of the form
    1   number of bases, then the diffID of each, 32 bytes
    32  diffID of the layer
    8   size of its tar
    40  sizes of the five streams as they are stored, 8 bytes each
        the streams, each of them one xz: control, differences, new content, tar headers, names

and nothing after them. The names are, for each file that is read, one byte with the number of its base,
counted from 1, and its path below the base's root, ended by NUL. The control is a sequence of numbers,
7 bits a byte, the least significant first, the top bit set in all bytes but the last. The lowest 3 bits of
a number say what to do, the others are a count n:

    HEADER  take n bytes of the tar headers
    EXTRA   take n bytes of the new content
    OPEN    go to the start of the file that is n further in the names than the one before (zigzag)
    COPY    take the file's next n bytes
    ADD     take the file's next n bytes, to each of which the next difference is added (modulo 256)
    SEEK    go n bytes further in the file (zigzag)
    UNPACK  as OPEN, but read what the file holds, which is one that gzip has packed
    PACK    what is taken next is packed as gzip does at its best, without head and end; n bytes of it are
            the first block, further PACKs say of further blocks

Version 2 has UNPACK and PACK, which version 1 had not.
"""

from __future__ import annotations

import struct
import typing as t

from .._core.errors import EdgeError
from .._core.records import dataclass

MAGIC = b"LK8DELT\x02"
STREAMS = ("control", "diff", "extra", "header", "names")
HEADER, EXTRA, OPEN, COPY, ADD, SEEK, UNPACK, PACK = range(8)
SIZES = ">Q5Q"
# What a decoder may take for its dictionary, and a little for its tables.
MEMORY = {
    "control": 2 << 20,
    "diff": 2 << 20,
    "header": 2 << 20,
    "names": 2 << 20,
    "extra": 18 << 20,
}
# Names are held in memory as long as a layer is rebuilt.
MOST_NAMES = 4 << 20
# Files that are unpacked are held in memory, both as they are and what they hold.
MOST_UNPACKED = 4 << 20


def damaged(why: str) -> EdgeError:
    """The error for a delta that cannot give the layer it promises."""
    return EdgeError(
        f"the delta of a layer {why}",
        kind="artifact",
        hint="send it again, or the whole layer",
    )


@dataclass(frozen=True)
class Head:
    """What a delta says of itself, before its streams."""

    bases: tuple[str, ...]  # diffIDs
    target: str  # diffID
    size: int  # of the target's tar
    streams: tuple[int, ...]  # stored sizes, in the order of STREAMS

    def pack(self) -> bytes:
        bases = b"".join(map(_raw, self.bases))
        start = MAGIC + bytes([len(self.bases)]) + bases + _raw(self.target)
        return start + struct.pack(SIZES, self.size, *self.streams)


def _raw(diff_id: str) -> bytes:
    return bytes.fromhex(diff_id[len("sha256:") :])


def read_head(stream: t.BinaryIO, total: int) -> Head:
    """The head of a delta of `total` bytes; leaves `stream` at its first stream. EdgeError(artifact)."""
    start = stream.read(len(MAGIC) + 1)
    if start[:-1] != MAGIC:
        raise damaged("is not of the form that this version reads")
    count = start[-1]
    rest = stream.read(32 * (count + 1) + struct.calcsize(SIZES))
    if len(rest) != 32 * (count + 1) + struct.calcsize(SIZES):
        raise damaged("ends too early")
    ids = [f"sha256:{rest[i * 32 : i * 32 + 32].hex()}" for i in range(count + 1)]
    size, *streams = struct.unpack(SIZES, rest[32 * (count + 1) :])
    if stream.tell() + sum(streams) != total:
        raise damaged(f"has {total} bytes instead of {stream.tell() + sum(streams)}")
    return Head(tuple(ids[:-1]), ids[-1], size, tuple(streams))


def zigzag(number: int) -> int:
    """Signed numbers as unsigned ones, small ones staying small."""
    return number * 2 if number >= 0 else -number * 2 - 1


def unzigzag(number: int) -> int:
    """The reverse of `zigzag`."""
    return -(number + 1) // 2 if number & 1 else number // 2


def varint(number: int) -> bytes:
    """A number of the control."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def safe_path(path: bytes) -> bool:
    """Whether the path stays below the folder it is opened in, links aside."""
    return bool(path) and all(part not in (b"", b".", b"..") for part in path.split(b"/"))
