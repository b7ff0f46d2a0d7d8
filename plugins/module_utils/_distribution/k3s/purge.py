# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking K3s off a node.

What there is to take away: docs.k3s.io, "Uninstalling K3s" (installation/uninstall) and the places
that K3s is documented to use. Every verb may run again and finds nothing the second time.
"""

from __future__ import annotations

import contextlib
import os
import re

from ..._core.errors import EdgeError
from ..._core.plan import Phase, Step
from ..._core.resources import Seen
from ..._core.verbs import Verb
from ..._host.host import Host
from ..adapter import Observation
from ..spec import PURGED, Spec
from . import paths, processes, remains

INTERFACES = ("cni0", "flannel.1", "flannel-v6.1", "flannel-wg", "flannel-wg-v6", "kube-ipvs0")
CGROUP = "/sys/fs/cgroup"
POD_CGROUPS = ("kubepods", "kubepods.slice")
SHIM_SOCKETS = "/run/containerd"  # of every containerd, wherever its own folder is
CHAINS = re.compile("KUBE-|CNI-|(?i:flannel)")
OURS = (
    "/etc/systemd/system/lightk8s-recover.service",
    "/etc/systemd/system/lightk8s-pod-cap.service",
    "/var/lib/lightk8s/state/distribution.json",
    "/var/lib/lightk8s/bin/pod-cap.sh",
    "/etc/systemd/journald.conf.d/60-lightk8s.conf",
)
JOURNALD = "systemd-journald.service"

HELPER_UNITS = ("lightk8s-recover.service", "lightk8s-pod-cap.service")


def steps(spec: Spec, seen: Observation) -> tuple[Step, ...]:
    """From whatever is there to nothing (absent: the data directory stays)."""
    found: list[Step] = []
    ours = [
        name for name in (paths.SERVER_UNIT, paths.AGENT_UNIT, *HELPER_UNITS) if name in seen.units
    ]
    for name in ours:
        state = seen.units[name]
        if state.running:
            found.append(Step(Phase.STOP, "stop", name, f"stop {name}"))
        if state.enabled:
            found.append(Step(Phase.UNITS, "disable", name, f"disable {name}"))
    data = str(seen.facts.config.get("data-dir") or paths.data_dir(spec)).rstrip("/")
    busy = seen.facts.leftovers or any(seen.units[name].load == "loaded" for name in ours)
    if busy and (spec.state == PURGED or any(step.verb == "stop" for step in found)):
        found.append(
            Step(
                Phase.STOP, "k3s_clear", data, "end containers, mounts, interfaces and rules of K3s"
            )
        )
    found += [
        Step(Phase.FILES, "remove", path, f"remove {path}")
        for path, there in seen.paths.items()
        if there is not None and not _foreign(path, there)
    ]
    if any("journald.conf.d" in step.target for step in found):
        found.append(Step(Phase.SERVICE, "restart", JOURNALD, f"restart {JOURNALD}"))
    if spec.state == PURGED:
        found += [
            Step(Phase.CLEAN, "remove_tree", folder, f"remove {folder}")
            for folder in seen.facts.leftovers
        ]
    elif paths.CONFIG_DIR in seen.facts.leftovers:
        found.append(
            Step(Phase.CLEAN, "remove_tree", paths.CONFIG_DIR, f"remove {paths.CONFIG_DIR}")
        )
    if any(step.target.startswith(paths.UNITS) for step in found):
        found.append(Step(Phase.CLEAN, "reload", "systemd", "make systemd read its units anew"))
    return tuple(sorted(found, key=lambda step: step.phase))


def _foreign(path: str, there: Seen) -> bool:
    """Whether what bears the name of a tool is not K3s under another name, but the user's own."""
    if os.path.basename(path) not in paths.TOOLS:
        return False
    return there.kind != "link" or os.path.basename(there.target) != "k3s"


def files(spec: Spec, bin_dir: str) -> tuple[str, ...]:
    """Single files that K3s or we have put on the node, apart from whole folders."""
    tools = tuple(f"{bin_dir}/{name}" for name in paths.TOOLS)
    scripts = ("k3s-killall.sh", "k3s-uninstall.sh", "k3s-agent-uninstall.sh")
    units = tuple(
        f"{paths.UNITS}/{unit}{end}"
        for unit in (paths.SERVER_UNIT, paths.AGENT_UNIT)
        for end in ("", ".env", ".d/60-lightk8s-resources.conf")
    )
    return (*tools, f"{bin_dir}/k3s", *(f"{bin_dir}/{name}" for name in scripts), *units, *OURS)


def _clear(host: Host, step: Step) -> None:
    processes.end(host, step.target)
    if not any(process.of_containerd for process in processes.table().values()):
        host.remove_tree(SHIM_SOCKETS)
    _unmount(host)
    _drop_interfaces(host)
    _drop_cgroups(host)
    for command in ("iptables", "ip6tables"):
        _drop_rules(host, command)


def _unmount(host: Host) -> None:
    """EdgeError(kind=command) where something stays mounted: its content must not be taken away."""
    for point in remains.containers_mounts(host):
        host.run(["umount", "-l", "--", point], check=False)
    left = remains.containers_mounts(host)
    if left:
        raise EdgeError(
            f"{left[0]} does not unmount", kind="command", hint="unmount it, then run again"
        )
    for name in host.names("/run/netns"):
        if name.startswith("cni-"):
            host.run(["ip", "netns", "delete", name], check=False)


def _drop_cgroups(host: Host) -> None:
    """Remove the pods' cgroups of every hierarchy; one in which something still lives stays."""
    trees = [CGROUP, *(f"{CGROUP}/{name}" for name in host.names(CGROUP))]
    for top in (f"{tree}/{name}" for tree in trees for name in POD_CGROUPS):
        for folder, dummy, dummy in os.walk(host.path(top), topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(folder)


def _drop_interfaces(host: Host) -> None:
    listed = host.run(["ip", "-o", "link", "show"], check=False).out
    for line in listed.splitlines():
        name = line.split(":")[1].strip().partition("@")[0] if line.count(":") > 1 else ""
        if name in INTERFACES or "master cni0" in line:
            host.run(["ip", "link", "delete", name], check=False)


def _drop_rules(host: Host, command: str) -> None:
    saved = host.run([f"{command}-save"], check=False)
    if saved.rc or not saved.out.strip():
        return
    kept = [line for line in saved.out.splitlines() if not CHAINS.search(line)]
    if len(kept) != len(saved.out.splitlines()):
        host.run([f"{command}-restore"], text="\n".join(kept) + "\n")


VERBS: dict[str, Verb] = {"k3s_clear": _clear}
