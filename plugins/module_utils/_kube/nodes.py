# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes: what a Node object says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
