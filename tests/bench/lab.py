# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes with a site on them, and plays whose time is taken."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bed import fleet, inventory, plays
from bed.fleet import Fleet
from bed.node import Node
from bed.plays import Run
from bed.shell import BedError

Play = str | list[dict[str, Any]]
TOPOLOGY = "one=server; two=server,agent"
NAMES = 24  # inventory names over the nodes
FORKS = (5, 20)


@dataclass(frozen=True)
class Kit:
    """What the bench knows of a distribution."""

    version: str
    unit: str


KITS = {"k3s": Kit("v1.34.2+k3s1", "k3s.service")}


def _play(*tasks: dict[str, Any]) -> Play:
    return [{"name": "Bench", "hosts": "all", "gather_facts": False, "tasks": list(tasks)}]


PING = _play({"name": "Ping", "ansible.builtin.ping": {}})
STATS = _play(
    *(
        {"name": f"Look {number}", "ansible.builtin.stat": {"path": "/etc/hosts"}}
        for number in range(20)
    )
)


@dataclass(frozen=True)
class Lab:
    """A fleet, and the inputs that all its plays are given."""

    nodes: Fleet
    distribution: str
    releases: Path

    @property
    def kit(self) -> Kit:
        return KITS[self.distribution]

    @property
    def many(self) -> Path:
        """The inventory with many names."""
        return self.nodes.root / f"hosts-{NAMES}"

    def names_of(self, node: Node) -> int:
        """How many of the many names stand for the node."""
        named = inventory.aliases(list(self.nodes.nodes.values()), NAMES)
        return sum(1 for other in named.values() if other.name == node.name)

    def run(self, play: Play, *args: str, env: Mapping[str, str] | None = None, **more: Any) -> Run:
        """Run a play on the fleet; BedError after a failure. Options `more` go to `plays`."""
        values = {
            "edge_distribution": self.distribution,
            "edge_version": self.kit.version,
            "edge_release_mirrors": [str(self.releases)],
            "edge_mode": "offline",
            "edge_profile": "small",
            "edge_wait_timeout": 900,
        }
        return plays.playbook(
            self.nodes, play, "-e", json.dumps(values), *args, env=env, timeout=3600, **more
        )

    def unchanged(self, play: Play, *args: str, **more: Any) -> Run:
        """Run a play that has nothing to do; BedError when it changed something."""
        run = self.run(play, *args, **more)
        changed = run.changed()
        if changed:
            raise BedError(f"{changed[0].host}: {changed[0].task} changed something")
        return run


def up(name: str, topology: str, distribution: str, releases: Path) -> Lab:
    """Bare nodes; the fleet goes when this process has died and `testbed reap` runs."""
    nodes = fleet.up(name, topology, owned=True)
    lab = Lab(nodes, distribution, releases)
    nodes.write_inventory(lab.many.name, names=NAMES)
    return lab


def seconds(
    lab: Lab, rivals: Mapping[str, Play], runs: int, forks: int, warm: bool = True
) -> dict[str, list[float]]:
    """Wall times of plays that change nothing, over many names, run in turn."""
    args = ("--forks", str(forks))
    if warm:
        for play in rivals.values():
            lab.unchanged(play, *args, inventory=lab.many)
    taken: dict[str, list[float]] = {name: [] for name in rivals}
    for _round in range(runs):
        for name, play in rivals.items():
            run = lab.unchanged(play, *args, inventory=lab.many)
            taken[name].append(run.seconds)
    return taken


def median(values: Sequence[float]) -> float:
    return statistics.median(values)
