# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking MicroK8s off a node: what `snap remove` takes, and what it leaves."""

from __future__ import annotations

from ..._core.plan import Phase, Step
from ..._core.resources import Seen
from ..._host.host import Host
from .. import clearing, remains, removal
from ..adapter import Observation
from ..processes import Mark
from ..remains import Places
from ..removal import OURS, Removal
from ..service import UNITS
from ..spec import PURGED, Spec
from . import paths
from .addons import NOTE

INTERFACES = ("cni0", "vxlan.calico", "flannel.1", "kube-ipvs0")
CHAINS = "KUBE-|CNI-|cali-|generated for MicroK8s pods"
# Links that the snap's hooks make into its own folders, where nothing of others was.
LINKS = ("/var/lib/kubelet", "/var/lib/calico", "/etc/cni/net.d", "/opt/cni/bin")
FILES = (
    paths.LAUNCH,
    *LINKS,
    paths.DELEGATE,
    *(f"{UNITS}/{unit}.d/60-lightk8s-resources.conf" for unit in paths.ALL_UNITS),
    "/etc/sysctl.d/10-microk8s.conf",
    *OURS,
    NOTE,
)
_OTHERS = (
    paths.CONFIG_DIR,
    f"/root/snap/{paths.NAME}",
    "/var/lib/cni",
    "/var/log/pods",
    "/var/log/containers",
    "/run/flannel",
    *(f"{UNITS}/{unit}.d" for unit in paths.ALL_UNITS),
)
# Folders that containerd and the kubelet make wherever they start, ours while they are empty.
EMPTY = {
    "/opt/containerd": ("bin", "lib"),
    "/usr/libexec/kubernetes": ("kubelet-plugins/volume/exec",),
}
_MOUNTED = (f"{paths.COMMON}/", "/run/netns/cni-")
GROUP = paths.NAME


def places(host: Host) -> Places:
    """Folders of MicroK8s; those above its links are its own while nothing else is in them."""
    parents = {
        "/etc/systemd/journald.conf.d": frozenset(("60-lightk8s.conf",)),
        "/root/snap": frozenset((paths.NAME,)),
    }
    for path in ("/etc/cni/net.d", "/opt/cni/bin"):
        above, dummy, name = path.rpartition("/")
        info = host.inspect(path)
        ours = info is not None and info.kind == "link" and info.target.startswith(paths.HOME)
        parents[above] = frozenset((name,) if ours else ())
    for top, inner in EMPTY.items():
        if not any(host.names(f"{top}/{name}") for name in inner):
            parents[top] = frozenset(inner)
    return Places(paths.HOME, (), _OTHERS, parents, _MOUNTED)


def leftovers(host: Host) -> tuple[str, ...]:
    """Folders that a purge takes away."""
    return remains.leftovers(host, paths.HOME, places(host))


def kept(path: str, there: Seen) -> bool:
    """Whether something is somebody else's though it lies where MicroK8s' would."""
    if path in LINKS:
        return there.kind != "link" or not there.target.startswith(paths.HOME)
    return path == paths.LAUNCH and not (there.data or b"").startswith(paths.MARK.encode())


def steps(spec: Spec, seen: Observation) -> tuple[Step, ...]:
    """From whatever is there to nothing (absent: snapd keeps a snapshot of the data)."""
    found: list[Step] = []
    whole = spec.state == PURGED
    if seen.facts.initialized or seen.facts.config.get("disabled"):
        how = "with its data" if whole else "(snapd keeps a snapshot of its data)"
        summary = f"remove the snap {paths.NAME} {how}"
        found.append(Step(Phase.STOP, "snap_remove", paths.NAME, summary, {"purge": whole}))
    if seen.facts.config.get("holding"):
        summary = "put off the refreshes of other snaps no longer"
        found.append(Step(Phase.STOP, "snap_release", "refresh.hold", summary))
    there = seen.facts.config.get("snaps") or ()
    ours = seen.facts.config.get("bases") or ()
    # snapd's own snap can go last only.
    bases = [name for name in reversed(paths.BASES) if name in ours and name in there]
    if whole and bases:
        summary = f"remove the snaps {', '.join(bases)} unless others need them"
        found.append(Step(Phase.STOP, "snap_remove_bases", "bases", summary, {"names": bases}))
    what = Removal(
        (),
        paths.CONFIG_DIR,
        "microk8s_clear",
        "end containers, mounts, interfaces and rules of MicroK8s",
        kept,
    )
    return tuple(
        sorted([*found, *removal.steps(spec, seen, paths.HOME, what)], key=lambda step: step.phase)
    )


def clear(host: Host, step: Step) -> None:
    mark = Mark((f"/snap/{paths.NAME}/",), (f"{paths.COMMON}/run/containerd",))
    clearing.clear(host, clearing.Traces("MicroK8s", mark, places(host), INTERFACES, CHAINS))
    _drop_group(host)


def _drop_group(host: Host) -> None:
    """The group that the snap has made for its users, where it has none."""
    done = host.run(["getent", "group", GROUP], check=False)
    if done.rc == 0 and done.out.strip().endswith(":"):
        host.run(["groupdel", GROUP], check=False)
