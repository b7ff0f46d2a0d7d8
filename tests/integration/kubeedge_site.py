# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An edge node of KubeEdge as the cluster and its containerd see it."""

from __future__ import annotations

import json
from typing import Any

from bed import mirror
from bed.node import Node

from .lib.site import Site, wait_for

CLOUD, EDGE = "shop-server1", "shop-agent1"
BOOTSTRAP = "/etc/kubeedge/bootstrap-edgecore.conf"
CERTIFICATE = "/etc/kubeedge/certs/server.crt"


def seen(site: Site) -> dict[str, Any]:
    """The edge node as the cluster sees it; empty where there is no such Node."""
    words = ("get", "node", EDGE, "--ignore-not-found", "-o", "json")
    text = site.fleet[CLOUD].kubectl(*words).stdout
    return dict(json.loads(text)) if text.strip() else {}


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
