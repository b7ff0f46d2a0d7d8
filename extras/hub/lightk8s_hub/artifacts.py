# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What documents name, as files in a folder whose names are their sha256; several instances may share it."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import tempfile
import typing as t
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from .ingest import Wrong

RESERVE = 64 << 20  # bytes that stay free on the disk
PARTIAL = ".partial-"
PARTIAL_SECONDS = 86400
DIGEST = "[0-9a-f]{64}"


class Shelf:
    """The folder; '' where the hub is to keep no artifacts."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder) if folder else None

    def find(self, digest: str, *, touch: bool = False) -> Path:
        """The file. Raises Wrong(404). `touch` notes that somebody still names it."""
        path = self._place(digest)
        try:
            if touch:
                os.utime(path)
            elif not path.is_file():
                raise FileNotFoundError
        except FileNotFoundError as exc:
            raise Wrong("there is no such artifact", 404) from exc
        return path

    def _place(self, digest: str) -> Path:
        if self._folder is None or not re.fullmatch(DIGEST, digest):
            raise Wrong("there is no such artifact", 404)
        return self._folder / digest

    async def keep(self, digest: str, size: int, blocks: AsyncIterator[bytes]) -> None:
        """Take what is sent. Raises Wrong: 400 for other content, 507 where it does not fit."""
        place = self._place(digest)
        try:
            if size + RESERVE > shutil.disk_usage(place.parent).free:
                raise Wrong(f"{size} bytes do not fit on the hub's disk", 507)
            await _take(place, digest, size, blocks)
        except OSError as exc:  # others may have filled the disk meanwhile
            full = exc.errno in (errno.ENOSPC, errno.EDQUOT)
            text = "is full" if full else f"cannot be written: {exc.strerror}"
            raise Wrong(f"the hub's disk {text}", 507 if full else 500) from exc

    def prune(self, days: int, now: float) -> int:
        """Take away what nobody has named for so long, and what was cut off; how many files these were."""
        gone = 0
        for path in self._folder.iterdir() if self._folder else ():
            cut_off = path.name.startswith(PARTIAL)
            most = PARTIAL_SECONDS if cut_off else days * 86400
            if not cut_off and (days <= 0 or not re.fullmatch(DIGEST, path.name)):
                continue
            try:
                old = path.stat().st_mtime < now - most
            except FileNotFoundError:  # another instance was faster
                continue
            if old:
                path.unlink(missing_ok=True)
                gone += 1
        return gone


async def _take(place: Path, digest: str, size: int, blocks: AsyncIterator[bytes]) -> None:
    handle, name = tempfile.mkstemp(prefix=PARTIAL, dir=place.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            await _write(stream, digest, size, blocks)
        os.replace(name, place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


async def _write(stream: t.BinaryIO, digest: str, size: int, blocks: AsyncIterator[bytes]) -> None:
    found, came = hashlib.sha256(), 0
    async for block in blocks:
        came += len(block)
        if came > size:
            break
        found.update(block)
        await run_in_threadpool(stream.write, block)
    if came != size or found.hexdigest() != digest:
        raise Wrong("what was sent is something else")
    stream.flush()
    await run_in_threadpool(os.fsync, stream.fileno())
