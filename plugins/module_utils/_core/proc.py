# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading what the kernel tells in /proc and /sys as text (proc(5)). Pure."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from .records import dataclass

Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
LISTEN, UDP_OPEN = "0A", "07"


@dataclass(frozen=True)
class Mount:
    """One line of /proc/self/mounts."""

    folder: str
    kind: str
    options: tuple[str, ...]


@dataclass(frozen=True)
class Socket:
    """A socket that others can reach; `inode` is 0 where the kernel itself holds it."""

    protocol: str
    port: int
    inode: int


@dataclass(frozen=True)
class Route:
    """One route of the main table."""

    interface: str
    network: Network
    gateway: bool

    @property
    def default(self) -> bool:
        """Whether it leads everywhere."""
        return self.network.prefixlen == 0


def mounts(text: str) -> list[Mount]:
    """/proc/self/mounts; blanks in folder names are octal there."""
    found = []
    for line in text.splitlines():
        fields = line.split()
        if len(fields) >= 4:
            folder = re.sub(r"\\([0-7]{3})", lambda hit: chr(int(hit.group(1), 8)), fields[1])
            found.append(Mount(folder, fields[2], tuple(fields[3].split(","))))
    return found


def mount_of(path: str, table: t.Iterable[Mount]) -> Mount | None:
    """The mount that `path` lies on: the longest folder wins, the last one of equals."""
    best: Mount | None = None
    for mount in table:
        inside = mount.folder == "/" or f"{path}/".startswith(f"{mount.folder}/")
        if inside and (best is None or len(mount.folder) >= len(best.folder)):
            best = mount
    return best


def sockets(text: str, protocol: str) -> list[Socket]:
    """Those of /proc/net/{tcp,tcp6,udp,udp6} that listen."""
    found = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 10 or fields[3] != (LISTEN if protocol == "tcp" else UDP_OPEN):
            continue
        found.append(Socket(protocol, int(fields[1].rpartition(":")[2], 16), int(fields[9])))
    return found


def routes(text: str) -> list[Route]:
    """/proc/net/route: addresses are hexadecimal, least significant byte first."""
    found = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 8 or not int(fields[3], 16) & 1:  # RTF_UP
            continue
        destination, gateway, mask = (bytes.fromhex(fields[index])[::-1] for index in (1, 2, 7))
        length = bin(int.from_bytes(mask, "big")).count("1")
        network = ipaddress.IPv4Network((destination, length), strict=False)
        found.append(Route(fields[0], network, any(gateway)))
    return found


def routes6(text: str) -> list[Route]:
    """/proc/net/ipv6_route without rejecting routes, loopback, link-local and multicast ones."""
    found = []
    for line in text.splitlines():
        fields = line.split()
        if len(fields) < 10 or fields[9] == "lo" or int(fields[8], 16) & 0x0200:  # RTF_REJECT
            continue
        network = ipaddress.IPv6Network(
            (bytes.fromhex(fields[0]), int(fields[1], 16)), strict=False
        )
        if not (network.is_link_local or network.is_multicast):
            found.append(Route(fields[9], network, bool(int(fields[4], 16))))
    return found


def controllers(table: t.Iterable[Mount], unified: str, listing: str) -> frozenset[str]:
    """Controllers that are in use, by cgroup v1, v2 or both.

    `unified` is cgroup.controllers of the root of v2; `listing` is /proc/cgroups, whose last column
    tells of controllers that the kernel was told to leave off.
    """
    off = {
        fields[0]
        for fields in (line.split() for line in listing.splitlines())
        if len(fields) == 4 and fields[3] == "0"
    }
    named = {word for mount in table if mount.kind == "cgroup" for word in mount.options}
    return frozenset((named | set(unified.split())) - off)


def megabytes(meminfo: str, key: str) -> int:
    """A line of /proc/meminfo in MiB; 0 where it is absent."""
    hit = re.search(rf"^{key}:\s+(\d+) kB", meminfo, re.MULTILINE)
    return int(hit.group(1)) // 1024 if hit else 0
