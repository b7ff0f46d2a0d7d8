# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several fleets share on the machine: disk, subnets and the kernel's inotify limits."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from .paths import LABEL, cache_root, fleets_root, locked
from .shell import BedError, run

# One server node uses about 23 inotify instances, an agent 15; the kernel's default is 128.
INOTIFY = {"max_user_instances": 8192, "max_user_watches": 524288}
# Percent of free disk below which kubelets evict pods: with upstream's limits for images, which k0s and KubeEdge
# keep, and with the lowest ones, those of K3s.
EVICTS, EVICTS_ALL = 15, 5
_SYSCTL = Path("/proc/sys/fs/inotify")


def require_root() -> None:
    if os.geteuid() != 0:
        raise BedError("the test bed needs root: fixed addresses, mounts and kernel limits")


def short_of_disk() -> str:
    """A line that says why pods may be evicted, and what helps; empty where there is room.

    Raises BedError where every distribution would evict.
    """
    folder = run(["podman", "info", "--format", "{{.Store.VolumePath}}"]).stdout.strip()
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    size = shutil.disk_usage(folder)
    percent = 100 * size.free / size.total
    line = (
        f"disk: {percent:.1f} % ({size.free >> 30} of {size.total >> 30} GiB) are free below {folder}, and kubelets"
        f" of k0s and KubeEdge evict pods below {EVICTS} %, all below {EVICTS_ALL} %: free some, as with"
        " `testbed reap`, `podman image prune` or `go clean -cache`"
    )
    if percent < EVICTS_ALL:
        raise BedError(line)
    return line if percent < EVICTS else ""


def networks() -> list[dict[str, object]]:
    out = run(["podman", "network", "ls", "-q"]).stdout.split()
    if not out:
        return []
    # Another fleet's network may go in between: podman tells of those that are there, and fails.
    loaded = json.loads(run(["podman", "network", "inspect", *out], check=False).stdout or "[]")
    return [n for n in loaded if isinstance(n, dict)]


def claim_network(name: str, fleet: str, wanted: str = "") -> str:
    """Make the fleet's network, or find it; the first three bytes of its /24, like `10.99.3`.

    `wanted` is taken when it is free.
    """
    with locked("machine"):
        existing = networks()
        for network in existing:
            if network.get("name") == name:
                return _prefix(network)
        taken = {_prefix(n) for n in existing} | _routed()
        choice = [wanted] if wanted else []
        choice += [f"10.99.{i}" for i in range(256)]
        prefix = next((p for p in choice if p not in taken), "")
        if not prefix:
            raise BedError("all of 10.99.0.0/16 is in use: run `testbed reap`")
        create = ("podman", "network", "create", "--disable-dns", "--subnet")
        run([*create, f"{prefix}.0/24", "--label", f"{LABEL}={fleet}", name])
        return prefix


def _prefix(network: dict[str, object]) -> str:
    subnets = network.get("subnets")
    first = subnets[0] if isinstance(subnets, list) and subnets else {}
    return str(first.get("subnet", "")).rsplit(".", 1)[0]


def _routed() -> set[str]:
    """Prefixes in the routing table: other programs' networks are left alone."""
    lines = run(["ip", "-4", "route", "show"]).stdout.splitlines()
    return {line.split()[0].rsplit(".", 1)[0] for line in lines if line.startswith("10.99.")}


def raise_limits() -> None:
    """Let the kernel hold many clusters; the values found are kept for `restore_limits`."""
    with locked("machine"):
        record = cache_root() / "inotify.json"
        found = {name: int((_SYSCTL / name).read_text()) for name in INOTIFY}
        if not record.exists():
            record.write_text(json.dumps(found), encoding="utf-8")
        for name, wanted in INOTIFY.items():
            if found[name] < wanted:
                (_SYSCTL / name).write_text(f"{wanted}\n")


def restore_limits() -> None:
    """Put the limits back once the last fleet is down."""
    with locked("machine"):
        record = cache_root() / "inotify.json"
        if any(fleets_root().glob("*/nodes.json")) or not record.exists():
            return
        for name, value in json.loads(record.read_text(encoding="utf-8")).items():
            (_SYSCTL / name).write_text(f"{value}\n")
        record.unlink()
