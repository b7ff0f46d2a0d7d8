# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a source: those below a folder, or those in a tar, read without unpacking it."""

from __future__ import annotations

import io
import os
import posixpath
import shutil
import tarfile
import typing as t
from contextlib import suppress
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.compression import (
    kind_of,
    plain,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.verified import damaged
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.cache import (
    digest_of,
    guarded,
    locked,
    place,
)

# The largest index, manifest or config that is read into memory; registries allow 4 MiB.
LARGEST_DOCUMENT = 8 << 20


class Files(t.Protocol):
    """Named files that can be opened as often as is wanted."""

    where: str

    def size(self, name: str) -> int | None:
        """Size in bytes, None where there is no such file."""

    def open(self, name: str) -> t.BinaryIO:
        """The file's bytes. EdgeError(artifact) where there is no such file."""


def document(files: Files, name: str) -> bytes:
    """A small file in whole. EdgeError(artifact)."""
    size = files.size(name)
    if size is None:
        raise damaged(files.where, f"holds no {name}")
    if size > LARGEST_DOCUMENT:
        raise damaged(files.where, f"has {size} bytes in {name}, more than a document has")
    with files.open(name) as stream:
        return stream.read()


class Folder:
    """Files below a folder. Names come from this package, never unchecked from a source."""

    def __init__(self, root: Path) -> None:
        self.where = str(root)
        self._root = root

    def size(self, name: str) -> int | None:
        path = self._root / name
        try:
            return path.stat().st_size if path.is_file() else None
        except OSError as error:
            raise EdgeError(f"cannot read {path}: {error.strerror}", kind="io") from error

    def open(self, name: str) -> t.BinaryIO:
        try:
            return (self._root / name).open("rb")
        except OSError as error:
            raise damaged(self.where, f"holds no {name}: {error.strerror}") from error


class _Section(io.RawIOBase):
    """Part of a file."""

    def __init__(self, path: Path, offset: int, size: int) -> None:
        super().__init__()
        self._stream = path.open("rb")
        self._place = offset
        self._end = offset + size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int:
        wanted = min(len(buffer), self._end - self._place)
        data = os.pread(self._stream.fileno(), wanted, self._place) if wanted else b""
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()


class Tar:
    """Files in an uncompressed tar, with the links among them that older `docker save` makes."""

    def __init__(self, path: Path, where: str) -> None:
        self.where = where
        self._path = path
        self._places: dict[str, tuple[int, int]] = {}
        self._links: dict[str, str] = {}
        try:
            with tarfile.open(path, "r:") as archive:
                for member in archive:
                    self._note(member)
        except (tarfile.TarError, ValueError, OverflowError, MemoryError, OSError) as error:
            raise damaged(where, f"is no archive: {str(error) or type(error).__name__}") from error

    def _note(self, member: tarfile.TarInfo) -> None:
        if member.size < 0:
            raise ValueError(f"{member.name!r} has {member.size} bytes")
        name = posixpath.normpath(member.name)
        if member.issym():
            target = posixpath.join(posixpath.dirname(name), member.linkname)
            self._links[name] = posixpath.normpath(target)
        elif member.islnk():
            self._links[name] = posixpath.normpath(member.linkname)
        elif member.isreg():
            self._places[name] = (member.offset_data, member.size)

    def _find(self, name: str) -> tuple[int, int] | None:
        name = posixpath.normpath(name)
        for _step in range(8):
            if name not in self._links:
                break
            name = self._links[name]
        return self._places.get(name)

    def size(self, name: str) -> int | None:
        found = self._find(name)
        return found[1] if found else None

    def open(self, name: str) -> t.BinaryIO:
        found = self._find(name)
        if found is None:
            raise damaged(self.where, f"holds no {name}")
        return io.BufferedReader(_Section(self._path, *found), 1 << 16)


def files_of(path: Path, scratch: Path) -> Files:
    """The files of a source; a compressed archive is unpacked once below `scratch`. EdgeError."""
    try:
        if path.is_dir():
            return Folder(path)
        with path.open("rb") as stream:
            compressed = bool(kind_of(stream.read(6)))
    except OSError as error:
        raise EdgeError(f"cannot read {path}: {error.strerror}", kind="io") from error
    except ValueError as error:  # no path at all
        raise EdgeError(f"cannot read {str(path)!r}: {error}", kind="io") from error
    return Tar(_unpacked(path, scratch) if compressed else path, str(path))


def _unpack(path: Path, staged: Path) -> None:
    with plain(path.open("rb"), str(path)) as source, staged.open("wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)


def _unpacked(path: Path, scratch: Path) -> Path:
    """The plain tar, named by the archive's digest, so that several processes and runs share it."""
    with guarded(scratch):
        final = scratch / f"{digest_of(path)}.tar"
        with locked(scratch / f".{final.name}.lock", lambda: None):
            if final.exists():
                with suppress(OSError):  # when it was used; a cache may be mounted read-only
                    os.utime(final)
            else:
                staged = scratch / f".{final.name}.unpacking"
                try:
                    _unpack(path, staged)
                    place(staged, final)
                finally:
                    staged.unlink(missing_ok=True)
    return final
