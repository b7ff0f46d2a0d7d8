# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file of the queue: opened, made, looked over, set aside where it is damaged.

An empty or damaged file is never taken for a new queue: a new one is put in place whole, by a rename,
and its first record says why it has begun.
"""

from __future__ import annotations

import contextlib
import glob
import os
import sqlite3
import time
import typing as t

from .._core.errors import EdgeError
from .._host import files

VERSION = 1
KEPT_ASIDE = 3  # damaged files that stay for a person to look at
SIDES = ("", "-wal", "-shm")
BUSY_SECONDS = 30.0

SCHEMA = f"""
CREATE TABLE queue (
    epoch TEXT NOT NULL, last INTEGER NOT NULL, acknowledged INTEGER NOT NULL,
    bytes INTEGER NOT NULL, dropped TEXT NOT NULL
);
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, class TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL
);
CREATE UNIQUE INDEX newest ON events (key) WHERE class = 'state';
INSERT INTO queue VALUES ('', 0, 0, 0, '');
PRAGMA user_version = {VERSION};
"""


class Damaged(Exception):
    """The file is no queue that can be trusted; the text says how that was seen."""


def open_file(path: str) -> tuple[sqlite3.Connection, str]:
    """The queue at `path`, and why it was begun just now ('' where it was there already).

    Raises EdgeError(io) where the disk does not let us, EdgeError(refused) for a newer version.
    """
    import fcntl

    try:
        files.make_folder(os.path.dirname(path), 0o700)
        with open(path + ".lock", "a", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not os.path.lexists(path):
                _make(path)
                return _connect(path), "there was no queue"
            try:
                return _checked(path), ""
            except Damaged as exc:
                aside = set_aside(path)
                _make(path)
                return _connect(path), f"the queue was damaged ({exc}) and lies in {aside}"
    except (OSError, sqlite3.Error) as exc:
        raise failure(path, exc) from exc


def failure(path: str, exc: Exception) -> EdgeError:
    """What a person is told of a disk that does not take the queue."""
    return EdgeError(
        f"the queue {path} cannot be used: {exc}",
        kind="io",
        hint="free space on that file system or make it writable; what is in the queue stays",
    )


def is_damage(exc: sqlite3.Error) -> bool:
    """Whether SQLite says that the file itself is wrong, not that it could not be read or written."""
    return exc.__class__ is sqlite3.DatabaseError  # its subclasses say other things


def _connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA journal_size_limit = 1048576")
        connection.execute("PRAGMA cache_size = -1024")
    except BaseException:
        connection.close()
        raise
    return connection


def _make(path: str) -> None:
    """Put an empty queue in place, whole or not at all."""
    fresh = path + ".new"
    for side in SIDES:
        files.remove(fresh + side)
    os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    connection = sqlite3.connect(fresh, isolation_level=None)
    try:
        connection.executescript(SCHEMA)
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()  # takes the log into the file
    with open(fresh, "rb") as stream:
        os.fsync(stream.fileno())
    os.rename(fresh, path)
    files.sync_folder(os.path.dirname(path))


def _checked(path: str) -> sqlite3.Connection:
    """A connection to a file that is sound. Raises Damaged."""
    if not os.path.isfile(path) or os.path.getsize(path) == 0:
        raise Damaged("it is no file, or an empty one")
    connection = None
    try:
        connection = _connect(path)
        _look(connection, path)
    except sqlite3.Error as exc:
        if connection is not None:
            connection.close()
        if is_damage(exc) or "no such table" in str(exc) or "malformed" in str(exc):
            raise Damaged(str(exc)) from exc
        raise
    except BaseException:
        if connection is not None:
            connection.close()
        raise
    return connection


def _look(connection: sqlite3.Connection, path: str) -> None:
    [(version,)] = connection.execute("PRAGMA user_version")
    if version > VERSION:
        raise EdgeError(
            f"the queue {path} was made by a newer version ({version}; this one knows {VERSION})",
            kind="refused",
            hint="run the newer version, or have the queue delivered before going back",
        )
    found = [row[0] for row in connection.execute("PRAGMA quick_check(1)")]
    if found != ["ok"]:
        raise Damaged(str(found[0]).splitlines()[-1] if found else "no answer")
    [(mode,)] = connection.execute("PRAGMA journal_mode")
    rows = connection.execute("SELECT count(*) FROM queue").fetchone()
    total = connection.execute("SELECT max(seq) FROM events").fetchone()
    last = connection.execute("SELECT last FROM queue").fetchone()
    if version != VERSION or mode != "wal" or rows != (1,) or (total[0] or 0) > last[0]:
        raise Damaged("its own account does not agree with what it holds")


def set_aside(path: str) -> str:
    """Move a damaged file away with what belongs to it; return where it lies now."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    # The number orders them, whatever the clock does.
    number = max([0, *(int(name.split("-")[-2]) for name in asides(path))]) + 1
    aside = f"{path}.damaged-{number:06d}-{stamp}"
    for side in reversed(SIDES):  # the file itself last: until then it is found damaged again
        with contextlib.suppress(FileNotFoundError):
            os.rename(path + side, aside + side)
    files.sync_folder(os.path.dirname(path))
    for old in asides(path)[:-KEPT_ASIDE]:
        for side in SIDES:
            files.remove(old + side)
    return aside


def asides(path: str) -> list[str]:
    """Damaged files that were set aside, the oldest first."""
    found = glob.glob(glob.escape(path) + ".damaged-" + "[0-9]" * 6 + "-*Z")
    return sorted(found)


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> t.Iterator[None]:
    """All or nothing, on disk when it ends."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # SQLite has rolled back by itself after some errors.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
