# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server with K3s, where cloudcore is to run beside it, and an edge node with containerd."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bed import mirror, runtime
from bed.fleet import Fleet
from bed.node import Node

from .lib.distributions import K3S, Distribution
from .lib.site import Site, common_inputs, wait_for

TOPOLOGY = f"shop=server,agent:packages={' '.join(runtime.PACKAGES)}"
CLOUD, EDGE = "shop-server1", "shop-agent1"
BOOTSTRAP = "/etc/kubeedge/bootstrap-edgecore.conf"
CERTIFICATE = "/etc/kubeedge/certs/server.crt"
DATABASE = "/var/lib/kubeedge/edgecore.db"
KUBEEDGE = Distribution(
    name="kubeedge",
    version="v1.23.1",
    rebuilt="v1.23.2",
    newer="v1.23.2",
    next_minor="v1.24.0",
    skipped_minor="v1.25.0",
    never_ready="v1.23.3",
    no_start="v1.23.4",
    server_unit="cloudcore.service",
    agent_unit="edgecore.service",
    binary="/usr/local/bin/edgecore",
    config="/etc/kubeedge/config/edgecore.yaml",
    config_folder="/etc/kubeedge/config",
    data="/var/lib/kubeedge",
    images="",
    kubeconfig="/etc/rancher/k3s/k3s.yaml",
    ctr=("ctr", "-n", "k8s.io"),
    server_only_key="kubeAPIConfig",
    credential=CERTIFICATE,
)


def bring_up(fleet: Fleet, k3s: str, kubeedge: str) -> Site:
    """K3s and containerd run, KubeEdge is not there yet."""
    releases = Path(kubeedge)
    runtime.start(fleet[EDGE], releases.parent / "images")
    cluster = {
        "version": K3S.version,
        "release_mirrors": [k3s],
        "site": "cluster",
        "node_ip": ["{{ ansible_host }}"],
        "airgap_images": True,
        "disable": ["traefik", "servicelb", "metrics-server", "local-storage", "coredns"],
    }
    site = Site(fleet, KUBEEDGE, common_inputs(KUBEEDGE, releases))
    site.play(
        [{"hosts": CLOUD, "gather_facts": False, "tasks": [{"lightk8s.edge.k3s_install": cluster}]}]
    )
    return site


def seen(site: Site) -> dict[str, Any]:
    """The edge node as the cluster sees it; empty where there is no such Node."""
    words = ("get", "node", EDGE, "--ignore-not-found", "-o", "json")
    text = site.fleet[CLOUD].kubectl(*words).stdout
    return dict(json.loads(text)) if text.strip() else {}


def version(site: Site) -> str:
    """What the kubelet of the edge node reports."""
    return str(seen(site)["status"]["nodeInfo"]["kubeletVersion"])


def ready(site: Site) -> bool:
    rows = (seen(site).get("status") or {}).get("conditions") or []
    return any(row["type"] == "Ready" and row["status"] == "True" for row in rows)


def wait_ready(site: Site) -> None:
    wait_for("the edge node Ready", lambda: ready(site))


def run_on_edge(site: Site, name: str, *, token: bool) -> None:
    """A pod of the probe image, which the edge node has; with a service account's token or without."""
    spec = {
        "nodeName": EDGE,
        "automountServiceAccountToken": token,
        "tolerations": [{"operator": "Exists"}],
        "containers": [
            {"name": "c", "image": mirror.PROBE, "imagePullPolicy": "Never"},
        ],
    }
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
    cloud = site.fleet[CLOUD]
    cloud.write("/root/pod.json", json.dumps(pod))
    cloud.kubectl("apply", "-f", "/root/pod.json")


def containers(edge: Node) -> set[str]:
    """Ids of what runs on the edge node, by containerd's word."""
    listed = edge.run(["ctr", "-n", "k8s.io", "tasks", "ls"]).stdout.splitlines()
    return {line.split()[0] for line in listed if "RUNNING" in line}
