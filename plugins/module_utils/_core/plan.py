# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be done, in order: one object gives changed, the diff, the summary and the work itself. Pure."""

from __future__ import annotations

import enum
import typing as t

from .records import dataclass, field

# The verb of a step that this node may not carry out: a server of its site is asked to, by the controller.
ASK = "ask"


class Phase(enum.IntEnum):
    """When a step runs; steps of one phase keep the order in which their noun named them.

    Steps of CHECK change nothing and refuse what must not begin; they run in check mode too.
    """

    CHECK = 5
    STOP = 10
    FILES = 20
    UNITS = 30
    SERVICE = 40
    GATE = 50
    OBJECTS = 60
    CLEAN = 70


@dataclass(frozen=True)
class Step:
    """One change of the node.

    `verb` names the function that carries it out with `params` (JSON values and bytes; may hold
    secrets, so they stay out of repr). `summary` is the sentence a person reads. `restarts` names the
    units that must be started anew once because of it, `starts` those that it starts, or starts anew,
    by itself. Nothing leads back from an `irreversible` step that was carried out; one that fails has
    left what runs alone.
    """

    phase: Phase
    verb: str
    target: str
    summary: str
    params: t.Mapping[str, t.Any] = field(default_factory=dict, repr=False)
    restarts: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    irreversible: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Two steps with one key do the same: the first one counts."""
        return (self.verb, self.target)

    @property
    def changes(self) -> bool:
        """Whether anything is different after it; looking and waiting for health are no change."""
        return self.phase != Phase.CHECK and self.verb != "gate"

    @property
    def artifacts(self) -> tuple[t.Mapping[str, t.Any], ...]:
        """What must lie on the node before it: sha256, name and size each."""
        if self.verb == "place":
            return (self.params,)
        return tuple(self.params.get("artifacts", ()))


@dataclass(frozen=True)
class Change:
    """One entry of the diff: how `target` looks before and after. Never holds a secret."""

    target: str
    before: str
    after: str


@dataclass(frozen=True)
class Plan:
    """Ordered steps from what is to what is wanted. Empty means: nothing to do."""

    steps: tuple[Step, ...] = ()
    changes: tuple[Change, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Nothing to do."""
        return not self.steps

    @property
    def changed(self) -> bool:
        """Something will be different afterwards; merely waiting for health is no change."""
        return any(step.changes for step in self.steps)

    @property
    def restarts(self) -> tuple[str, ...]:
        """Units that steps of this plan ask to start anew, each once, in order."""
        return tuple(dict.fromkeys(unit for step in self.steps for unit in step.restarts))

    def actions(self) -> list[str]:
        """One sentence per step."""
        return [step.summary for step in self.steps if step.changes]

    def diff(self) -> list[dict[str, str]]:
        """The `diff` key of a module's result."""
        return [
            {
                "before_header": change.target,
                "after_header": change.target,
                "before": change.before,
                "after": change.after,
            }
            for change in self.changes
        ]


def merge(plans: t.Sequence[Plan]) -> Plan:
    """Several nouns' plans as one: by phase, each key once, so that a restart happens once."""
    steps: dict[tuple[str, str], Step] = {}
    for plan in plans:
        for step in plan.steps:
            steps.setdefault(step.key, step)
    started = {target for verb, target in steps if verb == "start"}
    by_others = {unit for step in steps.values() for unit in step.starts}
    idle = {"restart": started | by_others, "start": by_others}
    kept = [s for s in steps.values() if s.target not in idle.get(s.verb, ())]
    return Plan(
        steps=tuple(sorted(kept, key=lambda step: step.phase)),
        changes=tuple(change for plan in plans for change in plan.changes),
        warnings=tuple(dict.fromkeys(text for plan in plans for text in plan.warnings)),
    )
