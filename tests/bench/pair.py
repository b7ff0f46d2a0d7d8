# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cloudcore and an edge node by site.yml, against the same by hand with scp, kubectl and systemctl."""

from __future__ import annotations

import shlex
import time
from pathlib import Path

from bed import fleet
from bed.node import Node

from .byhand import collect, copy, do
from .found import PACKAGES
from .lab import Lab, up

TOPOLOGY = f"ours=server,agent:{PACKAGES}; hand=server,agent:{PACKAGES}"
UNITS = "/etc/systemd/system"
CONFIG = "/etc/kubeedge/config"
CLOUD = ("/usr/local/bin/cloudcore", f"{CONFIG}/cloudcore.yaml", f"{UNITS}/cloudcore.service")
EDGE = (
    "/usr/local/bin/edgecore",
    *(f"{CONFIG}/{name}" for name in ("edgecore.base.yaml", "compose.sh", "kubelet.d")),
    *(f"{UNITS}/edgecore.service{ending}" for ending in ("", ".d")),
)
KINDS = "/var/tmp/kubeedge"
TOKEN = "k3s kubectl -n kubeedge get secret tokensecret -o jsonpath={.data.tokendata}"


def compare(name: str, lab: Lab) -> tuple[float, float]:
    """Seconds until the edge node is Ready, where a cluster and containerd run: by site.yml, by hand."""
    bare = up(name, TOPOLOGY, lab.distribution, lab.releases)
    try:
        nodes = bare.nodes.nodes
        ours = [nodes[f"ours-{role}1"] for role in ("server", "agent")]
        hand = [nodes[f"hand-{role}1"] for role in ("server", "agent")]
        installed = bare.run("site", "--limit", "ours")
        renamed = {a.ip: b.ip for a, b in zip(ours, hand, strict=True)}
        renamed |= {a.name: b.name for a, b in zip(ours, hand, strict=True)}
        # Somebody who installs by hand lets it use the administrator's kubeconfig.
        renamed[f"{CONFIG}/cloudcore.kubeconfig"] = "/etc/rancher/k3s/k3s.yaml"
        folder = bare.nodes.root / "by-hand"
        sources = [
            collect(node, wanted, Path(f"{folder}-{node.spec.role}"), renamed)
            for node, wanted in zip(ours, (CLOUD, EDGE), strict=True)
        ]
        sources[0][f"{KINDS}/build"] = lab.releases / lab.kit.version / "build"
        for node in ours:
            node.kill()
        began = time.monotonic()
        copy(hand[0], sources[0])
        token = _cloud(hand[0])
        copy(hand[1], sources[1])
        _edge(hand[1], token)
        ready = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'
        words = ["k3s", "kubectl", "get", "node", hand[1].name, "-o", ready]
        do(hand[0], f"until {shlex.join(words)} 2>/dev/null | grep -q True; do sleep 0.2; done")
        return installed.seconds, time.monotonic() - began
    finally:
        fleet.down(name)


def _cloud(node: Node) -> str:
    """Kinds and namespace, then cloudcore; the token that it makes for nodes to join."""
    kinds = "k3s kubectl apply --server-side"
    do(node, f"{kinds} -f {KINDS}/build/cloud/01-namespace.yaml -R -f {KINDS}/build/crds")
    do(node, "systemctl daemon-reload && systemctl enable --now cloudcore")
    return do(node, f"until {TOKEN} 2>/dev/null | grep .; do sleep 0.2; done")


def _edge(node: Node, token: str) -> None:
    script = f"""umask 077; mkdir -p /etc/kubeedge /var/lib/kubeedge
        echo {shlex.quote(token)} | base64 -d >/etc/kubeedge/bootstrap-edgecore.conf
        systemctl daemon-reload && systemctl enable --now edgecore"""
    do(node, script)
