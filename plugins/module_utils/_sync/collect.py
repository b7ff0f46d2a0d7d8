# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a report on a node to what the site has to tell. Pure.

Each thing has a key and a state. A state that was told already is not told again; once a day all are.
What turned from right to wrong or back is an event beside.
"""

from __future__ import annotations

import hashlib
import json
import typing as t

from .records import EVENT, STATE, Event

PREFIX = "lightk8s.edge."
Report = t.Mapping[str, t.Any]
Told = dict[str, dict[str, t.Any]]  # by key: digest of the state, and whether it was right
AGAIN = 86_400.0  # seconds after which everything is told once more


class Fact(t.NamedTuple):
    """How one thing is. `good` is None where there is no right and wrong."""

    kind: str
    name: str
    data: dict[str, t.Any]
    good: bool | None = None

    @property
    def key(self) -> str:
        """What the state is about."""
        return f"{self.kind}/{self.name}"

    @property
    def digest(self) -> str:
        """Tells whether the state is another one."""
        text = json.dumps(self.data, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def facts(report: Report, workloads: t.Sequence[Report], host: str) -> list[Fact]:
    """All that a report (edge_info) and a cluster's workloads say; what is unknown is left out."""
    return [*_nodes(report), *_machine(report, host), *map(workload, workloads)]


def _nodes(report: Report) -> t.Iterator[Fact]:
    own = report.get("node")
    rows = report.get("nodes") or ([own] if own else [])
    for row in rows:
        data = {key: row.get(key) for key in ("ready", "reason", "version", "roles") if key in row}
        yield Fact("node", str(row.get("name") or ""), data, bool(row.get("ready")))


def _machine(report: Report, host: str) -> t.Iterator[Fact]:
    service = report.get("service") or {}
    if service:
        data = {
            key: service[key] for key in ("name", "state", "since", "restarts") if key in service
        }
        data.update(
            {key: report[key] for key in ("distribution", "version", "role") if key in report}
        )
        api = report.get("api") or {}
        data["api"] = {key: api[key] for key in ("state", "ready") if key in api}
        yield Fact("service", host, data, service.get("state") == "running")
    if report.get("usage"):
        yield Fact("resources", host, dict(report["usage"]))
    if report.get("images"):
        yield Fact("images", host, dict(report["images"]))
    certificates = report.get("certificates") or {}
    if certificates:
        wanted = ("days", "nearest", "expired", "authority_days", "unreadable")
        data = {key: certificates[key] for key in wanted if key in certificates}
        yield Fact("certificates", host, data, not certificates.get("expired"))


def workload(item: Report) -> Fact:
    """A Deployment, StatefulSet or DaemonSet as its status tells."""
    meta, spec, status = item["metadata"], item.get("spec") or {}, item.get("status") or {}
    kind = str(item.get("kind"))
    wanted = (
        status.get("desiredNumberScheduled") if kind == "DaemonSet" else spec.get("replicas", 1)
    )
    ready = status.get("numberReady") if kind == "DaemonSet" else status.get("readyReplicas")
    pod = (spec.get("template") or {}).get("spec") or {}
    images = [str(row.get("image")) for row in pod.get("containers") or ()]
    counts = int(wanted or 0), int(ready or 0)
    data = {"wanted": counts[0], "ready": counts[1], "images": images}
    name = f"{meta.get('namespace')}/{kind}/{meta.get('name')}"
    return Fact("workload", name, data, counts[1] >= counts[0])


def events(
    found: t.Sequence[Fact], told: Told, time: str, unknown: t.Container[str] = ()
) -> list[Event]:
    """What is to be told now, given what was told before; of kinds in `unknown` nothing could be learnt."""
    rows = []
    for fact in found:
        before = told.get(fact.key)
        if before is None or before["digest"] != fact.digest:
            rows.append(Event(STATE, fact.key, PREFIX + fact.kind, time, fact.data))
        if before is not None and fact.good is not None and before["good"] not in (None, fact.good):
            data = {"good": fact.good, **fact.data}
            rows.append(Event(EVENT, fact.key, f"{PREFIX}{fact.kind}.changed", time, data))
    known = {fact.key for fact in found}
    for key in sorted(set(told) - known):
        kind = key.partition("/")[0]
        if kind in unknown:
            continue
        rows.append(Event(STATE, key, PREFIX + kind, time, {"gone": True}))
    return rows


def remembered(found: t.Sequence[Fact], told: Told, unknown: t.Container[str] = ()) -> Told:
    """What was told, once the queue holds it; kinds in `unknown` stay as they were."""
    return {
        **{key: row for key, row in told.items() if key.partition("/")[0] in unknown},
        **{fact.key: {"digest": fact.digest, "good": fact.good} for fact in found},
    }
