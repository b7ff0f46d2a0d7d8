# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The regular files in the tar of a layer, by place and content."""

from __future__ import annotations

import hashlib
import io
import mmap
import tarfile
import typing as t
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Member:
    """Content of one regular file of at least one byte."""

    path: bytes  # as the extracted layer has it, below its root
    offset: int
    size: int
    digest: bytes


@contextmanager
def mapped(path: Path) -> t.Iterator[memoryview]:
    """The bytes of a file, without reading them into memory."""
    with path.open("rb") as stream:
        if path.stat().st_size == 0:
            yield memoryview(b"")
            return
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            view = memoryview(content)
            try:
                yield view
            finally:
                view.release()


class _Window(io.RawIOBase):
    """A view as a file, for tarfile."""

    def __init__(self, view: memoryview) -> None:
        super().__init__()
        self._view = view
        self._place = 0

    def read(self, size: int = -1) -> bytes:
        end = len(self._view) if size < 0 else self._place + size
        data = bytes(self._view[self._place : end])
        self._place += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        self._place = offset + (0, self._place, len(self._view))[whence]
        return self._place

    def tell(self) -> int:
        return self._place

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


def entries(view: memoryview) -> t.Iterator[tarfile.TarInfo]:
    """All entries of the tar in their order; those up to the damage where it is damaged."""
    try:
        with tarfile.open(fileobj=_Window(view), mode="r:") as archive:
            yield from archive
    except (tarfile.TarError, ValueError, OverflowError):
        pass


def members(view: memoryview) -> list[Member]:
    """Files of the tar in their order; those up to the damage where it is damaged.

    What is left out travels with the headers, so that no tar is too strange to be sent.
    """
    found: list[Member] = []
    end = 0
    for item in entries(view):
        offset, size = item.offset_data, item.size
        plain = item.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not item.issparse()
        if not plain or size == 0 or offset < end or offset + size > len(view):
            continue
        digest = hashlib.sha256(view[offset : offset + size]).digest()
        found.append(Member(below_root(item.name), offset, size, digest))
        end = offset + size
    return found


def seen(found: t.Iterable[Member], hidden: frozenset[str]) -> list[Member]:
    """Files that lie in none of the `hidden` folders, nor further below one."""
    if not hidden:
        return list(found)
    roots = tuple(folder.encode("utf-8", "surrogateescape") + b"/" for folder in hidden)
    return [member for member in found if not member.path.startswith(roots)]


def below_root(name: str) -> bytes:
    """The path at which an entry of that name is extracted, links aside."""
    parts = name.encode("utf-8", "surrogateescape").split(b"/")
    return b"/".join(part for part in parts if part not in (b"", b"."))
