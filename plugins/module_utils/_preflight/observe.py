# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looking at the machine. Changes nothing."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
import sys
import typing as t

from .._core import proc, versions
from .._core.errors import EdgeError
from .._core.looking import look_at_units
from .._core.records import replace
from .._distribution.adapter import Adapter
from .._distribution.registry import adapter_of
from .._distribution.requirements import Module, Port
from .._distribution.spec import Release, Spec
from .._host.host import PATHS, Host
from .._host.systemd import UnitState
from .spec import ABSENT, THERE, UNKNOWN, Finding, Folder, Seen, Taken, Wish

PYTHON_MODULES = ("ctypes", "fcntl", "hashlib", "ipaddress", "json", "ssl", "subprocess", "zlib")
TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
FIREWALLD = "firewalld.service"


def observe(host: Host, wish: Wish) -> Seen:
    """Everything that is judged."""
    spec = wish.distribution
    adapter = adapter_of(spec.distribution)
    needs = adapter.requirements(spec)
    units = host.units([*adapter.units(spec), FIREWALLD])
    bin_dir = adapter.bin_dir(host, spec)
    layout = adapter.layout(spec, bin_dir)
    own = [units[name] for name in (layout.unit, *layout.other_units)]
    table = proc.mounts(host.read_text("/proc/self/mounts"))
    memory = host.read_text("/proc/meminfo")
    return Seen(
        machine=host.machine(),
        needs=needs,
        systemd=host.inspect("/run/systemd/system") is not None,
        python=(sys.version_info[0], sys.version_info[1]),
        python_lacks=tuple(n for n in PYTHON_MODULES if importlib.util.find_spec(n) is None),
        modules=look_at_modules(host, needs.modules),
        controllers=proc.controllers(
            table,
            host.read_text("/sys/fs/cgroup/cgroup.controllers"),
            host.read_text("/proc/cgroups"),
        ),
        memory_mb=look_at_memory(host, memory),
        swap_mb=proc.megabytes(memory, "SwapTotal"),
        data=look_at_folder(host, layout.data_dir, table),
        programs=look_at_folder(host, bin_dir, table),
        taken=look_at_ports(host, needs.ports),
        routes=look_at_routes(host),
        now=host.now(),
        synchronised=clock_synchronised(),
        node_name=(spec.node_name or host.hostname()).lower(),
        lacking=look_for_programs(host, (*needs.programs, *needs.programs_wanted)),
        running=any(unit.running for unit in own),
        installed=any(unit.load == "loaded" for unit in own),
        firewall=_firewall(host, units),
        enforcing=host.read_text("/sys/fs/selinux/enforce").strip() == "1",
        refused=look_at_inputs(host, adapter, spec),
        signs=tuple(one.sign for one in needs.cautions if one.sign and _is_there(host, one.sign)),
    )


def _is_there(host: Host, pattern: str) -> bool:
    """Whether a path is there; `*` stands for any name in its folder."""
    folder, star, rest = pattern.partition("/*")
    if not star:
        return host.inspect(pattern) is not None
    return any(_is_there(host, f"{folder}/{name}{rest}") for name in host.names(folder))


def _firewall(host: Host, units: t.Mapping[str, UnitState]) -> str:
    if units[FIREWALLD].running:
        return "firewalld"
    # The unit of ufw is active even where ufw itself is off.
    ufw = re.search(r"^ENABLED=yes", host.read_text("/etc/ufw/ufw.conf"), re.MULTILINE)
    return "ufw" if ufw else ""


def look_at_modules(host: Host, modules: t.Iterable[Module]) -> dict[str, str]:
    """THERE when loaded, built in or loadable; UNKNOWN when this kernel has no list of modules."""
    folder = f"/lib/modules/{os.uname().release}"
    lists = host.read_text(f"{folder}/modules.builtin") + host.read_text(f"{folder}/modules.dep")
    found = {}
    for module in modules:
        signs = (module.sign, f"/sys/module/{module.name}")
        listed = re.search(rf"/{module.name.replace('_', '[-_]')}\.ko", lists)
        if listed or any(host.inspect(sign) for sign in signs):
            found[module.name] = THERE
        else:
            found[module.name] = ABSENT if lists else UNKNOWN
    return found


def look_at_memory(host: Host, meminfo: str) -> int:
    """MiB that this machine may use: a container may have less than its kernel shows."""
    total = proc.megabytes(meminfo, "MemTotal")
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        limit = host.read_text(f"/sys/fs/cgroup/{name}").strip()
        if limit.isdigit():
            total = min(total, int(limit) >> 20)
    return total


def look_at_folder(host: Host, path: str, table: t.Sequence[proc.Mount]) -> Folder:
    """The folder's file system; the folder itself need not exist yet."""
    here = path
    while host.inspect(here) is None and here != "/":
        here = os.path.dirname(here)
    real = os.path.realpath(host.path(here))
    disk = os.statvfs(real)
    return Folder(
        path=path,
        mount=proc.mount_of(real, table),
        size_mb=disk.f_blocks * disk.f_frsize >> 20,
        free_mb=disk.f_bavail * disk.f_frsize >> 20,
        inodes=disk.f_files,
        free_inodes=disk.f_favail,
    )


def look_at_routes(host: Host) -> tuple[proc.Route, ...]:
    """IPv4 and IPv6."""
    return (
        *proc.routes(host.read_text("/proc/net/route")),
        *proc.routes6(host.read_text("/proc/net/ipv6_route")),
    )


def look_at_ports(host: Host, wanted: t.Sequence[Port]) -> tuple[Taken, ...]:
    """Wanted ports on which a program listens; the kernel's own sockets (tunnels) do not count."""
    open_ones: dict[tuple[str, int], int] = {}
    for name in ("tcp", "tcp6", "udp", "udp6"):
        protocol = name[:3]
        for socket in proc.sockets(host.read_text(f"/proc/net/{name}"), protocol):
            if socket.inode:
                open_ones.setdefault((protocol, socket.port), socket.inode)
    return tuple(
        Taken(port.number, port.protocol, port.what, holder_of(host, inode))
        for port in wanted
        for inode in (open_ones.get((port.protocol, port.number)),)
        if inode
    )


def holder_of(host: Host, inode: int) -> str:
    """Name and number of the process that holds a socket; empty where it cannot be found."""
    wanted = f"socket:[{inode}]"
    for name in host.names("/proc"):
        if not name.isdigit():
            continue
        folder = host.path(f"/proc/{name}/fd")
        for handle in host.names(f"/proc/{name}/fd"):
            try:
                if os.readlink(f"{folder}/{handle}") == wanted:
                    return f"{host.read_text(f'/proc/{name}/comm').strip()} (process {name})"
            except OSError:
                continue  # closed in the meantime
    return ""


def look_for_programs(host: Host, names: t.Iterable[str]) -> tuple[str, ...]:
    """Those that are in none of the usual folders."""
    folders = PATHS.split(":")
    return tuple(
        name for name in names if not any(os.path.exists(host.path(f"{f}/{name}")) for f in folders)
    )


def clock_synchronised() -> bool | None:
    """What the kernel says, whichever service sets the clock; None where it cannot be asked."""
    try:
        state = int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512)))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != TIME_ERROR


def look_at_inputs(host: Host, adapter: Adapter, spec: Spec) -> tuple[Finding, ...]:
    """What the distribution itself would refuse of the inputs, without asking the API."""
    try:
        # Without the units of its own the adapter takes nothing to run, and asks no API.
        layout = adapter.layout(spec, adapter.bin_dir(host, spec))
        own = (layout.unit, *layout.other_units)
        others = [name for name in adapter.units(spec) if name not in own]
        facts = adapter.look(host, spec, look_at_units(host, others))
        wanted = _with_version(spec, facts.version)
        adapter.check(wanted, facts)
    except EdgeError as exc:
        if exc.kind != "release":  # the controller finds releases
            return (Finding("input", exc.message, exc.hint),)
        return ()
    found = adapter.obstacles(wanted, facts)
    return tuple(Finding("machine", f"{one.key}: {one.message}", one.remedy) for one in found)


def _with_version(spec: Spec, installed: str) -> Spec:
    """Channels mean nothing here: only a version spelt out is compared with the installed one."""
    try:
        versions.parse(spec.release.version if spec.release is not None else "")
    except EdgeError:
        return replace(spec, release=Release(installed) if installed else None)
    return spec
