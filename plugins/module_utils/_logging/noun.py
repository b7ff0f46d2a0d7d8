# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The noun "logging": container logs through the kubelet, the system's journal through journald."""

from __future__ import annotations

import typing as t

from .._core.engine import Noun
from .._core.looking import look_at_paths, look_at_units
from .._core.plan import Step
from .._core.records import dataclass
from .._core.resources import Seen, SeenUnit
from .._distribution.adapter import Layout
from .._distribution.noun import gate_on, layout_on
from .._distribution.registry import adapter_of
from .._host.host import Host
from .plan import JOURNALD, plan_logging, wishes
from .spec import Spec


@dataclass(frozen=True)
class Observation:
    """All that the plan is made from."""

    layout: Layout
    gate: Step
    paths: t.Mapping[str, Seen | None]
    units: t.Mapping[str, SeenUnit]


def observe(host: Host, spec: Spec) -> Observation:
    """Look; changes nothing."""
    layout = layout_on(host, spec.distribution)
    return Observation(
        layout,
        gate_on(host, spec.distribution),
        look_at_paths(host, wishes(spec, layout)),
        look_at_units(host, [layout.unit, JOURNALD]),
    )


def report(spec: Spec, seen: Observation) -> dict[str, t.Any]:
    """The part of the result that bears the noun's name."""
    return {
        key: value
        for key, value in (
            ("max_files", spec.max_files),
            ("max_size_mb", spec.max_size_mb),
            ("journal_max_mb", spec.journal_max_mb),
        )
        if value is not None
    }


def noun(spec: Spec) -> Noun:
    """The noun, with the gate of the distribution that its restarts go through."""
    adapter = adapter_of(spec.distribution.distribution)
    units = (*adapter.units(spec.distribution), JOURNALD)
    return Noun(
        "logging",
        observe,
        lambda spec, seen: plan_logging(spec, seen.layout, seen.gate, seen.paths, seen.units),
        report,
        adapter.verbs,
        lambda spec: units,
    )
