# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The node itself: service, memory, disk, certificates, datastore. Reads files and systemd only."""

from __future__ import annotations

import os
import typing as t

from .._core.errors import EdgeError
from .._core.proc import megabytes
from .._distribution.adapter import Records
from .._host.host import Host
from .._host.systemd import UnitState

DAY = 86400
MIB = 1 << 20


def stamp(seconds: float) -> str:
    """RFC 3339 in UTC."""
    import time

    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def service(host: Host, state: UnitState) -> dict[str, t.Any]:
    """The distribution's service as systemd sees it."""
    if state.load == "not-found":
        return {"name": state.name, "state": "absent"}
    word = "running" if state.running else "failed" if state.active == "failed" else "stopped"
    found: dict[str, t.Any] = {
        "name": state.name,
        "state": word,
        "enabled": state.enabled in ("enabled", "enabled-runtime", "static"),
        "restarts": state.restarts,
    }
    if state.pid:
        found["pid"] = state.pid
        found["since"] = stamp(host.now() - host.monotonic() + state.since / 1e6)
    return found


def usage(host: Host, folder: str) -> dict[str, t.Any]:
    """Memory, load and the file system of `folder` (which need not exist), in MiB."""
    meminfo = host.read_text("/proc/meminfo")
    while host.inspect(folder) is None and folder != "/":
        folder = os.path.dirname(folder)
    disk = os.statvfs(host.path(folder))
    load = host.read_text("/proc/loadavg").split()
    return {
        "memory_mb": megabytes(meminfo, "MemTotal"),
        "memory_used_mb": megabytes(meminfo, "MemTotal") - megabytes(meminfo, "MemAvailable"),
        "processors": os.cpu_count() or 1,
        "load": float(load[0]) if load else 0.0,
        "disk_mb": disk.f_blocks * disk.f_frsize // MIB,
        "disk_used_mb": (disk.f_blocks - disk.f_bavail) * disk.f_frsize // MIB,
    }


def certificates(host: Host, folders: t.Iterable[str]) -> dict[str, t.Any]:
    """Every certificate; `days` is of the one that ends first, `authority_days` of an authority."""
    from .._kube.certs import not_after

    files: list[dict[str, t.Any]] = []
    authorities: list[dict[str, t.Any]] = []
    unreadable: list[str] = []
    for folder in folders:
        for name in host.names(folder):
            path = f"{folder}/{name}"
            if not name.endswith((".crt", "-current.pem")):
                continue
            try:
                end = not_after(host.read(path) or b"")
            except EdgeError:
                unreadable.append(path)
                continue
            days = int((end - host.now()) // DAY)
            kin = authorities if "-ca." in f"-{name}" else files
            kin.append({"path": path, "days": days, "end": stamp(end)})
    return {**judged(files, unreadable), **nearest_authority(authorities)}


def nearest_authority(rows: t.Sequence[t.Mapping[str, t.Any]]) -> dict[str, t.Any]:
    """The authority that ends first. Pure."""
    first = min(rows, key=lambda row: (row["days"], row["path"]), default=None)
    return {} if first is None else {"authority_days": first["days"], "authority": first["path"]}


def judged(
    files: t.Sequence[t.Mapping[str, t.Any]], unreadable: t.Sequence[str]
) -> dict[str, t.Any]:
    """What follows from the ends of the certificates. Pure."""
    found: dict[str, t.Any] = {"files": sorted(files, key=lambda row: (row["days"], row["path"]))}
    if files:
        found["days"] = found["files"][0]["days"]
        found["nearest"] = found["files"][0]["path"]
    found["expired"] = [row["path"] for row in found["files"] if row["days"] < 0]
    if unreadable:
        found["unreadable"] = list(unreadable)
    return found


def datastore(host: Host, records: Records) -> dict[str, t.Any]:
    """Its kind and the bytes it takes on this node; empty where there is none (yet)."""
    for kind, (mark, *places) in records.datastores.items():
        if host.inspect(mark) is not None:
            found: dict[str, t.Any] = {"kind": kind}
            if places:
                found["bytes"] = sum(_bytes(host, place) for place in places)
            return found
    return {}


def _bytes(host: Host, path: str) -> int:
    info = host.inspect(path)
    if info is None:
        return 0
    if info.kind != "folder":
        return info.size
    return sum(_bytes(host, f"{path}/{name}") for name in host.names(path))
