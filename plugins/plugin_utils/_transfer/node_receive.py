# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs on the node: takes the pieces of an artifact and accepts it only with the right sha256.

Lies in the bundle as `_kept/receive.py`. Python >= 3.9, standard library only.

The partial file is `<base>/artifacts/.partial-<sha256>`. One writer at a time (flock); a piece is
taken only at the offset where the file ends, so a second sender of the same content continues where
the first one stopped, and whatever arrived before a cut is used by the next run.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import typing as t

STEP = 1 << 20  # bytes written at a time: what a cut can cost; also the unit of the check
RESERVE = 16 << 20  # bytes that must stay free


def main(request: dict[str, t.Any], stdin: t.Any) -> dict[str, t.Any]:
    """`request`: sha256, size and, to add bytes, `offset` and `length` of what follows on stdin."""
    folder = request["base"] + "/artifacts"
    final = folder + "/" + request["sha256"]
    if "offset" not in request:
        discard_damaged(final, request["sha256"])
    if os.path.exists(final):
        return {"have": request["size"], "done": True}
    os.makedirs(request["base"], 0o700, exist_ok=True)
    os.makedirs(folder, 0o700, exist_ok=True)
    partial = folder + "/.partial-" + request["sha256"]
    handle = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with open(handle, "r+b") as file:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            drain(stdin, request.get("length", 0))
            return {"busy": True, "have": os.fstat(handle).st_size}
        if "offset" not in request:
            return survey(request, file, folder)
        return take(request, file, stdin, partial, final)


def survey(request: dict[str, t.Any], file: t.Any, folder: str) -> dict[str, t.Any]:
    """What is here already, as short digests of each STEP, and whether the rest has room."""
    have = os.fstat(file.fileno()).st_size
    steps = range(have // STEP)
    digests = [hashlib.sha256(file.read(STEP)).hexdigest()[:16] for _step in steps]
    free = os.statvfs(folder)
    free_bytes = free.f_bavail * free.f_frsize
    missing = request["size"] - have
    if missing + RESERVE > free_bytes:
        return {"short": missing + RESERVE - free_bytes, "folder": folder}
    return {"have": len(digests) * STEP, "digests": digests}


def take(
    request: dict[str, t.Any], file: t.Any, stdin: t.Any, partial: str, final: str
) -> dict[str, t.Any]:
    offset, left = request["offset"], request["length"]
    if os.fstat(file.fileno()).st_size < offset:
        drain(stdin, left)
        return {"moved": True, "have": os.fstat(file.fileno()).st_size}
    file.truncate(offset)
    file.seek(offset)
    while left:
        data = stdin.read(min(STEP, left))
        if not data:
            break
        file.write(data)
        file.flush()
        left -= len(data)
    have = file.tell()
    if have < request["size"]:
        return {"have": have}
    return accept(request, file, partial, final)


def content_digest(file: t.Any) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    for data in iter(lambda: file.read(STEP), b""):
        digest.update(data)
    return digest.hexdigest()


def discard_damaged(final: str, sha256: str) -> None:
    """An artifact that rotted after it was accepted is worth nothing: it is sent again."""
    try:
        with open(final, "rb") as file:
            if content_digest(file) != sha256:
                os.unlink(final)
    except FileNotFoundError:
        return


def accept(request: dict[str, t.Any], file: t.Any, partial: str, final: str) -> dict[str, t.Any]:
    if content_digest(file) != request["sha256"]:
        os.unlink(partial)
        return {"have": 0, "damaged": True}
    os.fsync(file.fileno())
    os.rename(partial, final)
    folder = os.open(os.path.dirname(final), os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return {"have": request["size"], "done": True}


def drain(stdin: t.Any, left: int) -> None:
    """Take what the sender is about to write: a closed pipe would look like a broken connection."""
    while left:
        data = stdin.read(min(STEP, left))
        if not data:
            return
        left -= len(data)
