# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What K3s needs of a machine.

Sources: docs.k3s.io, "Requirements" (sizes, ports), "Resource Profiling" (an agent takes 275 MB; a
server 512 MB with SQLite and 768 MB with embedded etcd before any workload), "Air-Gap Install"
(default route).
"""

from __future__ import annotations

import typing as t

from ..release import ARCHITECTURES
from ..requirements import UDP, Module, Port, Requirements
from ..spec import SERVER, Spec
from ..storage import storage
from .networks import default_ranges

MODULES = (
    Module("overlay", "/sys/module/overlay"),
    Module("br_netfilter", "/proc/sys/net/bridge/bridge-nf-call-iptables"),
    Module("nf_conntrack", "/proc/sys/net/netfilter/nf_conntrack_max"),
    Module("vxlan", "/sys/module/vxlan", required=False),
)
INTERFACES = ("cni", "flannel", "kube-", "veth", "cali", "vxlan.calico", "tunl", "cilium", "lxc")
LOCAL = (
    Port(6444, "the K3s load balancer"),
    Port(10010, "containerd"),
    Port(10248, "the kubelet's health check"),
    Port(10249, "the metrics of kube-proxy"),
    Port(10250, "the kubelet"),
    Port(10256, "the health check of kube-proxy"),
)
CONTROL_PLANE = (
    Port(10257, "the controller manager"),
    Port(10258, "the cloud controller manager"),
    Port(10259, "the scheduler"),
)
ETCD = (
    Port(2379, "etcd's clients"),
    Port(2380, "etcd's peers"),
    Port(2381, "etcd's metrics"),
    Port(2382, "etcd's HTTP clients"),
)


def requirements(spec: Spec) -> Requirements:
    """The needs of the spec's role."""
    server = spec.role == SERVER
    etcd = server and storage(spec) == "etcd"
    return Requirements(
        title=f"a K3s {spec.role}",
        memory_mb=(768 if etcd else 512) if server else 275,
        memory_recommended_mb=2048 if server else 512,
        disk_mb=600,
        disk_recommended_mb=2048,
        inodes=20000,
        architectures=tuple(sorted(ARCHITECTURES)),
        modules=MODULES,
        controllers=("cpu", "cpuset", "memory", "pids"),
        ports=tuple(_ports(spec, server=server, etcd=etcd)),
        programs=("systemctl", "mount", "umount"),
        programs_wanted=("modprobe", "ip"),
        networks=_networks(spec),
        interfaces=INTERFACES,
        default_route=_default_route(spec),
    )


def _default_route(spec: Spec) -> str:
    """K3s takes the node's address and flannel's interface from it where they are not given."""
    if not spec.node_ips:
        return "must"
    return "" if "flannel-iface" in _extra(spec) else "should"


def _extra(spec: Spec) -> t.Mapping[str, t.Any]:
    found = spec.settings.get("extra_config")
    return found if isinstance(found, dict) else {}


def _ports(spec: Spec, *, server: bool, etcd: bool) -> t.Iterator[Port]:
    yield from LOCAL
    if spec.settings.get("network_mode") in (None, "flannel"):
        yield Port(8472, "flannel's tunnels", UDP)
    if server:
        listen = str(_extra(spec).get("https-listen-port") or 6443)
        yield Port(int(listen) if listen.isdigit() else 6443, "the API server")
        yield from CONTROL_PLANE
    if etcd:
        yield from ETCD


def _networks(spec: Spec) -> dict[str, tuple[str, ...]]:
    pods = tuple(spec.settings.get("cluster_cidr") or ())
    services = tuple(spec.settings.get("service_cidr") or ())
    return {
        "pods": pods or default_ranges("cluster-cidr", spec.node_ips),
        "services": services or default_ranges("service-cidr", spec.node_ips),
    }
