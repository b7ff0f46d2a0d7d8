# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The smallest sites of a distribution, with what has to be there before it.

KubeEdge works for a cluster that is there already, and its edge nodes bring no container runtime:
both are laid here, so that a test meets a machine on which only the distribution is missing.
"""

from __future__ import annotations

from typing import Any

from bed import inventory, paths, runtime
from bed.node import Node

from ..conftest import MakeFleet, mirror_of
from .distributions import KUBEEDGE, Distribution
from .site import WAIT, Site, common_inputs


def lone(
    distribution: Distribution, make: MakeFleet, name: str = "shop", node: str = "", **options: Any
) -> Site:
    """A site with one kubelet of the distribution; `node` are words of the topology for its node."""
    if distribution.lone == "server":
        return _lay(distribution, make, {"server": node}, name, options)
    return _lay(distribution, make, {"server": "", distribution.lone: node}, name, options)


def pair(
    distribution: Distribution,
    make: MakeFleet,
    name: str = "shop",
    server: str = "",
    **options: Any,
) -> Site:
    """A server and an agent; `server` are words of the topology for the former."""
    return _lay(distribution, make, {"server": server, "agent": ""}, name, options)


def beside(cluster: Distribution, make: MakeFleet) -> Site:
    """A server of the cluster with cloudcore beside it, and an edge node, all in one inventory."""
    members = (_member(cluster, "server", ""), _member(KUBEEDGE, "agent", ""))
    fleet = make(f"shop={','.join(members)}", airgap=True)
    runtime.start(fleet["shop-agent1"], mirror_of(KUBEEDGE.name).parent / "images")
    both: list[dict[str, Any]] = [
        {
            "edge_distribution": one.name,
            "edge_version": one.version,
            "edge_release_mirrors": [str(mirror_of(one.name))],
        }
        for one in (cluster, KUBEEDGE)
    ]
    # There is no default route.
    both[0] |= {**cluster.inputs, "edge_node_ip": ["{{ ansible_host }}"]}
    built = inventory.pairs(fleet.name, list(fleet.nodes.values()), *both)
    inventory.write(fleet.inventory, built)
    inputs = {
        "edge_cache_dir": str(paths.cache_root() / "release-cache"),
        "edge_mode": "offline",
        "edge_profile": "small",
        "edge_wait_timeout": int(WAIT),
    }
    return Site(fleet, KUBEEDGE, inputs)


def _lay(
    distribution: Distribution,
    make: MakeFleet,
    roles: dict[str, str],
    name: str,
    options: dict[str, Any],
) -> Site:
    members = [_member(distribution, role, words) for role, words in roles.items()]
    fleet = make(f"{name}={','.join(members)}", **options)
    site = Site(fleet, distribution, common_inputs(distribution, mirror_of(distribution.name)))
    for node in fleet.nodes.values():
        prepare(site, node)
    return site


def _member(distribution: Distribution, role: str, words: str) -> str:
    packages = distribution.packages
    if distribution.runtime and role == "agent":
        packages += runtime.PACKAGES
    installed = f"packages={' '.join(packages)}" if packages else ""
    return ":".join(filter(None, (role, words, installed)))


def prepare(site: Site, node: Node) -> None:
    """Lay what the node needs: a cluster on a server, a container runtime on an agent."""
    if site.distribution.beneath and node.spec.role == "server":
        _cluster(site, site.distribution.beneath)
    if site.distribution.runtime and node.spec.role == "agent":
        runtime.start(node, mirror_of(site.distribution.name).parent / "images")
        node.run("sync")


def _cluster(site: Site, beneath: Distribution) -> None:
    asked = {
        "version": beneath.version,
        "release_mirrors": [str(mirror_of(beneath.name))],
        "site": "cluster",
        "node_ip": ["{{ ansible_host }}"],
        "airgap_images": True,
        "disable": ["traefik", "servicelb", "metrics-server", "local-storage", "coredns"],
    }
    task = {f"lightk8s.edge.{beneath.name}_install": asked}
    site.play([{"hosts": site.server.name, "gather_facts": False, "tasks": [task]}])
