# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's containerd on a node, for distributions that bring no container runtime."""

from __future__ import annotations

import json
from pathlib import Path

from .node import Node

PACKAGES = ("containerd", "containernetworking-plugins")
CONFIG = """\
version = 2

[plugins."io.containerd.grpc.v1.cri"]
  # a node of the test bed may not lower the scores of processes
  restrict_oom_score_adj = true
  sandbox_image = "registry.k8s.io/pause:3.6"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = {systemd}
"""


def _network(subnet: str) -> str:
    address = {
        "type": "host-local",
        "ranges": [[{"subnet": subnet}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "ipMasq": True,
        "ipam": address,
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return json.dumps({"cniVersion": "0.4.0", "name": "edge", "plugins": [bridge, ports]})


def start(
    node: Node, images: Path, *, systemd: bool = False, subnet: str = "10.42.61.0/24"
) -> None:
    """Start containerd with this cgroup driver, a network for pods, and archives of images.

    The node needs `PACKAGES`. `images` is the folder `images` beside a mirror.
    """
    node.write("/etc/containerd/config.toml", CONFIG.format(systemd=str(systemd).lower()))
    node.write("/etc/cni/net.d/10-edge.conflist", _network(subnet))
    node.run("systemctl enable containerd; systemctl restart containerd")
    for name in ("pause.tar", "probe.tar"):
        node.put(images / name, f"/root/{name}")
        node.run(f"ctr -n k8s.io images import /root/{name}; rm /root/{name}")
