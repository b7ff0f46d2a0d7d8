# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the test bed keeps things, and the locks that let several processes share them."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from .shell import BedError

LABEL = "lightk8s.testbed"
REPO = Path(__file__).resolve().parents[3]
NODE_FILES = Path(__file__).resolve().parent / "node"


def cache_root() -> Path:
    """The cache folder; made when it does not exist yet."""
    given = os.environ.get("LIGHTK8S_TESTBED_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    root = Path(given) if given else Path(base) / "lightk8s-testbed"
    root.mkdir(parents=True, exist_ok=True)
    return root


def fleets_root() -> Path:
    return cache_root() / "fleets"


def fleet_root(fleet: str) -> Path:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}", fleet):
        raise BedError(f"fleet name {fleet!r}: use 1 to 31 small letters, digits and dashes")
    return fleets_root() / fleet


def control_root(fleet: str) -> Path:
    """Short folder for ssh control sockets: the path of a socket is limited to 108 bytes."""
    digest = hashlib.sha256(str(fleet_root(fleet)).encode()).hexdigest()[:8]
    return Path(f"/tmp/lk8s-{os.getuid()}-{digest}")


@contextlib.contextmanager
def locked(name: str, wait: bool = True) -> Iterator[None]:
    """Hold the machine-wide lock `name`; it is freed by the kernel when the holder dies.

    Raises BlockingIOError when somebody else holds it and `wait` is false.
    """
    folder = cache_root() / "locks"
    folder.mkdir(exist_ok=True)
    with open(folder / name, "w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
