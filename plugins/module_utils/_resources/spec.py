# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much of the node pods may use, and what is kept for the system. No I/O."""

from __future__ import annotations

from .._core.errors import EdgeError
from .._core.records import dataclass
from .._distribution.spec import Spec as Distribution

CPU_POLICIES = ("none", "static")


@dataclass(frozen=True)
class Spec:
    """Bounds of one node; None leaves that bound alone.

    `max_memory_mb` and `ephemeral_storage_mb` are MiB that all pods together may use (node allocatable),
    `reserved_memory_mb` MiB kept for the system, `max_cpu_percent` the share of all processors for pods,
    `service_memory_mb` MiB for the distribution's own service.
    """

    distribution: Distribution
    max_memory_mb: int | None = None
    max_cpu_percent: int | None = None
    max_pods: int | None = None
    reserved_memory_mb: int | None = None
    ephemeral_storage_mb: int | None = None
    cpu_manager_policy: str | None = None
    service_memory_mb: int | None = None

    @property
    def node_bounds(self) -> bool:
        """Whether the kubelet has to be told anything."""
        return any(
            value is not None
            for value in (
                self.max_memory_mb,
                self.max_cpu_percent,
                self.max_pods,
                self.reserved_memory_mb,
                self.ephemeral_storage_mb,
                self.cpu_manager_policy,
            )
        )


def checked(spec: Spec) -> Spec:
    """The spec itself; EdgeError(kind=spec) naming the first value that makes no sense."""
    limits = (
        ("max_memory_mb", spec.max_memory_mb, 1, None),
        ("max_cpu_percent", spec.max_cpu_percent, 1, 100),
        ("max_pods", spec.max_pods, 1, 1000),
        ("reserved_memory_mb", spec.reserved_memory_mb, 0, None),
        ("ephemeral_storage_mb", spec.ephemeral_storage_mb, 1, None),
        ("service_memory_mb", spec.service_memory_mb, 64, None),
    )
    for name, value, low, high in limits:
        if value is not None and (value < low or (high is not None and value > high)):
            upper = f" and at most {high}" if high is not None else ""
            raise EdgeError(f"{name} is {value}; it must be at least {low}{upper}", kind="spec")
    if spec.cpu_manager_policy == "static" and (spec.max_cpu_percent or 100) >= 100:
        raise EdgeError(
            "cpu_manager_policy static needs processors kept for the system",
            kind="spec",
            hint="set max_cpu_percent below 100",
        )
    return spec
