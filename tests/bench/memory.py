# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Peak memory of the collection's process on a node.

Plays are given an interpreter that starts the real one, watches it and keeps its peak.
"""

from __future__ import annotations

from dataclasses import dataclass

from bed.node import Node

from .lab import Lab

PYTHON = "/opt/bench/python3"
PEAKS = "/run/bench-peaks"
WATCHER = f"""#!/usr/bin/python3 -IS
import os, sys, time

child = os.fork()
if not child:
    os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv[1:]])
peak = done = 0
while not done:
    try:
        with open("/proc/%d/status" % child) as status:
            lines = [line for line in status if line.startswith("VmHWM")]
        peak = max(peak, int(lines[0].split()[1]) if lines else 0)
    except OSError:
        pass
    done, status, usage = os.wait4(child, os.WNOHANG)
    done or time.sleep(0.002)
with open("{PEAKS}", "a") as peaks:
    peaks.write("%d %d\\n" % (peak, usage.ru_maxrss))
os._exit(os.waitstatus_to_exitcode(status) % 256)
"""
ARGS = ("-e", f"ansible_python_interpreter={PYTHON}")


@dataclass(frozen=True)
class Peak:
    """In MB: our process as seen every two milliseconds; it and all that it waited for."""

    own: float
    family: float


def install(lab: Lab) -> None:
    """Put the watching interpreter on all nodes."""
    for node in lab.nodes.nodes.values():
        node.write(PYTHON, WATCHER, 0o755)


def take(lab: Lab) -> Peak:
    """The highest peaks on any node since the last call."""
    found = [_read(node) for node in lab.nodes.nodes.values()]
    return Peak(max(peak.own for peak in found), max(peak.family for peak in found))


def _read(node: Node) -> Peak:
    lines = node.run(f"cat {PEAKS}; rm -f {PEAKS}").stdout.splitlines()
    pairs = [[int(word) / 1024 for word in line.split()] for line in lines]
    return Peak(max(pair[0] for pair in pairs), max(pair[1] for pair in pairs))
