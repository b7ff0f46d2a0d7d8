# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way back from a change: at once where it fails, or when somebody else has had the last word."""

from __future__ import annotations

import typing as t

from .._host.host import Host
from . import transaction
from .errors import EdgeError
from .plan import Phase, Plan, Step
from .records import replace
from .transaction import Transaction
from .verbs import Verb

Verbs = t.Mapping[str, Verb]


def possible(host: Host, plan: Plan) -> bool:
    """Whether there is a former state worth going back to: it ran, and nothing has ended it for good."""
    running = _running(host)
    gated = {step.target for step in plan.steps if step.verb == "gate"}
    began = {step.target for step in plan.steps if step.verb == "start"}
    began |= {unit for step in plan.steps for unit in step.starts} - set(running)
    final = any(step.irreversible for step in plan.steps)
    return bool(running) and not began & gated and not final


def go_back(
    change: Transaction, verbs: Verbs, plan: Plan, failed: Step, cause: EdgeError
) -> t.NoReturn:
    """Undo a change that failed, where there is a former state worth going back to; always raises."""
    if failed.phase <= Phase.FILES:
        change.undo()
        change.finish()
        raise cause
    if failed.irreversible and _running(change.host):
        _leave_alone(change, verbs, plan.steps[: plan.steps.index(failed)])
        raise cause
    if not possible(change.host, plan) or failed.phase > Phase.GATE:
        change.finish()
        raise cause
    _undo_steps(change.host, verbs, plan.steps[: plan.steps.index(failed) + 1])
    _restore(change, verbs, plan, cause)


def _leave_alone(change: Transaction, verbs: Verbs, done: t.Sequence[Step]) -> None:
    """Put back what was there before an irreversible step that has failed; only what others have ended starts anew."""
    _undo_steps(change.host, verbs, done)
    ended = {step.target for step in done if step.verb == "restart"}
    ended |= {unit for step in done for unit in step.starts}
    _start_anew(change.host, [unit for unit in change.undo() if unit in ended])
    change.finish()


def settle(host: Host, verbs: Verbs, cause: EdgeError | None) -> bool:
    """End a change that was held: accepted, or taken back because of `cause`, which raises.

    False where nothing was held. A change that nobody settles is completed by the next run.
    """
    with host.lock():
        journal = transaction.pending(host)
        if not journal:
            return False
        plan = Plan(tuple(transaction.pending_steps(journal)))
        change = Transaction(host, ())
        if cause is not None:
            _undo_steps(host, verbs, plan.steps)
            _restore(change, verbs, plan, cause)
        change.finish()
        return True


def _running(host: Host) -> list[str]:
    """Units that ran before the change."""
    return [str(unit) for unit in transaction.pending(host).get("running", [])]


def _undo_steps(host: Host, verbs: Verbs, done: t.Sequence[Step]) -> None:
    """Take back what is no file: a verb that can be undone has a second one, `undo_<verb>`."""
    for step in reversed(done):
        if f"undo_{step.verb}" in verbs:
            verbs[f"undo_{step.verb}"](host, step)


def _start_anew(host: Host, units: t.Sequence[str]) -> None:
    host.systemctl("daemon-reload")
    for unit in units:
        host.systemctl("restart", "--no-block", unit)


def _restore(change: Transaction, verbs: Verbs, plan: Plan, cause: EdgeError) -> t.NoReturn:
    host = change.host
    running = _running(host)
    change.undo()
    _start_anew(host, running)
    gates = [step for step in plan.steps if step.verb == "gate" and step.target in running]
    try:
        for gate in gates:
            # The former version may be any: healthy is enough.
            verbs["gate"](host, replace(gate, params={**gate.params, "version": ""}))
    except EdgeError as second:
        change.finish()
        raise EdgeError(
            f"{cause.message}; the former files are back, yet the node is not healthy: {second.message}",
            kind="health",
            hint=second.hint or cause.hint,
            step=cause.step,
        ) from cause
    change.finish()
    raise EdgeError(
        f"{cause.message}; the former state is back and healthy",
        kind="rolled_back",
        hint=cause.hint or "mend what the log lines name, then run again",
        step=cause.step,
    ) from cause
