# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The noun "resources"."""

from __future__ import annotations

import typing as t

from .._core.engine import Noun
from .._core.verbs import Verb
from .._distribution.registry import adapter_of
from .observe import observe
from .plan import POD_CAP_UNIT, plan
from .seen import Observation
from .spec import Spec


def report(spec: Spec, seen: Observation) -> dict[str, t.Any]:
    """The part of the result that bears the noun's name."""
    found: dict[str, t.Any] = {
        "memory_mb": seen.machine.memory_mb,
        "processors": seen.machine.processors,
        "storage_mb": seen.machine.storage_mb,
    }
    if seen.cap:
        found["pods_cpu_percent"] = seen.cap
    return found


def noun(spec: Spec) -> Noun:
    """The noun, with the gate of the distribution that its restarts go through."""
    adapter = adapter_of(spec.distribution.distribution)
    units = (*adapter.units(spec.distribution), POD_CAP_UNIT)

    def verbs() -> t.Mapping[str, Verb]:
        from .apply import VERBS  # for runs that change something

        return {**adapter.verbs(), **VERBS}

    return Noun("resources", observe, plan, report, verbs, lambda spec: units)
