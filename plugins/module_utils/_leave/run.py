# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look, plan, stop here in check mode, apply, look again.

Not the engine's loop: nothing on this machine changes, so there are no files to bring back and no
journal that a later run of another noun should go on with.
"""

from __future__ import annotations

import typing as t

from .._core.engine import Outcome
from .._core.errors import EdgeError
from .._core.plan import Plan
from .._core.records import replace
from .._host.host import Host
from .apply import Drained, is_dead, perform
from .observe import observe
from .plan import plan, serves, stop_first
from .spec import DRAIN, REMOVE, Seen, Wish


def leave(host: Host, wish: Wish, *, check: bool) -> Outcome:
    """Take the leaver out of the cluster. Raises EdgeError."""
    drained = Drained()
    seen = observe(host, wish)
    todo = plan(wish, seen)
    if check or todo.empty:
        return Outcome(todo, report(seen, drained), [])
    with host.lock():
        seen = observe(host, wish)
        todo = plan(wish, seen)
        for step in todo.steps:
            try:
                perform(host, wish, step, drained)
            except EdgeError as exc:
                exc.step = exc.step or step.summary
                raise
        if wish.stage != DRAIN:
            _verify(host, wish, seen)
    return Outcome(replace(todo, warnings=warnings(seen, drained)), report(seen, drained), [])


def _verify(host: Host, wish: Wish, before: Seen) -> None:
    """EdgeError(kind=not_converged) where something of the leaver is (back) there."""
    known = replace(wish.leaver, node_name=before.name)
    rest: Plan = plan(replace(wish, stage=REMOVE), observe(host, replace(wish, leaver=known)))
    if not rest.empty:
        raise EdgeError(
            f"{before.name} is back in the cluster; to do again: {'; '.join(rest.actions())}",
            kind="not_converged",
            hint="stop the distribution on that host, then run again",
        )


def warnings(seen: Seen, drained: Drained) -> tuple[str, ...]:
    """What a person should look after."""
    return tuple(
        f"{row['pod']} was left behind on {seen.name}: {row['reason']}" for row in drained.left
    )


def report(seen: Seen, drained: Drained) -> dict[str, dict[str, t.Any]]:
    """The key `leave` of the result."""
    found: dict[str, t.Any] = {
        "node": seen.name,
        "found": seen.node is not None,
        "alive": seen.node is not None and not is_dead(seen.node),
        "role": "server" if serves(seen) else "agent",
        "stop_first": stop_first(seen),
        **drained.report(),
    }
    return {"leave": found}
