# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking KubeEdge off a node: what `keadm reset edge` takes, and what it leaves (mounts, logs, programs).

Pods of an edge node run in containerd's namespace k8s.io; other namespaces are somebody else's.
"""

from __future__ import annotations

import typing as t

from ..._core.places import GUEST_RECEIPT, RECEIPT
from ..._core.plan import Step
from ..._core.records import replace
from ..._core.verbs import Verb
from ..._host.host import Host
from .. import clearing, remains, removal
from ..adapter import Facts, Observation
from ..processes import Mark
from ..release import BIN_DIRS
from ..remains import Places
from ..removal import OURS, Removal
from ..service import UNITS
from ..spec import AGENT, PURGED, Spec
from . import cluster, paths

INTERFACES = ("cni0",)
CHAINS = "KUBE-|CNI-"
CLOUD_CHAINS = "TUNNEL-PORT"
CTR = ("ctr", f"--address={paths.CONTAINERD}", "--namespace=k8s.io")
_MOUNTED = (
    f"{paths.KUBELET_DIR}/pods/",
    f"{paths.KUBELET_DIR}/plugins/",
    "/run/netns/cni-",
    # The shared memory of pods, which containerd itself would take away at its next start only.
    "/run/containerd/io.containerd.grpc.v1.cri/sandboxes/",
)
_EDGE = Places(
    data=paths.DATA_DIR,
    data_parts=("edgecore.db",),
    others=(
        paths.CONFIG_DIR,
        paths.ROOT,
        paths.KUBELET_DIR,
        "/var/lib/edged",
        "/var/lib/cni",
        "/var/log/kubeedge",
        "/var/log/pods",
        "/var/log/containers",
        f"{UNITS}/{paths.EDGE_UNIT}.d",
    ),
    parents={
        "/etc/systemd/journald.conf.d": frozenset(("60-lightk8s.conf",)),
        # Its kubelet makes this folder for plugins of volumes, which are somebody else's.
        "/usr/libexec/kubernetes": frozenset(("kubelet-plugins/volume/exec/",)),
    },
    mounted=_MOUNTED,
)
_CLOUD = Places(
    data=paths.DATA_DIR,
    data_parts=("kubeedge.sock",),
    others=(paths.CONFIG_DIR, paths.ROOT, f"{UNITS}/{paths.CLOUD_UNIT}.d"),
    parents={},
    mounted=("/nothing/of/cloudcore/is/mounted/",),
)


def leftovers(host: Host, spec: Spec) -> tuple[str, ...]:
    """Folders that a purge takes away."""
    return remains.leftovers(host, paths.data_dir(spec), _EDGE if spec.role == AGENT else _CLOUD)


def files(spec: Spec, facts: Facts) -> tuple[str, ...]:
    """Single files that KubeEdge or we have put on the node, apart from whole folders."""
    name = paths.unit_file(spec.role)
    own = (
        f"{facts.bin_dir}/{paths.program_of(spec.role)}",
        name,
        f"{name}.d/60-lightk8s-resources.conf",
    )
    if spec.role == AGENT:
        return (*own, *OURS)
    # What serves every distribution of ours on this machine goes with the last one of them.
    ours = tuple(path for path in OURS if path != RECEIPT)
    return (*own, GUEST_RECEIPT, *(() if facts.machine.get("neighbour") else ours))


def steps(spec: Spec, seen: Observation) -> tuple[Step, ...]:
    """From whatever is there to nothing (absent: the data directory stays)."""
    if spec.role == AGENT:
        summary, verb = "end containers, mounts, interfaces and rules of KubeEdge", "kubeedge_clear"
    else:
        summary, verb = "end cloudcore and its rules", "kubeedge_clear_cloud"
    name = paths.unit_of(spec.role)
    what = Removal((name,), paths.CONFIG_DIR, verb, summary, lambda path, there: False)
    if seen.facts.machine.get("neighbour"):
        # Helpers that are there serve the distribution beside, and stay with it.
        seen = replace(seen, units={key: seen.units[key] for key in (name,) if key in seen.units})
    found = removal.steps(spec, seen, paths.data_dir(spec), what)
    if spec.role == AGENT:
        return found
    if spec.state == PURGED and seen.facts.machine.get("ours"):
        found = (*found, cluster.forget_step(str(seen.facts.machine["source"])))
    return tuple(sorted(found, key=lambda step: step.phase))


def mark() -> Mark:
    """Of edgecore, and of the shims of its pods with all that runs in them."""
    return Mark(tuple(f"{folder}/edgecore" for folder in BIN_DIRS), ("k8s.io",))


def _clear(host: Host, step: Step) -> None:
    if host.run(["crictl", "--version"], check=False).rc == 0:
        words = [
            "crictl",
            f"--runtime-endpoint=unix://{paths.CONTAINERD}",
            "rmp",
            "--all",
            "--force",
        ]
        host.run(words, check=False, timeout=180)
    places = _EDGE
    clearing.clear(host, clearing.Traces("KubeEdge", mark(), places, INTERFACES, CHAINS))
    for name in _listed(host, "containers"):
        host.run([*CTR, "tasks", "delete", "--force", name], check=False)
        host.run([*CTR, "containers", "delete", name], check=False)
    host.run(["systemctl", "reset-failed", paths.EDGE_UNIT], check=False)


def _listed(host: Host, what: str) -> t.Sequence[str]:
    return host.run([*CTR, what, "ls", "--quiet"], check=False).out.split()


def _clear_cloud(host: Host, step: Step) -> None:
    clearing.drop_rules(host, CLOUD_CHAINS)
    host.run(["systemctl", "reset-failed", paths.CLOUD_UNIT], check=False)


VERBS: dict[str, Verb] = {"kubeedge_clear": _clear, "kubeedge_clear_cloud": _clear_cloud}
