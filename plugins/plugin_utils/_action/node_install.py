# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs on the node when the kept code is absent or damaged, or the node's Python has changed.

Lies in the bundle as source (`_kept/install.py`); the loader executes it out of the archive.
Python >= 3.9, standard library only.
"""

from __future__ import annotations

import io
import marshal
import os
import sys
import time
import typing as t
import zipfile
import zlib

KEPT = 2  # digests kept for each cache tag: the one in use and the one before it
STALE = 3600  # seconds after which a temporary file belongs to a run that died


def compiled(archive: bytes) -> dict[str, t.Any]:
    """Module name -> (is a package, marshalled code object)."""
    modules = {}
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        for path in opened.namelist():
            name = path[:-3].replace("/", ".")
            package = name.endswith(".__init__")
            name = name[:-9] if package else name
            code = compile(
                opened.read(path), "<lightk8s>/" + path, "exec", dont_inherit=True, optimize=2
            )
            modules[name] = (package, marshal.dumps(code))
    return modules


def store(folder: str, name: str, data: bytes, nonce: str) -> None:
    """Old or new after a power cut; other runs that do the same at the same time do no harm."""
    temporary = f"{folder}/.new-{name}.{os.getpid()}.{nonce}"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(handle)
        os.replace(temporary, folder + "/" + name)
    except OSError:
        os.unlink(temporary)
        raise
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def prune(folder: str, digest: str) -> None:
    """Remove all but the newest KEPT digests of each suffix, and what dead runs left."""
    groups: dict[str, list[tuple[bool, float, str]]] = {}
    for entry in os.scandir(folder):
        try:
            age = entry.stat(follow_symlinks=False).st_mtime
        except OSError:
            continue  # another run removed it
        stem, dot, suffix = entry.name.partition(".")
        if entry.name.startswith(".new-"):
            if age < time.time() - STALE:
                discard(entry.path)
        elif dot and len(stem) == 64:
            groups.setdefault(suffix, []).append((stem == digest, age, entry.path))
    for files in groups.values():
        for _dummy, _age, path in sorted(files, reverse=True)[KEPT:]:
            discard(path)


def discard(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return


def install(request: dict[str, t.Any], archive: bytes) -> dict[str, t.Any]:
    """Compile the archive and keep both forms; in check mode only compile, unless told to keep."""
    modules = compiled(archive)
    if request.get("check") and not request.get("keeping"):
        return modules
    digest = request["digest"]
    data = marshal.dumps(modules)
    data = zlib.crc32(data, int(digest[:8], 16)).to_bytes(4, "big") + data
    folder = request["base"] + "/code"
    try:
        os.makedirs(request["base"], 0o700, exist_ok=True)
        os.makedirs(folder, 0o700, exist_ok=True)
        for suffix, content in (("zip", archive), (sys.implementation.cache_tag, data)):
            store(folder, f"{digest}.{suffix}", content, request["nonce"])
        prune(folder, digest)
    except OSError:
        return modules  # read-only or full: this run works from memory, the next one sends again
    return modules
