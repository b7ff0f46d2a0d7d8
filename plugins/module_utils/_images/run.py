# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The loop for images: look, plan, stop here in check mode, do, look again, nothing may be left.

Unlike the engine it keeps no journal: containerd names an image when all of it is there, and each step
is whole or has not happened.
"""

from __future__ import annotations

import typing as t

from .._core.engine import missing as missing_artifacts
from .._core.errors import EdgeError, NeedsArtifacts
from .._core.plan import Plan
from .._core.records import dataclass, field, replace
from .._distribution.adapter import Layout, Runtime
from .._host.host import Host
from . import imports, leftovers
from .observe import observe, room
from .plan import missing, mode, plan
from .runtime import Containerd
from .seen import Seen
from .spec import Spec

_LOCK_WAIT = 60.0  # seconds for another run to end
# With less than this containerd and what else writes there fail in ways that do not say why.
_FULL = 16 << 20


@dataclass(frozen=True)
class Outcome:
    """What was done, or would be; `asks`: the controller has to say how missing images come."""

    plan: Plan
    seen: Seen
    asks: bool = False
    remade: t.Mapping[str, bool] = field(default_factory=dict)  # see `apply.Worker`


def converge(host: Host, layout: Layout, runtime: Runtime, spec: Spec, *, check: bool) -> Outcome:
    """EdgeError; NeedsArtifacts where bytes are missing, before anything has been changed."""
    seen = observe(host, layout, runtime)
    if seen.torn and spec.deliveries is None and not check:
        # Before the controller plans by what is there, for this may go with it.
        with host.lock(_LOCK_WAIT):
            Containerd(host, runtime).abandon(imports.booted(host))
            seen = observe(host, layout, runtime)
    steps = plan(spec, seen)
    asks = spec.deliveries is None and bool(missing(spec, seen))
    if asks:
        seen = replace(seen, runtime=Containerd(host, runtime).version())
    if steps.empty or check or asks:
        return Outcome(steps, seen, asks)
    with host.lock(_LOCK_WAIT):
        seen = observe(host, layout, runtime)
        steps = plan(spec, seen)
        _refuse_unplanned(spec, seen)
        needs = missing_artifacts(host, steps)
        if needs:
            leftovers.asked(host, [str(need["sha256"]) for need in needs])
            raise NeedsArtifacts(needs)
        remade = _carry_out(host, runtime, seen, steps)
        seen = observe(host, layout, runtime)
        left = plan(spec, seen)
    refuse_others(spec, seen)
    if not left.empty:
        raise EdgeError(
            f"applied without an error, yet there is still to do: {'; '.join(left.actions())}",
            kind="not_converged",
            hint="something on the node changes these things back: find it, then run again",
            step=left.steps[0].summary,
        )
    return Outcome(steps, seen, remade=remade)


def told_of_room(exc: EdgeError, free: int, folder: str) -> EdgeError:
    """The error, with the bytes that are free where that may be its cause."""
    if exc.kind != "command" or free >= _FULL:
        return exc
    return EdgeError(
        f"{exc.message}; {free} bytes are free in {folder}",
        kind="io",
        hint="make room there, then run again",
        step=exc.step,
    )


def _refuse_unplanned(spec: Spec, seen: Seen) -> None:
    """An image may have gone since the controller planned."""
    for item in missing(spec, seen):
        if spec.delivery(item.name) is None:
            raise EdgeError(
                f"{item.name} has gone from the node while others were brought",
                kind="busy",
                hint="run again",
            )


def refuse_others(spec: Spec, seen: Seen) -> None:
    """Where only the published layers count, and the runtime has made something else of them."""
    for item in missing(spec, seen):
        found = mode(replace(item, exact=False), seen)
        if found:
            raise EdgeError(
                f"{item.name} was brought as it is published, and this node's containerd keeps it as {found}",
                kind="refused",
                hint="leave edge_images_exact out for this node: its pinned digest works nonetheless",
            )


def _carry_out(host: Host, runtime: Runtime, seen: Seen, steps: Plan) -> t.Mapping[str, bool]:
    from .apply import Unbuilt, Worker  # most runs find nothing to do

    containerd = Containerd(host, runtime)
    containerd.sweep(seen.snapshotter)
    containerd.forget()
    worker = Worker(host, containerd, seen)
    for step in steps.steps:
        try:
            worker.do(step)
        except EdgeError as exc:
            exc.step = exc.step or step.summary
            if isinstance(exc, Unbuilt):
                exc.remade = worker.remade
                raise
            told = told_of_room(exc, room(host, runtime)[0], runtime.root)
            if told is exc:
                raise
            raise told from exc
    return worker.remade
