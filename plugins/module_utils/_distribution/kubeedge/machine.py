# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What edgecore finds on its machine: containerd, how it makes cgroups, kubelets that run. Reads only."""

from __future__ import annotations

import re
import typing as t

from ..._host.host import Host
from . import paths

SYSTEMD, CGROUPFS = "systemd", "cgroupfs"
_HEADER = r"\s*\[+\s*(.+?)\s*\]+\s*(#.*)?\Z"
# On one line of a runtime's section.
_INLINE = r"\s*options\s*(?:\.|=\s*\{.*\b)SystemdCgroup\s*=\s*(true|false)\b"
# systemd.unit(5), "Unit File Load Path"; the first that has a unit counts.
_UNIT_FOLDERS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
_CRI = ("cri", "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime")


def look(host: Host) -> dict[str, t.Any]:
    """{containerd: its socket is there, cri: the CRI plugin is on, driver, network: CNI is set up,
    kubelets: processes of that name, others: units of other distributions with a kubelet}.
    """
    text = containerd_config(host)
    names = host.names("/etc/cni/net.d")
    return {
        "containerd": host.inspect(paths.CONTAINERD) is not None,
        "cri": cri_enabled(text),
        "driver": cgroup_driver(text),
        "network": any(name.endswith((".conf", ".conflist", ".json")) for name in names),
        "kubelets": kubelets(host),
        "others": [name for name in paths.KUBELETS if has_unit(host, name)],
    }


def containerd_config(host: Host) -> str:
    """The text that containerd goes by; containerd puts imported files together itself."""
    text = host.read_text(paths.CONTAINERD_CONFIG)
    if re.search(r"^\s*imports\s*=\s*\[\s*[\"']", text, re.MULTILINE):
        done = host.run(["containerd", "config", "dump"], check=False, timeout=20)
        return done.out if done.rc == 0 and done.out else text
    return text


def cgroup_driver(text: str) -> str:
    """Which cgroup driver containerd's default runtime has, in words of a kubelet. Pure.

    Without a word in the file containerd leaves cgroups to runc, which is cgroupfs.
    """
    section, runtime = "", "runc"
    found: dict[str, str] = {}
    for line in text.splitlines():
        header = re.match(_HEADER, line)
        if header:
            section = header[1].replace('"', "").replace("'", "").replace(" ", "")
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        value = value.partition("#")[0].strip()
        if equals and key == "default_runtime_name":
            runtime = value.strip("\"'") or runtime
        if equals and key == "SystemdCgroup" and section.endswith(".options"):
            found[section.rpartition(".runtimes.")[2].removesuffix(".options")] = value
        inline = re.match(_INLINE, line)
        if inline:
            found[section.rpartition(".runtimes.")[2]] = inline[1]
    return SYSTEMD if found.get(runtime) == "true" else CGROUPFS


def cri_enabled(text: str) -> bool:
    """Whether no line of containerd's configuration turns the CRI plugin off. Pure."""
    listed = re.search(r"^\s*disabled_plugins\s*=\s*\[(.*?)\]", text, re.MULTILINE | re.DOTALL)
    names = re.findall(r"[\"']([^\"']+)[\"']", listed[1]) if listed else []
    return not any(name in _CRI for name in names)


def kubelets(host: Host) -> list[str]:
    """Processes for which edgecore would not start, by number."""
    numbers = [name for name in host.names("/proc") if name.isdigit()]
    return [name for name in numbers if host.read_text(f"/proc/{name}/comm").strip() == "kubelet"]


def has_unit(host: Host, name: str) -> bool:
    """Whether systemd would find such a unit, unmasked: asking it for six that are not there takes 10 ms."""
    found = (host.inspect(f"{folder}/{name}") for folder in _UNIT_FOLDERS)
    first = next((info for info in found if info is not None), None)
    return first is not None and first.target != "/dev/null"


def listens(table: str, port: int) -> bool:
    """Whether /proc/net/tcp or tcp6 has a socket that others can reach at this port. Pure.

    Such a line says the port in hexadecimal before any remote address, which is zeros. A busy server
    has hundreds of lines, so that all are looked at by one pattern.
    """
    return re.search(rf":{port:04X} 0+:0000 0A ", table) is not None


def connected(table: str, port: int) -> bool:
    """Whether /proc/net/tcp or tcp6 has a connection that stands to this port elsewhere. Pure."""
    rows = (line.split() for line in table.splitlines()[1:])
    return any(
        len(row) > 3 and row[3] == "01" and int(row[2].rpartition(":")[2], 16) == port
        for row in rows
    )
