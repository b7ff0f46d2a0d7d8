# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The streams of a delta while they are written; `module_utils/_images/form.py` says what they are."""

from __future__ import annotations

import lzma
import shutil
import typing as t
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from ansible_collections.lightk8s.edge.plugins.module_utils._images import form
from ansible_collections.lightk8s.edge.plugins.plugin_utils._delta.origins import Origin

# Dictionaries of the decoder on the node. Differences gain little from a large one, whole content much.
SMALL, LARGE = 1 << 20, 16 << 20
_TINY = 1 << 18  # for orders and their numbers
# More than this is no headers between two files, but a tar that is not understood.
_MOST_HEADERS = 1 << 20


def _without_checksum(block: bytes) -> bytes:
    """As it travels, where that is enough to make it again."""
    bare = block[:148] + bytes(8) + block[156:]
    return bare if form.with_checksum(bare) == block else block


@contextmanager
def _scratch(folder: Path) -> t.Iterator[t.IO[bytes]]:
    with TemporaryFile(dir=folder) as file:
        yield file


class _Stream:
    """A stream of a delta, compressed into a file while it grows."""

    def __init__(self, file: t.IO[bytes], dictionary: int, code: bool) -> None:
        options = {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}
        chain: list[dict[str, int]] = [{**options, "dict_size": dictionary}]
        if code:  # addresses of calls are stored as absolute ones, which repeat themselves
            chain = [{"id": lzma.FILTER_X86}, {**chain[0], "lc": 4}]
        self._lzma = lzma.LZMACompressor(lzma.FORMAT_XZ, lzma.CHECK_CRC64, filters=chain)
        self.file = file

    def write(self, data: bytes | memoryview) -> None:
        self.file.write(self._lzma.compress(data))

    def finish(self) -> int:
        self.file.write(self._lzma.flush())
        size = self.file.tell()
        self.file.seek(0)
        return size


class Writer:
    """Streams of a delta, and the files it reads."""

    def __init__(self, folder: Path, stack: ExitStack, extra: int, code: bool) -> None:
        """`extra`: the dictionary for new content; `code`: whether that is code of x86 processors."""
        self._streams: dict[str, _Stream] = {}
        for name in form.STREAMS:
            file = stack.enter_context(_scratch(folder))
            large = name == "extra"
            size = _TINY if name in ("orders", *form.NUMBERS) else SMALL
            self._streams[name] = _Stream(file, extra if large else size, code and large)
        self._numbers: dict[Origin, int] = {}
        self._opened = 0
        self._place = 0

    def order(self, code: int, count: int) -> None:
        self._streams["orders"].write(bytes([code]))
        self._streams[form.NUMBER_OF[code]].write(form.varint(count))

    def take(self, stream: str, code: int, data: bytes | memoryview) -> None:
        if len(data):
            self.order(code, len(data))
            self._streams[stream].write(data)

    def headers(self, place: int, data: bytes | memoryview) -> None:
        """What is in the tar from `place` on, between the contents of files."""
        padding, blocks = -place % form.BLOCK, []
        if len(data) <= _MOST_HEADERS:
            places = range(padding, len(data) - form.BLOCK + 1, form.BLOCK)
            blocks = [bytes(data[start : start + form.BLOCK]) for start in places]
        stored = [_without_checksum(block) for block in blocks]
        rebuilt = bytes(padding) + b"".join(map(form.with_checksum, stored))
        if stored and rebuilt == data:
            self.order(form.HEADER, len(stored))
            self._streams["header"].write(b"".join(stored))
        else:
            self.take("extra", form.EXTRA, data)

    def open(self, origin: Origin, how: int = form.OPEN) -> None:
        """Go to the start of the file, or (UNPACK) of what it holds."""
        number = self._numbers[origin]
        self.order(how, form.zigzag(number - self._opened))
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
