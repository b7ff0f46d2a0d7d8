# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a distribution finds on its machines, where it brings neither a cluster nor a container runtime."""

from __future__ import annotations

from pathlib import Path

from bed import mirror, plays, runtime
from bed.fleet import Fleet
from bed.paths import cache_root

PACKAGES = f"packages={' '.join(runtime.PACKAGES)}"
K3S = "v1.34.2+k3s1"


def cluster_and_runtime(nodes: Fleet, releases: Path) -> None:
    """K3s on servers, containerd on agents."""
    for node in nodes.nodes.values():
        if node.spec.role == "agent":
            runtime.start(node, releases.parent / "images")
    folder = mirror.ensure(cache_root(), distribution="k3s")
    given = {
        "version": K3S,
        "release_mirrors": [str(folder)],
        "site": "cluster",
        "airgap_images": True,
        "disable": ["traefik", "servicelb", "metrics-server", "local-storage", "coredns"],
    }
    task = {"name": "Bring a cluster up", "lightk8s.edge.k3s_install": given}
    play = {"name": "Bench", "hosts": "servers", "gather_facts": False, "tasks": [task]}
    plays.playbook(nodes, [play], timeout=1200)
