# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the machine has, and which bounds lie on it."""

from __future__ import annotations

import os
import typing as t

from .._core.looking import look_at_paths, look_at_units
from .._distribution.noun import gate_on, layout_on
from .._host.host import Host
from .plan import POD_CAP_UNIT, wishes
from .seen import Machine, Observation
from .spec import Spec

CGROUP = "/sys/fs/cgroup"
ROOTS = ("cpu", "cpu,cpuacct", "")  # of the processor controller: v1, v1 with joined mounts, v2


def observe(host: Host, spec: Spec) -> Observation:
    """Look; changes nothing."""
    layout = layout_on(host, spec.distribution)
    machine = look_at_machine(host, layout.data_dir)
    return Observation(
        machine=machine,
        layout=layout,
        gate=gate_on(host, spec.distribution),
        paths=look_at_paths(host, wishes(spec, machine, layout)),
        units=look_at_units(host, [layout.unit, POD_CAP_UNIT]),
        cap=look_at_cap(host, layout.cgroups, machine.processors),
    )


def look_at_machine(host: Host, folder: str) -> Machine:
    """Capacity of this machine; `folder` need not exist yet."""
    while host.inspect(folder) is None and folder != "/":
        folder = os.path.dirname(folder)
    disk = os.statvfs(host.path(folder))
    return Machine(
        memory_mb=total_memory_mb(host.read_text("/proc/meminfo")),
        processors=os.cpu_count() or 1,
        storage_mb=disk.f_blocks * disk.f_frsize // (1 << 20),
    )


def total_memory_mb(meminfo: str) -> int:
    """MemTotal of /proc/meminfo in MiB."""
    for line in meminfo.splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) // 1024
    return 0


def look_at_cap(host: Host, cgroups: t.Sequence[str], processors: int) -> int | None:
    """See Observation.cap."""
    for root in ROOTS:
        for name in cgroups:
            base = "/".join(part for part in (CGROUP, root, name) if part)
            quota = host.read_text(f"{base}/cpu.cfs_quota_us").strip()
            period = host.read_text(f"{base}/cpu.cfs_period_us").strip()
            if not quota:
                quota, dummy, period = host.read_text(f"{base}/cpu.max").strip().partition(" ")
            if quota and period:
                return percent(quota, period, processors)
    return None


def percent(quota: str, period: str, processors: int) -> int:
    """A CFS quota as percent of all processors; 0 for "max" and -1."""
    if quota in ("max", "-1"):
        return 0
    return round(100 * int(quota) / int(period) / processors)
