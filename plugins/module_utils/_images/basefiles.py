# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of extracted layers, opened below their folder and nowhere else."""

from __future__ import annotations

import os
import stat
import typing as t

from .form import MOST_UNPACKED, damaged
from .packing import unpacked

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# NONBLOCK: a pipe in place of the file must not keep us waiting.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Reader:
    """One open file of a base at a time.

    No component of a path is followed where it is a link: a layer may hold `lib -> /etc`.
    """

    def __init__(self, roots: t.Sequence[str], names: t.Sequence[bytes]) -> None:
        self._roots = roots
        self._names = names
        self._file = -1
        self._content: bytes | None = None  # what the file holds, where that is read
        self._number = 0
        self._place = 0

    def open(self, step: int) -> None:
        """Go to the start of the file `step` further in the names. EdgeError(artifact)."""
        self.close()
        self._number += step
        if not 0 <= self._number < len(self._names):
            raise damaged("reads a file that it does not name")
        name = self._names[self._number]
        self._file = _open(self._roots[name[0]], name[1:])
        self._place = 0

    def unpack(self, step: int) -> None:
        """Go to the start of what that file holds, packed by gzip. EdgeError(artifact)."""
        self.open(step)
        self._content = unpacked(os.read(self._file, MOST_UNPACKED))
        if self._content is None:
            raise damaged(f"does not fit its base: not packed by gzip: {self._shown()}")

    def seek(self, step: int) -> None:
        self._place += step
        if self._place < 0:
            raise damaged("goes before the start of a file")

    def read(self, count: int) -> bytes:
        """The next bytes, exactly as many. EdgeError(artifact)."""
        if self._file < 0:
            raise damaged("reads before it opens a file")
        if self._content is None:
            data = os.pread(self._file, count, self._place)
        else:
            data = self._content[self._place : self._place + count]
        if len(data) != count:
            raise damaged(f"does not fit its base: a file there is shorter: {self._shown()}")
        self._place += count
        return data

    def _shown(self) -> str:
        return os.fsdecode(self._names[self._number][1:])

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            self._content = None


def _open(root: str, path: bytes) -> int:
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        *parents, last = path.split(b"/")
        for part in parents:
            inner = os.open(part, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        found = os.open(last, _FILE, dir_fd=folder)
    finally:
        os.close(folder)
    if not stat.S_ISREG(os.fstat(found).st_mode):
        os.close(found)
        raise damaged(f"does not fit its base: no file there: {os.fsdecode(path)}")
    return found
