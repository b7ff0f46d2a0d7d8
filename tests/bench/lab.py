# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes with a site on them, and plays whose time is taken."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bed import fleet, inventory, plays
from bed.fleet import Fleet
from bed.node import Node
from bed.plays import Run
from bed.shell import BedError
from bed.topology import Options

from ..integration.lib import images
from . import found

Play = str | list[dict[str, Any]]
TOPOLOGY = "one=server; two=server,agent"
Prepare = Callable[[Fleet, Path], None]
NAMES = 24  # inventory names over the nodes
FORKS = (5, 20)
RELEASE = "/root/release"
SIDELOAD = (
    "/var/snap/microk8s/common/sideload"  # where MicroK8s looks for images at its installation
)


@dataclass(frozen=True)
class Kit:
    """What the bench knows of a distribution."""

    version: str
    unit: str
    kubectl: str
    copied: tuple[str, ...]  # where an installation lies, but for the unit
    inputs: Mapping[str, Any] = field(default_factory=dict)
    topology: str = TOPOLOGY
    found: Prepare = lambda nodes, releases: None  # brings up what it finds on its machines
    prepare: str = "true"  # what somebody who installs by hand does before the first start
    carried: tuple[str, ...] = ()  # files of the release that are copied as they are, into RELEASE
    begin: str = ""  # what starts it by hand, where that is not its unit
    packages: tuple[str, ...] = ()  # that nodes have beforehand


KITS = {
    "k3s": Kit(
        version="v1.34.2+k3s1",
        unit="k3s.service",
        kubectl="k3s kubectl",
        copied=(
            "/usr/local/bin/k3s",
            "/var/lib/rancher/k3s/agent/images",
            "/var/lib/rancher/k3s/agent/etc/kubelet.conf.d",
            "/etc/rancher/k3s/config.yaml",
            "/etc/rancher/k3s/config.yaml.d",
            "/etc/rancher/k3s/registries.yaml",
            "/etc/rancher/k3s/token",
        ),
    ),
    "k0s": Kit(
        version="v1.34.2+k0s.0",
        unit="k0scontroller.service",
        kubectl="k0s kubectl",
        copied=("/usr/local/bin/k0s", "/var/lib/k0s/images", "/etc/k0s"),
        # Its default range for services holds the addresses of the test bed's nodes.
        inputs={"edge_service_cidr": ["10.43.0.0/16"]},
        prepare="for user in etcd kube-apiserver kube-scheduler konnectivity-server; do"
        " useradd --system --no-create-home --home-dir /var/lib/k0s --shell /usr/sbin/nologin $user;"
        " done",
    ),
    "microk8s": Kit(
        version="v1.34.2+microk8s.8511",
        unit="snap.microk8s.daemon-kubelite.service",
        kubectl="/snap/bin/microk8s kubectl",
        copied=("/etc/microk8s",),
        # Nobody has signed the test bed's snaps.
        inputs={"edge_extra_config": {"dangerous": True}},
        carried=("snapd_*.snap", "core22_*.snap", "microk8s_*.snap", "microk8s-images-*.tar"),
        prepare=f"cd {RELEASE}; mkdir -p {SIDELOAD}; mv microk8s-images-*.tar {SIDELOAD}/",
        begin="snap install --dangerous snapd_*.snap && snap install --dangerous core22_*.snap"
        " && snap install --classic --dangerous microk8s_*.snap && /snap/bin/microk8s enable dns",
        packages=("snapd",),
    ),
    # The cluster and the container runtime that it works with are there beforehand, and no part of any figure.
    "kubeedge": Kit(
        version="v1.23.1",
        unit="cloudcore.service",
        kubectl="k3s kubectl",
        copied=(),
        topology=f"{TOPOLOGY}:{found.PACKAGES}",
        found=found.cluster_and_runtime,
    ),
}


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
    images: tuple[Mapping[str, Any], ...] = ()

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
            **({"edge_images": list(self.images)} if self.images else {}),
            **self.kit.inputs,
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
    options = Options(packages=KITS[distribution].packages)
    nodes = fleet.up(name, topology, options, owned=True)
    KITS[distribution].found(nodes, releases)
    lab = Lab(nodes, distribution, releases)
    nodes.write_inventory(lab.many.name, names=NAMES)
    return lab


def small_images(folder: Path, count: int) -> tuple[Mapping[str, Any], ...]:
    """Rows of edge_images; each image has a layer of its own and shares another one with all."""
    shared = images.tar_of({"etc/site": images.noise(0, 50_000)})
    rows = []
    for number in range(count):
        own = images.tar_of({"opt/version": images.noise(number + 1, 20_000)})
        made = images.make(folder / str(number), [shared, own], ["/none"])
        rows.append({"name": f"shop.example/part{number}:1", "source": str(made.folder)})
    return tuple(rows)


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
