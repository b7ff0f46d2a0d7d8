# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries out the steps of a removal, from a server of the site."""

from __future__ import annotations

import typing as t

from .._core.errors import EdgeError
from .._core.plan import Step
from .._core.records import dataclass, field
from .._distribution.access import connect
from .._host.host import Host
from .observe import SYSTEM, identities, records_of
from .spec import Object, Wish

if t.TYPE_CHECKING:
    from .._kube.client import Client

FORGET_SECONDS = 120.0
LOOK_EVERY = 10.0  # seconds of draining between two looks at the Node


@dataclass
class Drained:
    """What became of the pods."""

    evicted: set[str] = field(default_factory=set)
    forced: set[str] = field(default_factory=set)
    left: list[dict[str, str]] = field(default_factory=list)

    def report(self) -> dict[str, t.Any]:
        """For the module's result."""
        return {
            "evicted": sorted(self.evicted),
            "forced": sorted(self.forced),
            "left": list(self.left),
        }


def perform(host: Host, wish: Wish, step: Step, drained: Drained) -> None:
    """One step. What is gone already is fine: the cluster removes some of it by itself."""
    records = records_of(host, wish)
    if step.verb == "remove_member":
        from .._kube.etcdmembers import EtcdMembers

        with EtcdMembers.from_files(*identities(host, records)) as etcd:
            etcd.remove(step.target)
        return
    if step.verb == "forget_node":
        words = [word.replace("{node}", step.target) for word in records.forget]
        host.run(words, timeout=FORGET_SECONDS)
        return
    with connect(host, records.kubeconfig, patient=True) as client:
        if step.verb == "cordon":
            client.patch("Node", "", step.target, {"spec": {"unschedulable": True}})
        elif step.verb == "drain":
            empty(host, client, wish, step.target, drained)
        elif step.verb == "settle_object":
            one = next(one for one in records.objects if one.kind == step.target)
            one.settle(client, step.params["name"])
        elif step.verb == "delete_secret":
            client.delete("Secret", SYSTEM, step.target)
        else:
            client.delete("Node", "", step.target)


def empty(host: Host, client: Client, wish: Wish, name: str, drained: Drained) -> None:
    """Drain within the bound; a node that is dead to the cluster is not waited for.

    EdgeError(kind=refused) naming the pods that a living node still runs, unless they are forced.
    """
    from .._kube.drain import drain

    end = host.monotonic() + wish.timeout
    while True:
        dead = is_dead(client.read("Node", "", name))
        remaining = max(end - host.monotonic(), 0.0)
        patience = 0.0 if dead else min(remaining, LOOK_EVERY)
        _note(drained, drain(client, name, deadline_s=patience))
        if not drained.left or dead or remaining <= patience:
            break
    if drained.left and wish.force:
        _note(drained, drain(client, name, deadline_s=0.0, force=True))
    elif drained.left and not dead:
        rows = "; ".join(f"{row['pod']} ({row['reason']})" for row in drained.left)
        raise EdgeError(
            f"pods did not leave {name} within {wish.timeout} s: {rows}",
            kind="refused",
            hint="see why they stay, wait longer (edge_leave_timeout), or have them deleted"
            f" (edge_leave_force); {name} takes no new pods meanwhile",
        )


def is_dead(node: Object | None) -> bool:
    """Whether the cluster has lost touch with a Node; one that says it is unwell is not dead."""
    from .._kube.nodes import node_summary

    return node is None or node_summary(node)["conditions"].get("Ready") == "Unknown"


def _note(drained: Drained, done: t.Mapping[str, t.Any]) -> None:
    drained.evicted.update(done["evicted"])
    drained.forced.update(done["forced"])
    drained.left = list(done["left"])
