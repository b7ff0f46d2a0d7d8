# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking k0s off a node: what `k0s reset` takes, and what it leaves (accounts, rules, bridges, CNI files)."""

from __future__ import annotations

import ipaddress
import typing as t

from ..._core.plan import Step
from ..._core.records import replace
from ..._core.verbs import Verb
from ..._host.host import Host
from .. import clearing, remains, removal
from ..adapter import Observation
from ..processes import Mark
from ..release import BIN_DIRS
from ..remains import Places
from ..removal import OURS, Removal
from ..service import UNITS
from ..spec import PURGED, Spec
from . import networks, paths, users

INTERFACES = ("cni0", "kube-bridge", "kube-dummy-if", "kube-ipvs0", "vxlan.calico", "flannel.1")
CHAINS = "KUBE-|CNI-|cali-"
CONFLIST = "10-kuberouter.conflist"
# Programs that k0s' network puts into /opt/cni/bin, whoever was there before.
PLUGINS = (
    *("bandwidth", "bridge", "calico", "calico-ipam", "dhcp", "dummy", "firewall", "flannel"),
    *("host-device", "host-local", "install", "ipvlan", "loopback", "macvlan", "portmap", "ptp"),
    *("sbr", "static", "tap", "tuning", "vlan", "vrf", "LICENSE", "README.md"),
)
_MOUNTED = (
    f"{paths.RUN_DIR}/",
    "/var/lib/kubelet/pods/",
    "/var/lib/kubelet/plugins/",
    "/run/netns/cni-",
)
_PLACES = Places(
    data=paths.DATA_DIR,
    data_parts=(
        *("bin", "containerd", "db", "etcd", "helmhome", "images", "konnectivity", "kubelet"),
        *("kubelet.conf", "manifests", "pki", "worker-profile.yaml"),
    ),
    others=(
        paths.CONFIG_DIR,
        paths.RUN_DIR,
        "/var/lib/kubelet",
        "/var/lib/cni",
        "/var/log/pods",
        "/var/log/containers",
        "/usr/libexec/k0s",
        "/run/cni-ipam",
        *(f"{UNITS}/{unit}.d" for unit in paths.ALL_UNITS),
    ),
    parents={
        "/etc/systemd/journald.conf.d": frozenset(("60-lightk8s.conf",)),
        "/etc/cni": frozenset((f"net.d/{CONFLIST}",)),
        "/opt/cni": frozenset(f"bin/{name}" for name in PLUGINS),
        "/opt/containerd": frozenset(("bin/", "lib/")),  # made by each containerd as it starts
    },
    mounted=_MOUNTED,
)


def places(data: str) -> Places:
    """With the mounts of the kubelet in this data folder; k0s mounts its root folder onto itself."""
    return replace(_PLACES, mounted=(*_MOUNTED, f"{data}/kubelet"))


def leftovers(host: Host, data: str) -> tuple[str, ...]:
    """Folders that a purge takes away."""
    return remains.leftovers(host, data, places(data))


def steps(spec: Spec, seen: Observation) -> tuple[Step, ...]:
    """From whatever is there to nothing (absent: the data directory stays)."""
    data = str(seen.facts.config.get("data-dir") or paths.data_dir(spec)).rstrip("/")
    summary = "end containers, mounts, interfaces and rules of k0s"
    what = Removal(
        paths.ALL_UNITS,
        paths.CONFIG_DIR,
        "k0s_clear",
        summary,
        lambda path, there: False,
        {"pods": list(networks.ranges(spec)["cluster-cidr"])},
    )
    found = removal.steps(spec, seen, data, what)
    made = sorted(name for name, ours in seen.facts.accounts.items() if ours)
    if spec.state == PURGED and made:
        found = (*found, users.drop_step(made))
    return found


def files(bin_dir: str) -> tuple[str, ...]:
    """Single files that k0s or we have put on the node, apart from whole folders."""
    units = tuple(
        f"{UNITS}/{unit}{end}"
        for unit in paths.ALL_UNITS
        for end in ("", ".env", ".d/60-lightk8s-resources.conf")
    )
    program = f"{bin_dir}/{paths.PROGRAM}"
    return (program, f"/etc/cni/net.d/{CONFLIST}", *units, *OURS)


def mark(data: str) -> Mark:
    """Of processes that run from this data folder, and of k0s itself."""
    programs = tuple(f"{folder}/{paths.PROGRAM}" for folder in BIN_DIRS)
    return Mark((f"{data}/bin/", *programs), (f"{paths.RUN_DIR}/containerd",))


def _clear(host: Host, step: Step) -> None:
    data = step.target
    clearing.clear(host, clearing.Traces("k0s", mark(data), places(data), INTERFACES, CHAINS))
    _drop_routes(host, step.params.get("pods", ()))
    for unit in paths.ALL_UNITS:
        host.run(["systemctl", "reset-failed", unit], check=False)


def _drop_routes(host: Host, pods: t.Iterable[str]) -> None:
    """The ways to other nodes' pods, which nobody takes away with kube-router."""
    for line in host.run(["ip", "route", "show"], check=False).out.splitlines():
        words = line.split()
        if words[1:2] == ["via"] and any(inside(words[0], text) for text in pods):
            host.run(["ip", "route", "delete", *words[:3]], check=False)


def inside(target: str, text: str) -> bool:
    """Whether a route's target is a part of a range. Pure."""
    try:
        one, whole = ipaddress.ip_network(target), ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return one.version == whole.version and one.prefixlen >= whole.prefixlen and one.overlaps(whole)


def _stop(host: Host, step: Step) -> None:
    """A unit that has failed, or ended badly on its way down, keeps k0s from seeing the other role's."""
    host.systemctl("stop", step.target, timeout=step.params.get("timeout", 120))
    host.run(["systemctl", "reset-failed", step.target], check=False)


VERBS: dict[str, Verb] = {"k0s_clear": _clear, "stop": _stop, **users.VERBS}
