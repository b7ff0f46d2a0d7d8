# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps what images leave in the cache within a limit, the longest unused going first."""

from __future__ import annotations

import shutil
import typing as t
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.cache import guarded

# What was used within this time may be on its way to a site.
IN_USE = 24 * 3600.0
_ROOMS = ("deltas", "kept", "pulled", "scans", "staged", "wanted")


@dataclass(frozen=True)
class Entry:
    """Files that go together; the first one's time says when they were used."""

    paths: tuple[Path, ...]
    used: float
    size: int

    def remove(self) -> None:
        """What describes the others goes first, so that nothing is described that is gone."""
        for path in reversed(self.paths):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def tidy(cache: Path, limit: int, now: float) -> int:
    """Remove until at most `limit` bytes are left, but nothing of the last day; returns bytes removed.

    What a process has left that was killed goes in any case. `now` in seconds since 1970. EdgeError(io).
    """
    with guarded(cache):
        gone = 0
        for entry in _unfinished(cache):
            if now - entry.used >= IN_USE:
                entry.remove()
                gone += entry.size
        found = sorted(_entries(cache), key=lambda entry: entry.used)
        total = sum(entry.size for entry in found) + gone
        for entry in found:
            if total - gone <= limit or now - entry.used < IN_USE:
                break
            entry.remove()
            gone += entry.size
    return gone


def _unfinished(cache: Path) -> t.Iterator[Entry]:
    """Files and folders in which something is made, or was when its process ended."""
    for folder in (cache / "unpacked", *(cache / "images" / name for name in _ROOMS)):
        for path in folder.glob(".*"):
            if path.suffix != ".lock":
                yield from _about([path])


def _entries(cache: Path) -> t.Iterator[Entry]:
    """Layers that are kept, deltas, layouts of registries, archives unpacked, files for sites."""
    images = cache / "images"
    for blob in images.glob("kept/*.blob"):
        yield from _entry([blob, blob.with_suffix(".json")])
    for pattern in ("deltas/*.delta", "pulled/*", "staged/*"):
        for path in images.glob(pattern):
            yield from _entry([path])
    for path in cache.glob("unpacked/*.tar"):
        yield from _entry([path])


def _entry(paths: Sequence[Path]) -> t.Iterator[Entry]:
    if not paths[0].name.startswith("."):  # a lock, or somebody's unfinished work
        yield from _about(paths)


def _about(paths: Sequence[Path]) -> t.Iterator[Entry]:
    with suppress(FileNotFoundError):  # removed by another process just now
        about = paths[0].stat()
        yield Entry(tuple(paths), about.st_mtime, sum(map(_size, paths)))


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(below.stat().st_size for below in path.rglob("*") if below.is_file())
    return path.stat().st_size if path.exists() else 0
