# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything of a node that an installation may leave traces in: before against after."""

from __future__ import annotations

import time
from collections.abc import Callable

from bed.node import Node

from .site import files

_FORGOTTEN_WITHIN = 30  # seconds
# Where the system itself keeps its life: caches, logs, runtime state of running services.
_LIVING = (
    "/proc/",
    "/sys/",
    "/dev/",
    "/tmp/",
    "/testbed/",
    "/run/systemd/",
    "/run/log/",
    "/run/user/",
    "/run/udev/",
    "/run/lock/",
    "/run/netns",  # iproute's own folder; name spaces in it are looked at below
    "/run/sshd",
    "/run/utmp",
    "/run/motd",
    "/run/xtables.lock",
    "/run/containers/",
    "/var/log/journal/",
    "/var/log/wtmp",
    "/var/log/btmp",
    "/var/log/lastlog",
    "/var/lib/systemd/",
    "/var/cache/",
    "/root/.ansible/",
    "/root/.cache/",
    "/root/.kube",  # of the kubectl that tests call
)


def traces(node: Node) -> dict[str, set[str]]:
    """Files, mounts, interfaces, packet filter rules, network name spaces, cgroups and programs."""
    looks: dict[str, Callable[[Node], set[str]]] = {
        "files": _files,
        "mounts": _mounts,
        "interfaces": _interfaces,
        "rules": _rules,
        "namespaces": lambda node: set(node.run("ip netns list").stdout.split()),
        "routes": lambda node: set(node.run("ip route show").stdout.splitlines()),
        "cgroups": _cgroups,
        "programs": _programs,
        "units": _units,
    }
    return {what: look(node) for what, look in looks.items()}


def left_behind(
    before: dict[str, set[str]], after: dict[str, set[str]], living: tuple[str, ...] = ()
) -> dict[str, list[str]]:
    """What is there now and was not before, or has gone; not what begins as one of `living`."""
    rows = {what: sorted(before[what] ^ after[what]) for what in before}
    rows = {what: [x for x in found if not x.startswith(living)] for what, found in rows.items()}
    return {what: found for what, found in rows.items() if found}


def left_on(
    node: Node, before: dict[str, set[str]], living: tuple[str, ...] = ()
) -> dict[str, list[str]]:
    """What is left behind for good: systemd forgets the scope of what has ended a moment later."""
    end = time.monotonic() + _FORGOTTEN_WITHIN
    while (left := left_behind(before, traces(node), living)) and time.monotonic() < end:
        time.sleep(1)
    return left


def _files(node: Node) -> set[str]:
    found = {path for root in ("/", "/run") for path in files(node, root)}
    return {path for path in found if not path.startswith(_LIVING)}


def _mounts(node: Node) -> set[str]:
    return {line.split()[1] for line in node.read("/proc/mounts").splitlines()}


def _interfaces(node: Node) -> set[str]:
    lines = node.run("ip -o link show").stdout.splitlines()
    return {line.split(":")[1].strip().partition("@")[0] for line in lines}


def _rules(node: Node) -> set[str]:
    """Rules and chains; a table that only holds its empty built-in chains is no trace."""
    found: set[str] = set()
    for command in ("iptables", "ip6tables"):
        saved = node.run(f"{command}-save 2>/dev/null", check=False).stdout
        lines = [line for line in saved.splitlines() if line.startswith(("-A", ":"))]
        chains = {line for line in lines if line.startswith("-A") or " - [" in line}
        found |= {f"{command} {line.partition(' [')[0]}" for line in chains}
    return found


def _cgroups(node: Node) -> set[str]:
    listed = node.run("find /sys/fs/cgroup -type d -name '*kube*' -o -type d -name '*k3s*'").stdout
    return set(listed.split())


def _programs(node: Node) -> set[str]:
    """Programs that run, by name; the looking itself and visitors' shells come and go."""
    names = set(node.run("ps -eo comm=").stdout.split())
    return names - {"ps", "sh", "sshd", "sshd-session", "sftp-server", "systemd-timedat"}


def _units(node: Node) -> set[str]:
    listed = node.run("systemctl list-unit-files --no-legend --no-pager --plain").stdout
    return {line.split()[0] for line in listed.splitlines() if line}
