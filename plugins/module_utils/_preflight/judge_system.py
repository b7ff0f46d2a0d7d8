# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judging the operating system: systemd, architecture, Python, kernel, programs, clock. Pure."""

from __future__ import annotations

import re
import typing as t

from .spec import ABSENT, UNKNOWN, Finding, Seen, Wish

Found = t.Iterator[tuple[bool, Finding]]
EPOCH_2020 = 1577836800  # seconds; a machine without a clock battery starts at 1970
LABEL = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
NO_NAMES = frozenset(("localhost", "localhost.localdomain", "(none)"))


def system(wish: Wish, seen: Seen) -> Found:
    """Systemd and the architecture."""
    if not seen.systemd:
        yield True, Finding("os", "this machine was not started by systemd", "use a system with it")
    known = seen.needs.architectures
    if seen.machine not in known:
        text = f"there is no build of the distribution for {seen.machine}"
        yield True, Finding("architecture", text, f"one of: {', '.join(known)}")


def python(wish: Wish, seen: Seen) -> Found:
    """The interpreter that our own code runs under."""
    if seen.python < (3, 9):
        text = "Python {}.{} is too old, 3.9 is needed".format(*seen.python)
        yield True, Finding("python", text, "set ansible_python_interpreter to a newer one")
    if seen.python_lacks:
        text = f"Python lacks the modules {', '.join(seen.python_lacks)}"
        yield True, Finding("python", text, "install the complete package of Python 3")


def kernel(wish: Wish, seen: Seen) -> Found:
    """Kernel modules and cgroup controllers."""
    for module in seen.needs.modules:
        state = seen.modules.get(module.name, UNKNOWN)
        if state == ABSENT:
            text = f"the kernel has no module {module.name}, loaded, built in or to be loaded"
            hint = "install the package with the kernel's modules, or restart after a kernel update"
            yield module.required, Finding("module", text, hint)
        elif state == UNKNOWN:
            text = f"{module.name} is not loaded, and this kernel's /lib/modules is missing"
            yield False, Finding("module", text, "restart if the kernel was updated")
    missing = [name for name in seen.needs.controllers if name not in seen.controllers]
    if missing:
        text = f"the cgroup controllers {', '.join(missing)} are off"
        hint = (
            "boot with cgroup_memory=1 cgroup_enable=memory (role prepare, prepare_cgroup: true)"
            if "memory" in missing
            else "boot without the arguments that turn them off"
        )
        yield True, Finding("cgroup", text, hint)


def programs(wish: Wish, seen: Seen) -> Found:
    """Programs that the distribution calls."""
    for name in seen.lacking:
        yield (
            name in seen.needs.programs,
            Finding("program", f"{name} is not installed", f"install {name}"),
        )


def clock(wish: Wish, seen: Seen) -> Found:
    """A clock that is wrong breaks certificates."""
    if seen.now < EPOCH_2020:
        text = "the clock stands before the year 2020"
        yield False, Finding("clock", text, "synchronise it: certificates depend on it")
    if seen.synchronised is False:
        text = "the clock is not synchronised"
        yield False, Finding("clock", text, "run chrony or systemd-timesyncd (role prepare)")
    skew = clock_skew(wish, seen)
    if abs(skew) > wish.max_clock_skew:
        side = "behind" if skew < 0 else "ahead of"
        text = f"the clock is {abs(skew):.0f} s {side} the controller's"
        yield True, Finding("clock", text, f"synchronise it to within {wish.max_clock_skew} s")


def clock_skew(wish: Wish, seen: Seen) -> float:
    """Seconds that the node's clock is ahead of the controller's; 0 where the latter is unknown."""
    return seen.now - wish.controller_time if wish.controller_time else 0.0


def node_name(wish: Wish, seen: Seen) -> Found:
    """The name of the Node object (RFC 1123 subdomain)."""
    name = seen.node_name
    labels = name.split(".")
    if len(name) > 253 or not all(re.fullmatch(LABEL, part) and len(part) < 64 for part in labels):
        text = f"{name!r} cannot be the name of a node"
        hint = "set edge_node_name: lower-case letters, digits, - and ."
        yield True, Finding("name", text, hint)
    elif name in NO_NAMES:
        text = f"{name!r} is no name to tell nodes apart"
        yield True, Finding("name", text, "set the host name, or edge_node_name")


def swap(wish: Wish, seen: Seen) -> Found:
    """Swap makes memory bounds of pods meaningless."""
    if seen.swap_mb:
        text = f"{seen.swap_mb} MiB of swap are on, so bounds of memory do not hold strictly"
        yield False, Finding("swap", text, "turn it off (role prepare, prepare_swap_off: true)")


def guards(wish: Wish, seen: Seen) -> Found:
    """Things that guard the machine and need to know of the cluster."""
    if seen.firewall:
        text = f"{seen.firewall} runs and may drop what nodes and pods say to each other"
        hint = "open the node and pod networks (role prepare, prepare_firewall: true)"
        yield False, Finding("firewall", text, hint)
    if seen.enforcing and wish.distribution.settings.get("selinux") is None:
        text = "SELinux is enforcing and edge_selinux is not set"
        hint = "install the policy (role prepare, prepare_selinux_packages) and set edge_selinux"
        yield False, Finding("selinux", text, hint)


def cautions(wish: Wish, seen: Seen) -> Found:
    """What people should know of the distribution itself, or of what runs on it here."""
    for one in seen.needs.cautions:
        if one.sign and seen.running and one.sign not in seen.signs:
            continue
        yield False, Finding(one.kind, one.message, one.hint)


JUDGES = (system, python, kernel, programs, clock, node_name, swap, guards, cautions)
