# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From bounds to kubelet settings, a cap on the pods' cgroup and a limit of the service. Pure.

Node allocatable = capacity - kubeReserved - systemReserved - hard eviction threshold
(kubernetes.io, "Reserve Compute Resources for System Daemons"), so a bound on what pods may use becomes
a reservation of the rest.
"""

from __future__ import annotations

import typing as t

from .._core.errors import EdgeError
from .._core.places import HOME
from .._core.plan import Phase, Plan, Step, merge
from .._core.resources import Absent, File, Unit, Wish, plan_paths, plan_units
from .._distribution.adapter import Layout
from .seen import Machine, Observation
from .spec import Spec

EVICTION_MB = 64  # memory below which the kubelet evicts; what is left for the kernel to breathe
EVICTION_PERCENT = 5  # of the file systems, as K3s sets it
POD_CAP_UNIT = "lightk8s-pod-cap.service"
POD_CAP_SCRIPT = f"{HOME}/bin/pod-cap.sh"
UNITS = "/etc/systemd/system"


def kubelet_settings(spec: Spec, machine: Machine) -> dict[str, t.Any]:
    """The KubeletConfiguration keys for the bounds. EdgeError(kind=preflight) where they do not fit."""
    found: dict[str, t.Any] = {}
    reserved: dict[str, str] = {}
    if spec.max_memory_mb is not None:
        system = spec.reserved_memory_mb or 0
        rest = machine.memory_mb - system - EVICTION_MB - spec.max_memory_mb
        if rest < 0:
            room = machine.memory_mb - system - EVICTION_MB
            raise EdgeError(
                f"max_memory_mb {spec.max_memory_mb} does not fit: of {machine.memory_mb} MiB"
                f" {system} are kept for the system and {EVICTION_MB} for eviction",
                kind="preflight",
                hint=f"at most {room} is possible on this node",
            )
        reserved["memory"] = f"{rest}Mi"
    if spec.max_cpu_percent is not None:
        reserved["cpu"] = f"{machine.processors * 10 * (100 - spec.max_cpu_percent)}m"
    if spec.ephemeral_storage_mb is not None:
        reserved["ephemeral-storage"] = f"{_storage_rest(spec.ephemeral_storage_mb, machine)}Mi"
    if reserved:
        found["kubeReserved"] = reserved
    if spec.reserved_memory_mb is not None:
        found["systemReserved"] = {"memory": f"{spec.reserved_memory_mb}Mi"}
    if spec.max_memory_mb is not None or spec.reserved_memory_mb is not None:
        found["evictionHard"] = {
            "memory.available": f"{EVICTION_MB}Mi",
            "nodefs.available": f"{EVICTION_PERCENT}%",
            "imagefs.available": f"{EVICTION_PERCENT}%",
        }
    if spec.max_pods is not None:
        found["maxPods"] = spec.max_pods
    if spec.cpu_manager_policy is not None:
        found["cpuManagerPolicy"] = spec.cpu_manager_policy
    return found


def _storage_rest(wanted: int, machine: Machine) -> int:
    room = machine.storage_mb * (100 - EVICTION_PERCENT) // 100
    if wanted > room:
        raise EdgeError(
            f"ephemeral_storage_mb {wanted} does not fit on a file system of {machine.storage_mb} MiB",
            kind="preflight",
            hint=f"at most {room} is possible on this node",
        )
    return room - wanted


def pod_cap_script(cgroups: t.Sequence[str], share: int, processors: int) -> bytes:
    """Caps the processor time of all pods together, on cgroup v1 and v2, with either cgroup driver.

    The kubelet makes the pods' cgroup after its start, so the script waits for it.
    """
    period = 100000
    quota = period * processors * share // 100
    names = " ".join(cgroups)
    return f"""#!/bin/sh
# Written by lightk8s.edge: pods together get {share} % of {processors} processors.
tries=0
while [ "$tries" -lt 600 ]; do
  for name in {names}; do
    for root in /sys/fs/cgroup/cpu /sys/fs/cgroup/cpu,cpuacct; do
      if [ -w "$root/$name/cpu.cfs_quota_us" ]; then
        echo {period} >"$root/$name/cpu.cfs_period_us"
        echo {quota} >"$root/$name/cpu.cfs_quota_us"
        exit 0
      fi
    done
    if [ -w "/sys/fs/cgroup/$name/cpu.max" ]; then
      echo "{quota} {period}" >"/sys/fs/cgroup/$name/cpu.max"
      exit 0
    fi
  done
  tries=$((tries + 1))
  sleep 1
done
echo "no cgroup of pods appeared" >&2
exit 1
""".encode()


def pod_cap_unit(unit: str) -> bytes:
    """The unit that runs the script with every start of the distribution."""
    return f"""# Written by lightk8s.edge.
[Unit]
Description=Cap on the processor time of all pods
After={unit}
PartOf={unit}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh {POD_CAP_SCRIPT}

[Install]
WantedBy={unit}
""".encode()


def service_dropin(memory_mb: int) -> bytes:
    """Limits of the distribution's own service; pods live in a cgroup of their own."""
    return f"""# Written by lightk8s.edge.
[Service]
MemoryAccounting=yes
MemoryHigh={memory_mb * 9 // 10}M
MemoryMax={memory_mb}M
""".encode()


def wishes(spec: Spec, machine: Machine, layout: Layout) -> tuple[Wish, ...]:
    """Files as they must be; a bound that is unset takes its file away."""
    unit = layout.unit
    kubelet = f"{layout.kubelet_dropins}/60-lightk8s-resources.conf"
    service = f"{UNITS}/{unit}.d/60-lightk8s-resources.conf"
    found: list[Wish] = []
    if spec.node_bounds:
        data = layout.kubelet_file(kubelet_settings(spec, machine))
        found.append(File(kubelet, data=data, restarts=(unit,), what="the kubelet's bounds"))
    else:
        found.append(Absent(kubelet, restarts=(unit,), what="the kubelet's bounds"))
    if spec.service_memory_mb is not None:
        data = service_dropin(spec.service_memory_mb)
        found.append(File(service, data=data, restarts=(unit,), what=f"the limits of {unit}"))
    else:
        found.append(Absent(service, restarts=(unit,), what=f"the limits of {unit}"))
    cap_unit = f"{UNITS}/{POD_CAP_UNIT}"
    if spec.max_cpu_percent is not None:
        script = pod_cap_script(layout.cgroups, spec.max_cpu_percent, machine.processors)
        found.append(File(POD_CAP_SCRIPT, data=script, mode=0o755, what="the cap on pods"))
        found.append(File(cap_unit, data=pod_cap_unit(unit), what=POD_CAP_UNIT))
    else:
        found.append(Absent(POD_CAP_SCRIPT, what="the cap on pods"))
        found.append(Absent(cap_unit, what=POD_CAP_UNIT))
    return tuple(found)


def plan(spec: Spec, seen: Observation) -> Plan:
    """Steps from the bounds that lie on the node to those that are wanted."""
    files = plan_paths(wishes(spec, seen.machine, seen.layout), seen.paths)
    units = plan_units(_wanted_units(spec), seen.units, files)
    gate = (seen.gate,) if any(step.verb == "restart" for step in units.steps) else ()
    return merge([files, units, Plan(gate), Plan(tuple(_cap_steps(spec, seen, files)))])


def _wanted_units(spec: Spec) -> tuple[Unit, ...]:
    return (Unit(POD_CAP_UNIT, enabled=spec.max_cpu_percent is not None),)


def _cap_steps(spec: Spec, seen: Observation, files: Plan) -> t.Iterator[Step]:
    touched = {step.target for step in files.steps}
    running = seen.units[seen.layout.unit].running
    wanted = spec.max_cpu_percent
    wrong = (
        seen.cap is not None and seen.cap != (wanted or 0) and (wanted or POD_CAP_SCRIPT in touched)
    )
    if wanted is not None and running and (wrong or POD_CAP_SCRIPT in touched):
        yield Step(Phase.GATE, "cap", POD_CAP_UNIT, f"cap pods at {wanted} % of the processors")
    if wanted is None and wrong and running:
        yield Step(
            Phase.GATE,
            "uncap",
            POD_CAP_UNIT,
            "lift the cap on the processor time of pods",
            {"cgroups": list(seen.layout.cgroups)},
        )
    if spec.cpu_manager_policy is not None and any(
        path.startswith(seen.layout.kubelet_dropins) for path in touched
    ):
        state = f"{seen.layout.kubelet_dir}/cpu_manager_state"
        yield Step(Phase.FILES, "remove", state, "forget the kubelet's former processor policy")
