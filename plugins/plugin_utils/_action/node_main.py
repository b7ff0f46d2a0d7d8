# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starts the agent from its archive: `python3 -I -S agent.zip COMMAND`.

Lies in the bundle as `__main__.py`. The compiled form is kept beside the archive, once for each Python, and
made anew when the node's Python has changed; the archive itself is what counts.
Python >= 3.9, standard library only.
"""

from __future__ import annotations

import gc
import hashlib
import marshal
import os
import sys
import typing as t
import zlib
from contextlib import suppress
from importlib import import_module

PACKAGE = "lightk8s_node"
BLOCK = 1 << 16


class Shelf:
    """Modules by name, as (is a package, marshalled code), read where they lie when they are asked for.

    An agent that stays in memory needs a third of them: what is not imported takes no room.
    """

    def __init__(self, index: dict[str, t.Any], read: t.Callable[[int, int], bytes]) -> None:
        self._index = index
        self._read = read

    def __contains__(self, name: str) -> bool:
        return name in self._index

    def __getitem__(self, name: str) -> tuple[bool, bytes]:
        package, start, size = self._index[name]
        return package, self._read(start, size)


def shelved(found: dict[str, t.Any]) -> tuple[bytes, bytes]:
    """(the index with its length in front, the code) of modules by name."""
    index, start = {}, 0
    for name, (package, code) in found.items():
        index[name] = (package, start, len(code))
        start += len(code)
    head = marshal.dumps(index)
    return len(head).to_bytes(4, "big") + head, b"".join(code for _x, code in found.values())


def opened(handle: int, seed: int) -> Shelf:
    """The kept form, whose first four bytes are a sum of the others. ValueError where it is not sound."""
    owner = os.fstat(handle)
    if owner.st_uid != os.geteuid() or owner.st_mode & 0o022:
        raise ValueError("somebody else may write here")
    wanted, place = os.pread(handle, 8, 0), 4
    while block := os.pread(handle, BLOCK, place):
        seed = zlib.crc32(block, seed)
        place += len(block)
    if len(wanted) < 8 or seed != int.from_bytes(wanted[:4], "big"):
        raise ValueError("the sum is another one")
    size = int.from_bytes(wanted[4:], "big")
    index = marshal.loads(os.pread(handle, size, 8))
    return Shelf(index, lambda start, length: os.pread(handle, length, 8 + size + start))


def modules(path: str) -> Shelf:
    """The agent's modules, from the kept form where that is sound.

    It is made anew by a process of its own: an agent that stays in memory would keep what that takes.
    """
    try:
        return _kept(path)
    except (OSError, ValueError, EOFError, TypeError):  # absent or damaged
        child = os.fork()
    if not child:
        try:
            _compiled(path)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    with suppress(OSError, ValueError, EOFError, TypeError):
        return _kept(path)
    return _compiled(path)  # a full or read-only disk: this run works from memory


def _archive(path: str) -> tuple[bytes, int]:
    with open(path, "rb") as stream:
        archive = stream.read()
    return archive, int(hashlib.sha256(archive).hexdigest()[:8], 16)


def _kept(path: str) -> Shelf:
    handle = os.open(f"{path}.{sys.implementation.cache_tag}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return opened(handle, _archive(path)[1])
    except BaseException:
        os.close(handle)
        raise


def _compiled(path: str) -> Shelf:
    """Compiled here, and kept where the disk takes it."""
    archive, seed = _archive(path)
    install = import_module(f"{PACKAGE}._kept.install")
    head, codes = shelved(install.compiled(archive))
    data = zlib.crc32(codes, zlib.crc32(head, seed)).to_bytes(4, "big") + head + codes
    kept = f"{path}.{sys.implementation.cache_tag}"
    with suppress(OSError):
        install.store(os.path.dirname(kept), os.path.basename(kept), data, os.urandom(4).hex())
    return Shelf(marshal.loads(head[4:]), lambda start, size: codes[start : start + size])


def main() -> int:
    """The exit code of the command."""
    path = os.path.abspath(sys.argv[0])
    code = modules(path)
    boot = import_module(f"{PACKAGE}._kept.boot")
    gc.set_threshold(boot.COLLECT_AFTER)
    finder: t.Any = boot.Finder(code)
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != path]
    sys.meta_path.insert(0, finder)
    return int(import_module(f"{PACKAGE}._doors.agent").main(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
