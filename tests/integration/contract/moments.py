# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments of a run as the machine below the node sees them, and ways to end a run there."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from bed.node import Node
from bed.plays import Started
from bed.shell import BedError

from ..lib.distributions import Distribution
from ..lib.site import Site

HOME = "var/lib/lightk8s"
JOURNAL = f"{HOME}/tx/journal.json"
REDO = f"{HOME}/tx/redo.sh"
Moment = Callable[[Path, Distribution], bool]

# Stands before systemctl in the search path: ends whoever calls it, once.
ASSASSIN = """#!/bin/sh
if [ "$1" = reset-failed ]; then
  rm -f /usr/local/sbin/systemctl
  kill -9 $PPID
  exit 1
fi
exec /usr/bin/systemctl "$@"
"""


def transferring(root: Path, dummy: Distribution) -> bool:
    """A part of an artifact has arrived."""
    parts = (root / HOME / "artifacts").glob(".partial-*")
    return any(part.stat().st_size > 20_000_000 for part in parts)


def writing(root: Path, dummy: Distribution) -> bool:
    """The files are a mixture of old and new."""
    return (root / REDO).exists()


def waiting(root: Path, distribution: Distribution) -> bool:
    """The files are new, the configuration among them, and the change is not accepted yet."""
    planned = (root / JOURNAL).stat().st_mtime_ns
    written = (root / distribution.config.lstrip("/")).stat().st_mtime_ns
    return written > planned and not (root / REDO).exists()


def at(moment: Moment, site: Site, node: Node, run: Started, timeout: float = 600) -> None:
    """Wait for the moment; BedError when the run is over before it comes."""
    root = Path(f"/proc/{node.machine_pid()}/root")
    end = time.monotonic() + timeout
    while not _is(moment, root, site.distribution):
        if run.process.poll() is not None or time.monotonic() > end:
            raise BedError(f"{moment.__name__} never came: {run.log}")
        time.sleep(0.001)


def _is(moment: Moment, root: Path, distribution: Distribution) -> bool:
    try:
        return moment(root, distribution)
    except OSError:
        return False


def end_at_restart(node: Node) -> None:
    """The next run dies on the node after its files are written and before it restarts anything."""
    node.write("/usr/local/sbin/systemctl", ASSASSIN, 0o755)


def digest(node: Node, path: str) -> str:
    """sha256 of a file on the node, empty where there is none."""
    return node.run(f"sha256sum {path} 2>/dev/null | cut -c1-64").stdout.strip()


def ours(node: Node) -> list[str]:
    """Processes of a run on the node, and what an interrupted one leaves behind."""
    processes = node.run("pgrep -af '[p]ython3 -ISc' || :").stdout.splitlines()
    files = f"ls -A /{HOME}/tx 2>/dev/null; ls -A /{HOME}/artifacts 2>/dev/null"
    temporary = "find /etc /usr/local /opt -name '*lightk8s~*' 2>/dev/null"
    return processes + node.run(f"{files}; {temporary}").stdout.split()
