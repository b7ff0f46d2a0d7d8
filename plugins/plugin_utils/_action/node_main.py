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


def modules(path: str) -> dict[str, t.Any]:
    """Module name -> (is a package, marshalled code), from the kept form where that is sound."""
    with open(path, "rb") as stream:
        archive = stream.read()
    seed = int(hashlib.sha256(archive).hexdigest()[:8], 16)
    kept = f"{path}.{sys.implementation.cache_tag}"
    try:
        with open(kept, "rb") as stream:
            owner = os.fstat(stream.fileno())
            data = stream.read()
        mine = owner.st_uid == os.geteuid() and not owner.st_mode & 0o022
        if mine and zlib.crc32(data[4:], seed) == int.from_bytes(data[:4], "big"):
            return t.cast("dict[str, t.Any]", marshal.loads(data[4:]))
    except (OSError, ValueError, EOFError, TypeError):
        pass  # absent or damaged: made below
    install = import_module(f"{PACKAGE}._kept.install")
    found: dict[str, t.Any] = install.compiled(archive)
    data = marshal.dumps(found)
    data = zlib.crc32(data, seed).to_bytes(4, "big") + data
    with suppress(OSError):  # a full or read-only disk: this run works from memory
        install.store(os.path.dirname(kept), os.path.basename(kept), data, os.urandom(4).hex())
    return found


def main() -> int:
    """The exit code of the command."""
    path = os.path.abspath(sys.argv[0])
    code = modules(path)
    boot = import_module(f"{PACKAGE}._kept.boot")
    gc.set_threshold(boot.COLLECT_AFTER)
    boot.spare_dataclasses()
    finder: t.Any = boot.Finder(code)
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != path]
    sys.meta_path.insert(0, finder)
    return int(import_module(f"{PACKAGE}._doors.agent").main(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
