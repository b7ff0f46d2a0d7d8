# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan of bounds is made from. No I/O."""

from __future__ import annotations

import typing as t

from .._core.plan import Step
from .._core.records import dataclass
from .._core.resources import Seen, SeenUnit
from .._distribution.adapter import Layout


@dataclass(frozen=True)
class Machine:
    """Capacity as the kubelet sees it: MiB, processors, MiB of the file system that holds pods."""

    memory_mb: int
    processors: int
    storage_mb: int


@dataclass(frozen=True)
class Observation:
    """All that the plan is made from. `cap`: processor time of all pods in percent of all processors,
    0 where none is set, None where no pod cgroup exists yet.
    """

    machine: Machine
    layout: Layout
    gate: Step
    paths: t.Mapping[str, Seen | None]
    units: t.Mapping[str, SeenUnit]
    cap: int | None = None
