# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what the cluster still knows of a host to nothing, or the reason why not. Pure."""

from __future__ import annotations

import typing as t

from .._core.errors import EdgeError
from .._core.plan import Change, Phase, Plan, Step
from .._kube.etcdmembers import quorum_after_removal
from .spec import DRAIN, REMOVE, Object, Seen, Wish

SHOWN_PODS = 5


def plan(wish: Wish, seen: Seen) -> Plan:
    """Steps in their order. EdgeError(kind=refused) where the site would be hurt."""
    if seen.node is None and not (seen.secret or seen.leaving or seen.objects):
        return Plan()
    _check(wish, seen)
    steps: list[Step] = []
    if wish.stage != REMOVE:
        steps += _draining(seen)
    if wish.stage != DRAIN:
        steps += _removing(seen)
    return Plan(tuple(steps), _changes(seen, steps))


def _draining(seen: Seen) -> list[Step]:
    if seen.node is None:
        return []
    found = []
    if not (seen.node.get("spec") or {}).get("unschedulable"):
        found.append(Step(Phase.OBJECTS, "cordon", seen.name, f"cordon {seen.name}"))
    if seen.pods:
        found.append(
            Step(Phase.OBJECTS, "drain", seen.name, f"evict from {seen.name}: {_some(seen.pods)}")
        )
    return found


def _some(pods: t.Sequence[str]) -> str:
    more = len(pods) - SHOWN_PODS
    return ", ".join(pods[:SHOWN_PODS]) + (f" and {more} more" if more > 0 else "")


def _removing(seen: Seen) -> list[Step]:
    """The Node goes last: as long as it is there, a run that was cut off knows whom it is about."""
    names = {member["id"]: member["name"] or "(not started)" for member in seen.members}
    found = [
        Step(Phase.OBJECTS, "remove_member", ident, f"remove the etcd member {names[ident]}")
        for ident in seen.leaving
    ]
    found += [
        Step(Phase.OBJECTS, "settle_object", one.kind, one.summary, {"name": one.name})
        for one in seen.objects
    ]
    if seen.secret:
        found.append(
            Step(Phase.OBJECTS, "delete_secret", seen.secret, f"delete the Secret {seen.secret}")
        )
    if seen.node is not None and seen.forgets and seen.name in seen.servers:
        summary = f"take {seen.name} out of the datastore"
        found.append(Step(Phase.OBJECTS, "forget_node", seen.name, summary))
    if seen.node is not None:
        found.append(Step(Phase.OBJECTS, "delete_node", seen.name, f"delete the Node {seen.name}"))
    return found


def _changes(seen: Seen, steps: t.Sequence[Step]) -> tuple[Change, ...]:
    lines = {
        "cordon": "schedulable: true\n",
        "drain": "".join(f"pod: {pod}\n" for pod in seen.pods),
        "remove_member": "etcd member: {}\n",
        "settle_object": "{}: joined\n",
        "delete_secret": "secret: {}\n",
        "forget_node": "datastore: {}\n",
        "delete_node": "node: {}\n",
    }
    return tuple(
        Change(f"cluster: {step.summary}", lines[step.verb].format(step.target), "")
        for step in steps
    )


def _check(wish: Wish, seen: Seen) -> None:
    if seen.name == seen.here:
        raise EdgeError(
            f"{seen.name} cannot take itself out of its cluster",
            kind="refused",
            hint="run this on another server of the site",
        )
    # A server that runs no pods has no Node, but a member.
    others = {*seen.servers, *(member["id"] for member in seen.members)} - {
        seen.name,
        *seen.leaving,
    }
    if serves(seen) and not others:
        raise EdgeError(
            f"{seen.name} is the last server of its site",
            kind="refused",
            hint="add another server first; playbooks/reset.yml takes a whole site down",
        )
    rest: list[Object] = list(seen.members)
    for ident in seen.leaving:
        if not quorum_after_removal(rest, seen.healthy, ident):
            raise EdgeError(_no_quorum(seen), kind="refused", hint="bring back a server first")
        rest = [member for member in rest if member["id"] != ident]


def serves(seen: Seen) -> bool:
    """Whether the leaver is a server of the site."""
    return seen.name in seen.servers or bool(seen.leaving)


def _no_quorum(seen: Seen) -> str:
    silent = [str(member["name"]) for member in seen.members if member["id"] not in seen.healthy]
    why = f"; {', '.join(silent)} does not answer" if silent else ""
    return f"without {seen.name} etcd would have no quorum{why}"


def stop_first(seen: Seen) -> bool:
    """Whether the leaver may stop before it is removed, so that it cannot come back in between.

    Not where etcd needs its vote to remove it, as with two members.
    """
    voters = {member["id"] for member in seen.members if not member["learner"]}
    alive = voters.intersection(seen.healthy) - set(seen.leaving)
    return not seen.leaving or len(alive) > len(voters) // 2
