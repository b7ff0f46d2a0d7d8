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
    64  sizes of the eight streams as they are stored, 8 bytes each
        the streams, each of them one xz: orders, three of numbers (fresh, steps, same), differences, new
        content, tar headers, names

and nothing after them. The names are, for each file that is read, one byte with the number of its base,
counted from 1, and its path below the base's root, ended by NUL. Each byte of the orders says what to do. How
much of it, n, is the next number in one of the three streams of them: 7 bits a byte, the least significant
first, the top bit set in all bytes but the last.

    HEADER  fill the tar up to a multiple of 512 bytes with zeros, then take n blocks of 512 bytes of the tar
            headers (fresh)
    EXTRA   take n bytes of the new content (fresh)
    OPEN    go to the start of the file that is n further in the names than the one before (steps, zigzag)
    COPY    take the file's next n bytes (same)
    ADD     take the file's next n bytes, to each of which the next difference is added, modulo 256 (same)
    SEEK    go n bytes further in the file (steps, zigzag)
    UNPACK  as OPEN, but read what the file holds, which is one that gzip has packed (steps, zigzag)
    PACK    what is taken next is packed as gzip does at its best, without head and end; n bytes of it are
            the first block, further PACKs say of further blocks (fresh)

A tar header that names its form (`ustar`) and has eight zeros for its checksum gets the checksum of what it
says: six octal digits, NUL and a space, as all that make tars write it.

Version 2 had UNPACK and PACK, which version 1 had not. Version 3 has numbers apart from orders, by their kind,
and headers as blocks, without padding and checksums.
"""

from __future__ import annotations

import struct
import typing as t

from .._core.errors import EdgeError
from .._core.records import dataclass

BLOCK = 512  # of a tar
MAGIC = b"LK8DELT\x03"
NUMBERS = ("fresh", "steps", "same")
STREAMS = ("orders", *NUMBERS, "diff", "extra", "header", "names")
HEADER, EXTRA, OPEN, COPY, ADD, SEEK, UNPACK, PACK = range(8)
# By order the stream in which its number stands.
NUMBER_OF = ("fresh", "fresh", "steps", "same", "same", "steps", "steps", "fresh")
SIZES = ">Q8Q"
# What a decoder may take for its dictionary, and a little for its tables.
MEMORY = {
    **dict.fromkeys(("orders", *NUMBERS), 1 << 20),
    **dict.fromkeys(("diff", "header", "names"), 2 << 20),
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
    """A number as it stands in a stream."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def with_checksum(block: bytes) -> bytes:
    """A block of the tar headers as it is in the tar."""
    if block[257:262] != b"ustar" or any(block[148:156]):
        return block
    return b"%b%06o\0 %b" % (block[:148], sum(block) + 8 * 0x20, block[156:])


def safe_path(path: bytes) -> bool:
    """Whether the path stays below the folder it is opened in, links aside."""
    return bool(path) and all(part not in (b"", b".", b"..") for part in path.split(b"/"))
