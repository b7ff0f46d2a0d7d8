# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look, plan, stop here in check mode, apply, look again: the plan must be empty then.

Not the engine's loop: nothing on this machine changes, so there are no files to bring back, and no journal
in which Secrets would lie on a disk.
"""

from __future__ import annotations

import typing as t

from .._core.engine import Outcome
from .._core.errors import EdgeError
from .._kube.client import Client
from .apply import carry_out
from .observe import observe
from .plan import GATE, plan_workloads
from .rollout import READY, judge
from .seen import Observation
from .spec import Spec

NAME = "workloads"
_DEFINE = ("CustomResourceDefinition", "APIService")
_LOOKS = 3  # at objects that are ready one moment and not the next


def converge(client: Client, spec: Spec, *, check: bool) -> Outcome:
    """Bring the cluster to what the checked `spec` says. EdgeError; nothing was changed where it names no step."""
    seen = observe(client, spec)
    todo = plan_workloads(spec, seen)
    if check or todo.empty:
        return Outcome(todo, report(seen), [])
    carry_out(client, spec, todo.steps)
    if any(item["kind"] in _DEFINE for item in spec.objects):
        client.discovery.refresh()
    for dummy in range(_LOOKS):
        seen = observe(client, spec)
        rest = plan_workloads(spec, seen)
        if rest.empty:
            return Outcome(todo, report(seen), [])
        if rest.changed:
            break
        carry_out(client, spec, rest.steps)
    raise EdgeError(
        f"applied without an error, yet there is still to do: {'; '.join(s.summary for s in rest.steps)}",
        kind="not_converged",
        hint="something in the cluster changes these things back: find it, then run again",
        step=next((s.summary for s in rest.steps if s.verb != GATE), rest.steps[0].summary),
    )


def report(seen: Observation) -> dict[str, dict[str, t.Any]]:
    """The key `workloads` of the result: each object with its state."""
    rows = []
    for row in seen.rows:
        meta = row.wish["metadata"]
        found: dict[str, t.Any] = {
            "api_version": row.wish["apiVersion"],
            "kind": row.wish["kind"],
            "namespace": str(meta.get("namespace") or ""),
            "name": meta["name"],
            "exists": row.live is not None,
        }
        if row.live is not None:
            verdict = judge(row.live)
            found["ready"] = verdict.state == READY
            if verdict.reason:
                found["reason"] = verdict.reason
        rows.append(found)
    return {NAME: {"objects": rows}}
