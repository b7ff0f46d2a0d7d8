# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what a cluster has to what it is to run. Pure."""

from __future__ import annotations

import typing as t

from .._core.plan import Change, Phase, Plan, Step
from .._kube.resources import FIELD_MANAGER
from . import owner
from .limits import pod_template
from .refusals import problems, raise_all
from .rollout import READY, judge
from .seen import Member, Object, Observation, Row
from .spec import ABSENT, Spec, label, rank
from .view import manager_entry, pair, settled

GATE = "gate"  # waiting is no change
# With them would go what others have put there.
_KEPT = ("Namespace", "CustomResourceDefinition")


def plan_workloads(spec: Spec, seen: Observation) -> Plan:
    """Steps in the order in which they are done. EdgeError naming all that would be refused."""
    if spec.state == ABSENT:
        return _removal(spec, seen)
    raise_all(problems(spec, seen))
    steps: list[Step] = []
    gates: list[Step] = []
    changes: list[Change] = []
    for row in seen.rows:
        step, change = _wish(row)
        if step is not None:
            steps.append(step)
            changes += [change] if change is not None else []
        if spec.wait and (step is not None or _waits(row)):
            gates.append(_gate("rollout", row.wish, {"wish": row.wish}))
    left = _unwanted(seen)
    gone = [member for member in left if member.live["kind"] not in _KEPT]
    kept = [member for member in left if member.live["kind"] in _KEPT]
    steps += [_delete(member.kind, member.live, "left the list") for member in gone]
    changes += [Change(label(member.live), *pair(member.live, None)) for member in gone]
    if spec.wait:
        gates += [_gone(member.kind, member.live) for member in gone]
    before, after = _notes(spec, seen, kept)
    return Plan((*before, *steps, *gates, *after), tuple(changes), _warnings(seen, kept))


def _wish(row: Row) -> tuple[Step | None, Change | None]:
    name = label(row.wish)
    params = {"wish": row.wish, "kind": row.kind}
    live = row.live
    if live is not None and (row.refusal is not None or live["metadata"].get("deletionTimestamp")):
        summary = f"replace {name}"
        if live["metadata"].get("deletionTimestamp"):
            summary = f"create {name} again, once it has gone"
        uid = str(live["metadata"]["uid"])
        step = Step(Phase.OBJECTS, "replace", name, summary, {**params, "uid": uid})
        return step, Change(name, *pair(live, row.wish))
    if live is None:
        step = Step(Phase.OBJECTS, "apply", name, f"create {name}", params)
        return step, Change(name, *pair(None, row.wish))
    answer: Object = row.answer or {}
    with_status = "status" in row.wish
    if settled(live, status=with_status) != settled(answer, status=with_status):
        step = Step(Phase.OBJECTS, "apply", name, f"change {name}", params)
        return step, Change(name, *pair(live, answer))
    if manager_entry(live, FIELD_MANAGER) != manager_entry(answer, FIELD_MANAGER):
        summary = f"note which fields of {name} are ours"
        return Step(Phase.OBJECTS, "apply", name, summary, params), None
    return None, None


def _waits(row: Row) -> bool:
    return row.live is not None and not row.idle and judge(row.live).state != READY


def _gate(kind: str, item: Object, params: t.Mapping[str, t.Any]) -> Step:
    summary = f"wait until {label(item)} is {'gone' if kind == 'gone' else 'ready'}"
    return Step(Phase.OBJECTS, GATE, f"{kind} {label(item)}", summary, {"what": kind, **params})


def _delete(kind: t.Any, live: Object, why: str = "") -> Step:
    summary = f"delete {label(live)}" + (f": it {why}" if why else "")
    meta = live["metadata"]
    params = {
        "kind": kind,
        "namespace": str(meta.get("namespace") or ""),
        "name": str(meta["name"]),
        "uid": str(meta["uid"]),
        "foreground": pod_template(live) is not None,
    }
    return Step(Phase.OBJECTS, "delete", label(live), summary, params)


def _gone(kind: t.Any, live: Object) -> Step:
    return _gate("gone", live, dict(_delete(kind, live).params))


def _removal(spec: Spec, seen: Observation) -> Plan:
    """Deletion goes the other way round than creation; with an owner and no names, all that is its."""
    doomed = [(row.kind, row.live) for row in seen.rows if row.kind and row.live is not None]
    if spec.owner and not spec.objects:
        members = sorted(_ours(seen.members), key=lambda member: rank(member.live))
        doomed = [(member.kind, member.live) for member in members]
    doomed.reverse()
    going = [(kind, live) for kind, live in doomed if not live["metadata"].get("deletionTimestamp")]
    steps = [_delete(kind, live) for kind, live in going]
    gates = [_gone(kind, live) for kind, live in doomed] if spec.wait else []
    after = []
    if spec.owner and not spec.objects and seen.note is not None:
        after.append(_forget(spec))
    changes = [Change(label(live), *pair(live, None)) for dummy, live in going]
    return Plan((*steps, *gates, *after), tuple(changes))


def _ours(members: t.Iterable[Member]) -> list[Member]:
    """Labels are copied by controllers (a Service's to its EndpointSlices): ours is what we have applied."""
    return [m for m in members if manager_entry(m.live, FIELD_MANAGER) is not None]


def _unwanted(seen: Observation) -> list[Member]:
    """Members that no wish names, in the order of deletion."""
    wanted = {_key(row.wish) for row in seen.rows}
    found = [
        member
        for member in _ours(seen.members)
        if _key(member.live) not in wanted and not member.live["metadata"].get("deletionTimestamp")
    ]
    return sorted(found, key=lambda member: -rank(member.live))


def _key(item: Object) -> tuple[str, ...]:
    meta = item["metadata"]
    group = str(item.get("apiVersion", "")).rpartition("/")[0]
    return group, str(item["kind"]), str(meta.get("namespace") or ""), str(meta["name"])


def _notes(
    spec: Spec, seen: Observation, kept: t.Sequence[Member]
) -> tuple[list[Step], list[Step]]:
    """The note of kinds before and after: whatever happens in between, no member is forgotten."""
    if not spec.owner:
        return [], []
    known = owner.remembered(seen.note)
    wanted = owner.kinds_of([*(row.wish for row in seen.rows), *(member.live for member in kept)])
    places = {str(row.wish["metadata"].get("namespace") or "") for row in seen.rows}
    held = {str(member.live["metadata"].get("namespace") or "") for member in seen.members}
    first = owner.note(spec, known | wanted, places | held)
    last = owner.note(spec, wanted, places)
    before: list[Step] = []
    if not wanted <= known:
        text = "note which kinds belong to the list"
        before.append(Step(Phase.OBJECTS, "note", "first", text, {"note": first}))
    if not wanted:
        return [], [_forget(spec)] if seen.note is not None else []
    told = first if before else seen.note
    if owner.notes_of(told) == owner.notes_of(last):
        return before, []
    text = "note which kinds belong to the list now"
    return before, [Step(Phase.OBJECTS, "note", "last", text, {"note": last})]


def _forget(spec: Spec) -> Step:
    params = {"name": owner.note_name(spec.owner)}
    return Step(Phase.OBJECTS, "forget", "note", "forget the list", params)


def _warnings(seen: Observation, kept: t.Sequence[Member]) -> tuple[str, ...]:
    rows = [row.idle for row in seen.rows if row.idle]
    text = "{} left the list and is left in the cluster, for with it would go what others have put there"
    return (*rows, *(text.format(label(member.live)) for member in kept))
