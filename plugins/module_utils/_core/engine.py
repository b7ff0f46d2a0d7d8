# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one loop: observe, plan, stop here in check mode, apply, observe again, plan must be empty."""

from __future__ import annotations

import typing as t

from .._host.host import Host
from . import transaction
from .errors import EdgeError, NeedsArtifacts
from .plan import ASK, Phase, Plan, Step, merge
from .records import dataclass
from .transaction import FILE_VERBS, Transaction
from .verbs import COMMON, Verb, artifact_path

LOOKS = 3  # after a change, at a node that is healthy one moment and does not answer the next
LOCK_WAIT = 30.0  # seconds that a run may take beside its gate while another one waits


@dataclass(frozen=True)
class Noun:
    """One thing we converge, as the functions of its rooms.

    `observe(host, spec)` looks and changes nothing; `plan(spec, seen)` is pure; `report(spec, seen)` is
    the part of the result that bears the noun's name; `verbs()` gives what carries out steps that are its
    own, and is called where there are steps alone; `units(spec)` names the systemd units that it looks at.
    """

    name: str
    observe: t.Callable[[Host, t.Any], t.Any]
    plan: t.Callable[[t.Any, t.Any], Plan]
    report: t.Callable[[t.Any, t.Any], dict[str, t.Any]]
    verbs: t.Callable[[], t.Mapping[str, Verb]] = dict
    units: t.Callable[[t.Any], t.Sequence[str]] = lambda spec: ()


@dataclass(frozen=True)
class Bound:
    """A noun with what is wanted of it. Aside: what it changes is no reason for steps `along`."""

    noun: Noun
    spec: t.Any
    aside: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a run did, or would do. `asks`: steps left to a server of the site.

    `held`: the change can still be taken back, and waits for `wayback.settle`.
    """

    plan: Plan
    reports: dict[str, dict[str, t.Any]]
    needs: list[dict[str, t.Any]]
    asks: tuple[Step, ...] = ()
    held: bool = False


def converge(
    bounds: t.Sequence[Bound],
    host: Host,
    *,
    check: bool,
    keep: bool = False,
    hold: bool = False,
    along: tuple[Step, ...] = (),
) -> Outcome:
    """Bring the node from what it is to what the bound specs want.

    Steps `along` are carried out where there is anything else to do, and are no reason by themselves.
    With `keep` a look remembers the digests that it has computed: it is part of a run that acts.
    With `hold` a change of what ran before keeps its way back: somebody else has the last word.
    Raises EdgeError; NeedsArtifacts when bytes are missing, before anything has been changed.
    """
    plan, reports = _look(bounds, host, along=along)
    if plan.empty or check:
        if not check or keep:
            host.keep_digests()
        if plan.steps:
            _examine(plan, host, _verbs(bounds))
        return Outcome(plan, reports, missing(host, plan))
    with host.lock(_patience(plan)):
        plan, reports = _look(bounds, host, along=along)
        if plan.empty:
            return Outcome(plan, reports, [])
        needs = missing(host, plan)
        if needs:
            raise NeedsArtifacts(needs)
        verbs = _verbs(bounds)
        _examine(plan, host, verbs)
        held = _apply(plan, host, verbs, hold=hold)
        rest, reports = _look_settled(bounds, host, verbs, held=held)
        host.keep_digests()
    left = "; ".join(step.summary for step in rest.steps if step.verb != ASK)
    if left:
        raise EdgeError(
            f"applied without an error, yet there is still to do: {left}",
            kind="not_converged",
            hint="something on the node changes these things back: find it, then run again",
            step=rest.steps[0].summary,
        )
    asks = tuple(step for step in plan.steps if step.verb == ASK)
    return Outcome(plan, reports, [], asks, held)


def _examine(plan: Plan, host: Host, verbs: t.Mapping[str, Verb]) -> None:
    """Have what is about to be written looked at, before anything is changed. Raises EdgeError.

    The verb `may_start`, where a noun has one, is asked before each start: what others have changed beside
    us may keep a service from coming up again.
    """
    for step in plan.steps:
        begins = step.verb in ("start", "restart") and "may_start" in verbs
        if step.phase == Phase.CHECK or begins:
            try:
                verbs["may_start" if begins else step.verb](host, step)
            except EdgeError as exc:
                exc.step = exc.step or step.summary
                raise


def _look_settled(
    bounds: t.Sequence[Bound], host: Host, verbs: t.Mapping[str, Verb], *, held: bool
) -> tuple[Plan, dict[str, dict[str, t.Any]]]:
    """Look again after a change, and carry out what only shows once a service is up.

    That is the gate for an API that is busy just then, and whatever else nouns put in its phase.
    """
    rest, reports = _look(bounds, host, held=held)
    for dummy in range(LOOKS):
        if rest.empty or min(step.phase for step in rest.steps) != Phase.GATE:
            break
        for step in rest.steps:
            if step.phase == Phase.GATE:
                verbs[step.verb](host, step)
        rest, reports = _look(bounds, host, held=held)
    return rest, reports


def _patience(plan: Plan) -> float:
    """Seconds to wait for another run: one whose controller has died goes on until its gate ends."""
    gates = [float(step.params["timeout"]) for step in plan.steps if step.verb == "gate"]
    return LOCK_WAIT + max(gates, default=0.0)


def missing(host: Host, plan: Plan) -> list[dict[str, t.Any]]:
    """Artifacts that the plan needs and the node does not hold."""
    found: dict[str, dict[str, t.Any]] = {}
    for row in (row for step in plan.steps for row in step.artifacts):
        if host.inspect(artifact_path(row["sha256"])) is None:
            found[row["sha256"]] = {key: row[key] for key in ("sha256", "name", "size")}
    return list(found.values())


def _look(
    bounds: t.Sequence[Bound], host: Host, *, held: bool = False, along: tuple[Step, ...] = ()
) -> tuple[Plan, dict[str, dict[str, t.Any]]]:
    units = [name for bound in bounds for name in bound.noun.units(bound.spec)]
    with host.one_moment(units):
        seen = [(bound, bound.noun.observe(host, bound.spec)) for bound in bounds]
    planned = [(bound, bound.noun.plan(bound.spec, found)) for bound, found in seen]
    plans = [plan for _bound, plan in planned]
    interrupted = transaction.pending(host)
    if interrupted and not held:
        plans.append(
            Plan(
                steps=tuple(transaction.pending_steps(interrupted)),
                warnings=("an earlier change was cut off and is completed now",),
            )
        )
    reports = {bound.noun.name: bound.noun.report(bound.spec, found) for bound, found in seen}
    plan = merge(plans)
    reasons = [*(one for bound, one in planned if not bound.aside), *plans[len(planned) :]]
    if along and any(reason.changed for reason in reasons):
        plan = merge([plan, Plan(along)])
    return plan, reports


def _verbs(bounds: t.Sequence[Bound]) -> dict[str, Verb]:
    verbs = dict(COMMON)
    for bound in bounds:
        verbs.update(bound.noun.verbs())
    return verbs


def _apply(plan: Plan, host: Host, verbs: t.Mapping[str, Verb], *, hold: bool) -> bool:
    """Carry the plan out; whether the way back is kept."""
    change = Transaction(host, plan.steps)
    running = [step.target for step in plan.steps if step.verb == "restart"]
    by_others = dict.fromkeys(unit for step in plan.steps for unit in step.starts)
    change.commit(running + [unit for unit in by_others if host.unit(unit).running])
    files_done = False
    current = plan.steps[0]
    try:
        for step in plan.steps:
            current = step
            if step.phase >= Phase.FILES and not files_done:
                change.write()
                files_done = True
            done = step.phase == Phase.FILES and step.verb in FILE_VERBS
            if not done and step.verb != ASK and step.phase != Phase.CHECK:
                verbs[step.verb](host, step)
    except EdgeError as exc:
        from . import wayback  # most runs need no way back

        exc.step = exc.step or current.summary
        wayback.go_back(change, verbs, plan, current, exc)
    if hold:
        from . import wayback

        if wayback.possible(host, plan):
            return True
    change.finish()
    return False
