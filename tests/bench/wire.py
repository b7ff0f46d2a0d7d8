# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes at the nodes' interfaces for a converge that has nothing to do."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from bed.paths import control_root

from .lab import Lab, median


def warm(lab: Lab, runs: int) -> dict[str, int]:
    """Bytes per host name, both ways, over connections that are open already; by node."""
    lab.unchanged("converge", inventory=lab.many)
    found = [_bytes(lab, lab.many) for _run in range(runs)]
    return {
        name: round(median([sample[name] / lab.names_of(node) for sample in found]))
        for name, node in lab.nodes.nodes.items()
    }


def cold(lab: Lab, runs: int) -> dict[str, int]:
    """Bytes per node, both ways, where the ssh connection has to be opened; by node."""
    found = []
    for _run in range(runs):
        close_connections(lab)
        found.append(_bytes(lab, lab.nodes.inventory))
    return {name: round(median([sample[name] for sample in found])) for name in lab.nodes.nodes}


def close_connections(lab: Lab) -> None:
    """End the ssh connections that earlier plays have left open."""
    for socket in Path(control_root(lab.nodes.name)).glob("*"):
        words = ["ssh", "-F", "none", "-O", "exit", "-o", f"ControlPath={socket}", "node"]
        subprocess.run(words, capture_output=True, check=False)


def _bytes(lab: Lab, inventory: Path) -> dict[str, int]:
    """Bytes of one run at each node, without what goes over the wire anyway in the same time."""
    before = _counters(lab)
    began = time.monotonic()
    # sshd bears ten sessions on a connection; a further one would open a connection of its own
    lab.unchanged("converge", "--forks", "5", inventory=inventory)
    took = time.monotonic() - began
    between = _counters(lab)
    time.sleep(took)
    after = _counters(lab)
    return {name: (between[name] - before[name]) - (after[name] - between[name]) for name in before}


def _counters(lab: Lab) -> dict[str, int]:
    return {name: node.net_bytes() for name, node in lab.nodes.nodes.items()}
