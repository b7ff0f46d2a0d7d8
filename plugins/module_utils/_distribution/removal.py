# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan that takes a distribution off a node. Pure."""

from __future__ import annotations

import typing as t

from .._core.places import HOME, RECEIPT, TOKEN_NOTE
from .._core.plan import Phase, Step
from .._core.records import dataclass, field
from .._core.resources import Seen
from .adapter import Observation
from .service import HELPER_UNITS
from .spec import PURGED, Spec

SYSTEM_UNITS = "/etc/systemd/system"
JOURNALD = "systemd-journald.service"
OURS = (
    *(f"{SYSTEM_UNITS}/{unit}" for unit in HELPER_UNITS),
    RECEIPT,
    TOKEN_NOTE,
    f"{HOME}/bin/pod-cap.sh",
    "/etc/systemd/journald.conf.d/60-lightk8s.conf",
)


@dataclass(frozen=True)
class Removal:
    """What differs: names of units, the verb that ends what is not a file, and its sentence.

    `kept(path, what lies there)` tells what is somebody else's though it bears the name of ours.
    """

    units: tuple[str, ...]
    config_dir: str
    clear: str
    summary: str
    kept: t.Callable[[str, Seen], bool]
    params: t.Mapping[str, t.Any] = field(default_factory=dict)  # of that verb


def steps(spec: Spec, seen: Observation, data: str, what: Removal) -> tuple[Step, ...]:
    """From whatever is there to nothing (absent: the data directory stays)."""
    found: list[Step] = []
    ours = [name for name in (*what.units, *HELPER_UNITS) if name in seen.units]
    for name in ours:
        state = seen.units[name]
        if state.running:
            found.append(Step(Phase.STOP, "stop", name, f"stop {name}"))
        if state.enabled:
            found.append(Step(Phase.UNITS, "disable", name, f"disable {name}"))
    busy = seen.facts.leftovers or any(seen.units[name].load == "loaded" for name in ours)
    if busy and (spec.state == PURGED or any(step.verb == "stop" for step in found)):
        found.append(Step(Phase.STOP, what.clear, data, what.summary, what.params))
    found += [
        Step(Phase.FILES, "remove", path, f"remove {path}")
        for path, there in seen.paths.items()
        if there is not None and not what.kept(path, there)
    ]
    if any("journald.conf.d" in step.target for step in found):
        found.append(Step(Phase.SERVICE, "restart", JOURNALD, f"restart {JOURNALD}"))
    folders = seen.facts.leftovers if spec.state == PURGED else ()
    if spec.state != PURGED and what.config_dir in seen.facts.leftovers:
        folders = (what.config_dir,)
    found += [Step(Phase.CLEAN, "remove_tree", place, f"remove {place}") for place in folders]
    if any(step.target.startswith(SYSTEM_UNITS) for step in found):
        found.append(Step(Phase.CLEAN, "reload", "systemd", "make systemd read its units anew"))
    return tuple(sorted(found, key=lambda step: step.phase))
