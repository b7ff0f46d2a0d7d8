# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What MicroK8s needs of a machine (microk8s.io/docs: getting started, services and ports). Pure.

Its makers say that it runs with 540 MB, and advise 4 GB and 20 GB of disk.
"""

from __future__ import annotations

import typing as t

from ..requirements import UDP, Module, Port, Requirements
from ..spec import SERVER, Spec
from . import networks, paths

MODULES = (
    Module("overlay", "/sys/module/overlay"),
    Module("br_netfilter", "/proc/sys/net/bridge/bridge-nf-call-iptables"),
    Module("nf_conntrack", "/proc/sys/net/netfilter/nf_conntrack_max"),
    Module("squashfs", "/sys/module/squashfs", required=False),
)
INTERFACES = ("cni", "flannel", "kube-", "veth", "cali", "vxlan.calico", "tunl")
LOCAL = (
    Port(10248, "the kubelet's health check"),
    Port(10249, "the metrics of kube-proxy"),
    Port(10250, "the kubelet"),
    Port(10256, "the health check of kube-proxy"),
    Port(1338, "the metrics of containerd"),
    Port(paths.API_PORT, "the API server"),
    Port(paths.AGENT_PORT, "the cluster agent"),
)
CONTROL_PLANE = (
    Port(10257, "the controller manager"),
    Port(10259, "the scheduler"),
    Port(19001, "the datastore"),
)


def requirements(spec: Spec) -> Requirements:
    """The needs of the spec's role."""
    server = spec.role == SERVER
    found = networks.ranges(spec)
    return Requirements(
        title="a MicroK8s server" if server else "a MicroK8s worker",
        memory_mb=540 if server else 300,
        memory_recommended_mb=4096 if server else 1024,
        disk_mb=2500,
        disk_recommended_mb=20480 if server else 8192,
        inodes=20000,
        architectures=("aarch64", "x86_64"),
        modules=MODULES,
        controllers=("cpu", "cpuset", "memory", "pids"),
        ports=tuple(_ports(server)),
        programs=("snap", "systemctl", "mount", "umount"),
        programs_wanted=("modprobe", "ip"),
        networks={"pods": found["cluster-cidr"], "services": found["service-cidr"]},
        interfaces=INTERFACES,
        default_route="" if server and spec.node_ips else "should",
    )


def _ports(server: bool) -> t.Iterator[Port]:
    yield from LOCAL
    yield Port(4789, "VXLAN", UDP)
    if server:
        yield from CONTROL_PLANE
