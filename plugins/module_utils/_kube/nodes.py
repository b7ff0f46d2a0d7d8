# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes: what a Node object says, its labels and taints, scheduling, leaving the cluster."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .client import Client
from .resources import object_path

Taint = Mapping[str, Any]

_ROLE_LABEL = "node-role.kubernetes.io/"


def ready(node: Mapping[str, Any]) -> tuple[bool, str]:
    """Whether the node is Ready, and else why not, in the kubelet's words."""
    for condition in _conditions(node):
        if condition.get("type") == "Ready":
            if condition.get("status") == "True":
                return True, ""
            words = (condition.get("reason"), condition.get("message"))
            return False, ": ".join(str(word) for word in words if word) or "not Ready"
    return False, "the kubelet has not reported yet"


def node_summary(node: Mapping[str, Any]) -> dict[str, Any]:
    """What a person or a report wants to know of a Node object."""
    metadata = node.get("metadata") or {}
    status = node.get("status") or {}
    is_ready, reason = ready(node)
    return {
        "name": metadata.get("name", ""),
        "ready": is_ready,
        "reason": reason,
        "version": (status.get("nodeInfo") or {}).get("kubeletVersion", ""),
        "roles": _roles(metadata.get("labels") or {}),
        "schedulable": not (node.get("spec") or {}).get("unschedulable", False),
        # Of several addresses of a type the first is the one that the cluster uses.
        "addresses": {
            entry["type"]: entry["address"] for entry in reversed(status.get("addresses") or [])
        },
        "capacity": dict(status.get("capacity") or {}),
        "allocatable": dict(status.get("allocatable") or {}),
        "conditions": {
            str(entry.get("type")): str(entry.get("status")) for entry in _conditions(node)
        },
    }


def _conditions(node: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return (node.get("status") or {}).get("conditions") or ()


def _roles(labels: Mapping[str, str]) -> list[str]:
    return sorted(name[len(_ROLE_LABEL) :] for name in labels if name.startswith(_ROLE_LABEL))


def label_patch(
    current: Mapping[str, str], wanted: Mapping[str, str], owned: Collection[str]
) -> dict[str, str | None]:
    """The merge patch of `metadata.labels` that brings `wanted`; empty where nothing differs.

    Labels that are `owned` (ours by an earlier run) and no longer wanted go; all others stay.
    """
    patch: dict[str, str | None] = {
        name: value for name, value in wanted.items() if current.get(name) != value
    }
    patch.update({name: None for name in owned if name in current and name not in wanted})
    return patch


def taint_key(taint: Taint) -> tuple[str, str]:
    """What identifies a taint on its node."""
    return str(taint.get("key", "")), str(taint.get("effect", ""))


def merged_taints(
    current: Sequence[Taint], wanted: Sequence[Taint], owned: Collection[tuple[str, str]]
) -> list[dict[str, Any]]:
    """The whole list of taints after bringing `wanted`; others, and their order, stay.

    `owned` holds the `taint_key` of ours by an earlier run: they go when no longer wanted.
    """
    wishes = {taint_key(taint): dict(taint) for taint in wanted}
    result = []
    for taint in current:
        key = taint_key(taint)
        wish = wishes.pop(key, None)
        if wish is not None and wish.get("value", "") != taint.get("value", ""):
            result.append(wish)
        elif wish is not None or key not in owned:
            result.append(dict(taint))
    return result + list(wishes.values())


def node_patch(
    node: Mapping[str, Any],
    *,
    labels: Mapping[str, str],
    taints: Sequence[Taint] = (),
    owned_labels: Collection[str] = (),
    owned_taints: Collection[tuple[str, str]] = (),
) -> dict[str, Any]:
    """The merge patch of a Node object; empty where nothing is to be done.

    The API replaces the list of taints as a whole, so a patch of it names the resourceVersion it
    was made for: another writer's taint in between makes it a conflict and is not lost.
    """
    patch: dict[str, Any] = {}
    metadata = node.get("metadata") or {}
    change = label_patch(metadata.get("labels") or {}, labels, owned_labels)
    if change:
        patch["metadata"] = {"labels": change}
    before = (node.get("spec") or {}).get("taints") or []
    after = merged_taints(before, taints, owned_taints)
    if after != before:
        patch["spec"] = {"taints": after}
        patch.setdefault("metadata", {})["resourceVersion"] = metadata.get("resourceVersion", "")
    return patch


def cordon(client: Client, name: str) -> bool:
    """Keep new pods off a node; whether that changed anything. ApiError 404 without such a node."""
    return _set_unschedulable(client, name, True)


def uncordon(client: Client, name: str) -> bool:
    """Let pods come again; whether that changed anything. ApiError 404 without such a node."""
    return _set_unschedulable(client, name, False)


def _set_unschedulable(client: Client, name: str, wanted: bool) -> bool:
    node = client.get(object_path("Node", "", name))
    if bool((node.get("spec") or {}).get("unschedulable", False)) is wanted:
        return False
    client.patch("Node", "", name, {"spec": {"unschedulable": wanted or None}})
    return True
