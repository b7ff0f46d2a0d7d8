# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking K3s off a node.

What there is to take away: docs.k3s.io, "Uninstalling K3s" (installation/uninstall) and the places that K3s is
documented to use. Every verb may run again and finds nothing the second time.
"""

from __future__ import annotations

import contextlib
import os
import signal
import typing as t

from ..._core.errors import EdgeError
from ..._core.plan import Phase, Step
from ..._core.verbs import Verb
from ..._host.host import Host
from ..adapter import Observation
from ..spec import PURGED, Spec
from . import paths

INTERFACES = ("cni0", "flannel.1", "flannel-v6.1", "flannel-wg", "flannel-wg-v6", "kube-ipvs0")
MOUNTS = ("/run/k3s", "/var/lib/kubelet", "/run/netns/cni-")
CGROUP = "/sys/fs/cgroup"
POD_CGROUPS = ("kubepods", "kubepods.slice")
CHAINS = ("KUBE-", "CNI-", "FLANNEL", "flannel")
FOLDERS = (
    "/run/k3s",
    "/run/flannel",
    "/var/lib/kubelet",
    "/var/lib/cni",
    "/var/log/pods",
    "/var/log/containers",
    "/etc/rancher/node",
)
OURS = (
    "/etc/systemd/system/lightk8s-recover.service",
    "/etc/systemd/system/lightk8s-pod-cap.service",
    "/var/lib/lightk8s/state/distribution.json",
    "/var/lib/lightk8s/bin/pod-cap.sh",
)

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
    data = paths.data_dir(spec)
    busy = seen.facts.leftovers or any(seen.units[name].load == "loaded" for name in ours)
    if busy and (spec.state == PURGED or any(step.verb == "stop" for step in found)):
        found.append(
            Step(
                Phase.STOP, "k3s_clear", data, "end containers, mounts, interfaces and rules of K3s"
            )
        )
    for path, there in seen.paths.items():
        if there is not None:
            found.append(Step(Phase.FILES, "remove", path, f"remove {path}"))
    if spec.state == PURGED:
        for folder in seen.facts.leftovers:
            found.append(Step(Phase.CLEAN, "remove_tree", folder, f"remove {folder}"))
    elif paths.CONFIG_DIR in seen.facts.leftovers:
        found.append(
            Step(Phase.CLEAN, "remove_tree", paths.CONFIG_DIR, f"remove {paths.CONFIG_DIR}")
        )
    if any(step.target.startswith(paths.UNITS) for step in found):
        found.append(Step(Phase.CLEAN, "reload", "systemd", "make systemd read its units anew"))
    return tuple(sorted(found, key=lambda step: step.phase))


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
    _end_containers(host, step.target)
    _unmount(host)
    _drop_interfaces(host)
    _drop_cgroups(host)
    for command in ("iptables", "ip6tables"):
        _drop_rules(host, command)


def _end_containers(host: Host, data: str) -> None:
    """End every containerd shim that K3s started, with all its children, and containerd itself."""
    marks = (f"{data}/data/", "/run/k3s/containerd/")
    for dummy in range(20):
        table = _processes()
        roots = [
            pid for pid, (parent, text) in table.items() if any(mark in text for mark in marks)
        ]
        doomed = {*roots, *_below(table, roots)} - {os.getpid()}
        if not doomed:
            return
        for pid in doomed:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        host.sleep(0.25)
    raise EdgeError("processes of K3s do not end", kind="command", hint="restart the node")


def _processes() -> dict[int, tuple[int, str]]:
    """Pid -> (parent, command line) of all processes that live."""
    found: dict[int, tuple[int, str]] = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stream:
                fields = stream.read().rpartition(")")[2].split()
            with open(f"/proc/{name}/cmdline", "rb") as stream:
                words = stream.read()
        except OSError:
            continue
        if fields[0] != "Z":
            found[int(name)] = (
                int(fields[1]),
                words.replace(b"\0", b" ").decode("utf-8", "replace"),
            )
    return found


def _below(table: t.Mapping[int, tuple[int, str]], roots: t.Iterable[int]) -> set[int]:
    found: set[int] = set()
    edge = set(roots)
    while edge:
        edge = {pid for pid, (parent, dummy) in table.items() if parent in edge} - found
        found |= edge
    return found


def _unmount(host: Host) -> None:
    points = [line.split()[1] for line in host.read_text("/proc/self/mounts").splitlines()]
    for point in sorted((p for p in points if p.startswith(MOUNTS)), reverse=True):
        host.run(["umount", "-l", "--", point.replace("\\040", " ")], check=False)
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
    kept = [line for line in saved.out.splitlines() if not any(mark in line for mark in CHAINS)]
    if len(kept) != len(saved.out.splitlines()):
        host.run([f"{command}-restore"], text="\n".join(kept) + "\n")


VERBS: dict[str, Verb] = {"k3s_clear": _clear}
