# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ending what a distribution has made on a node beside files: processes, mounts, interfaces, rules."""

from __future__ import annotations

import contextlib
import os
import re
import typing as t

from .._core.errors import EdgeError
from .._host.host import Host
from . import processes, remains

CGROUP = "/sys/fs/cgroup"
POD_SLICE = "kubepods.slice"
POD_CGROUPS = ("kubepods", POD_SLICE)
SHIM_SOCKETS = "/run/containerd"  # of every containerd, wherever its own folder is
BRIDGE = "cni0"


class Traces(t.NamedTuple):
    """Of one distribution: `interfaces` by name, `chains` of iptables by a pattern."""

    title: str
    mark: processes.Mark
    places: remains.Places
    interfaces: tuple[str, ...]
    chains: str


def clear(host: Host, traces: Traces) -> None:
    """May run again and finds nothing the second time. EdgeError(kind=command) where something stays."""
    processes.end(host, traces.mark, traces.title)
    if not any(process.of_containerd for process in processes.table().values()):
        host.remove_tree(SHIM_SOCKETS)
    _unmount(host, traces.places)
    _drop_interfaces(host, traces.interfaces)
    _drop_cgroups(host)
    drop_rules(host, traces.chains)


def drop_rules(host: Host, chains: str) -> None:
    """Take every rule of iptables away that matches the pattern, and the chains themselves."""
    for command in ("iptables", "ip6tables"):
        _drop_rules(host, command, re.compile(chains))


def _unmount(host: Host, places: remains.Places) -> None:
    """EdgeError(kind=command) where something stays mounted: its content must not be taken away."""
    for point in remains.containers_mounts(host, places):
        host.run(["umount", "-l", "--", point], check=False)
    left = remains.containers_mounts(host, places)
    if left:
        raise EdgeError(
            f"{left[0]} does not unmount", kind="command", hint="unmount it, then run again"
        )
    for name in host.names("/run/netns"):
        if name.startswith("cni-"):
            host.run(["ip", "netns", "delete", name], check=False)


def _drop_cgroups(host: Host) -> None:
    """Remove the pods' cgroups of every hierarchy; one in which something still lives stays.

    Where systemd has made them it keeps their slices, and makes their cgroups again, until it is told to stop.
    """
    trees = [CGROUP, *(f"{CGROUP}/{name}" for name in host.names(CGROUP))]
    tops = [f"{tree}/{name}" for tree in trees for name in POD_CGROUPS]
    found = [walked[0] for top in tops for walked in os.walk(host.path(top), topdown=False)]
    slices = [folder for folder in found if f"/{POD_SLICE}" in folder]
    if slices and not any(_inhabited(folder) for folder in slices):
        host.run(["systemctl", "stop", POD_SLICE], check=False)
    for folder in found:
        with contextlib.suppress(OSError):
            os.rmdir(folder)


def _inhabited(folder: str) -> bool:
    """Whether a process lives in this cgroup, or it is not to be known."""
    try:
        with open(f"{folder}/cgroup.procs", encoding="ascii") as stream:
            return bool(stream.read().strip())
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _drop_interfaces(host: Host, interfaces: t.Collection[str]) -> None:
    listed = host.run(["ip", "-o", "link", "show"], check=False).out
    for line in listed.splitlines():
        name = line.split(":")[1].strip().partition("@")[0] if line.count(":") > 1 else ""
        if name in interfaces or f"master {BRIDGE}" in line:
            host.run(["ip", "link", "delete", name], check=False)


def _drop_rules(host: Host, command: str, chains: re.Pattern[str]) -> None:
    saved = host.run([f"{command}-save"], check=False)
    if saved.rc or not saved.out.strip():
        return
    kept = [line for line in saved.out.splitlines() if not chains.search(line)]
    if len(kept) != len(saved.out.splitlines()):
        host.run([f"{command}-restore"], text="\n".join(kept) + "\n")
