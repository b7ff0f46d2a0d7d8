# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What k0s needs of a machine (docs.k0sproject.io: system-requirements, networking). Pure.

What it takes itself was measured at rest: a controller with pods 800 MiB, a worker 280 MiB.
"""

from __future__ import annotations

import typing as t

from ..release import ARCHITECTURES
from ..requirements import Module, Port, Requirements
from ..spec import SERVER, Spec
from ..storage import storage
from . import networks

MODULES = (
    Module("overlay", "/sys/module/overlay"),
    Module("br_netfilter", "/proc/sys/net/bridge/bridge-nf-call-iptables"),
    Module("nf_conntrack", "/proc/sys/net/netfilter/nf_conntrack_max"),
)
INTERFACES = ("cni", "flannel", "kube-", "veth", "cali", "vxlan.calico", "tunl", "tun-", "lxc")
LOCAL = (
    Port(10248, "the kubelet's health check"),
    Port(10249, "the metrics of kube-proxy"),
    Port(10250, "the kubelet"),
    Port(10256, "the health check of kube-proxy"),
)
CONTROL_PLANE = (
    Port(8132, "konnectivity"),
    Port(9443, "the API of k0s"),
    Port(10257, "the controller manager"),
    Port(10259, "the scheduler"),
)
ETCD = (Port(2379, "etcd's clients"), Port(2380, "etcd's peers"))


def requirements(spec: Spec) -> Requirements:
    """The needs of the spec's role."""
    server = spec.role == SERVER
    found = networks.ranges(spec)
    return Requirements(
        title="a k0s controller" if server else "a k0s worker",
        memory_mb=700 if server else 280,
        memory_recommended_mb=1024 if server else 512,
        disk_mb=1700 if server else 1300,
        disk_recommended_mb=2048 if server else 1640,
        inodes=20000,
        architectures=tuple(sorted(ARCHITECTURES)),
        modules=MODULES,
        controllers=("cpu", "cpuset", "memory", "pids"),
        ports=tuple(_ports(spec, server)),
        programs=("systemctl", "mount", "umount", *(("useradd",) if server else ())),
        programs_wanted=("modprobe", "ip"),
        networks={"pods": found["cluster-cidr"], "services": found["service-cidr"]},
        interfaces=INTERFACES,
        default_route="" if spec.node_ips else "should",
    )


def _ports(spec: Spec, server: bool) -> t.Iterator[Port]:
    yield from LOCAL
    if not spec.settings.get("network_mode"):
        yield Port(179, "kube-router")
    if server:
        yield Port(6443, "the API server")
        yield from CONTROL_PLANE
        yield from ETCD if storage(spec) == "etcd" else ()
