# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cache folder: where it is, how several processes share it, what survives a power cut."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError


def default_cache_dir() -> Path:
    """Where the cache lies unless `edge_cache_dir` says otherwise (XDG base directories)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    # A relative path there is to be ignored, says the specification.
    root = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
    return root / "lightk8s"


def is_thrown_away(folder: Path, root: Path = Path("/")) -> bool:
    """Whether `folder` goes away with the container this process runs in, seen from `root`.

    It does where the container's own root file system holds it; a mounted volume has another
    device number.
    """
    if not any((root / mark).exists() for mark in ("run/.containerenv", ".dockerenv")):
        return False
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.stat().st_dev == root.stat().st_dev


@contextmanager
def guarded(folder: Path) -> Iterator[None]:
    """Turn a failure of the cache's file system into an EdgeError (io)."""
    try:
        yield
    except OSError as error:
        raise EdgeError(
            f"the cache {folder} cannot be used: {error}",
            kind="io",
            hint="Free space or correct the permissions, or set edge_cache_dir to another folder.",
        ) from error


@contextmanager
def locked(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock `path`; calls `waiting` once if another process has it.

    The file stays: removing it would let a third process lock a different file of that name. The
    kernel frees the lock of a process that dies.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def digest_of(path: Path, expected: str = "") -> str:
    """SHA-256, or SHA-512 where `expected` is as long as one."""
    algorithm = "sha512" if len(expected) == 128 else "sha256"
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, algorithm).hexdigest()


def place(staged: Path, final: Path) -> None:
    """Make a complete file appear under its final name, durably."""
    with staged.open("rb") as handle:
        os.fsync(handle.fileno())
    os.replace(staged, final)
    # Two links to one inode: rename does nothing then and leaves the first.
    staged.unlink(missing_ok=True)
    descriptor = os.open(final.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def load_json(path: Path) -> dict[str, Any]:
    """The object in `path`; empty where it is absent or not one."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def save_json(path: Path, value: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    staged.write_text(json.dumps(value, sort_keys=True))
    place(staged, path)


def is_verified(path: Path, sha256: str) -> bool:
    """Whether the file holds what `sha256` promises.

    A digest computed once is remembered beside the file by its device, inode, size and times
    down to the nanosecond, so that fifty hosts do not cost fifty readings of it.
    """
    memory = path.with_name(f"{path.name}.seen")
    try:
        seen = identity(path)
        if load_json(memory).get("seen") == seen:
            return True
        if digest_of(path) != sha256:
            return False
    except FileNotFoundError:
        return False
    with suppress(OSError):  # a cache may be mounted read-only
        save_json(memory, {"seen": seen})
    return True


def identity(path: Path) -> list[int]:
    """What tells a file from the one that takes its place. OSError."""
    status = path.stat()
    return [
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    ]
