# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draining: evict the pods of a node within a bound, and tell what is left and why."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from .._core.records import dataclass, field
from .._host.http import HttpError
from .client import Client
from .errors import ApiError
from .retry import Clock

_MIRROR = "kubernetes.io/config.mirror"
_LOOK_EVERY = 2.0


@dataclass
class _Progress:
    """Pods by their uid: another pod of the same name is another pod."""

    evicted: dict[str, str] = field(default_factory=dict)
    forced: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)


def skip_reason(pod: Mapping[str, Any]) -> str:
    """Why a drain leaves this pod alone; empty where it does not."""
    metadata = pod.get("metadata") or {}
    if _MIRROR in (metadata.get("annotations") or {}):
        return "static pod"
    for owner in metadata.get("ownerReferences") or ():
        if owner.get("controller") and owner.get("kind") == "DaemonSet":
            return "DaemonSet"
    if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return "finished"
    return ""


def drain(
    client: Client,
    node: str,
    *,
    deadline_s: float,
    grace: int | None = None,
    force: bool = False,
    clock: Clock = time,
) -> dict[str, Any]:
    """Evict all pods of `node` but those of DaemonSets, static and finished ones.

    Disruption budgets are respected until `deadline_s` seconds have passed. Then `force` deletes
    what is left without waiting for the node, which is right only for a dead host. Returns
    {evicted, forced: [namespace/name], left: [{pod, reason}]}. Cordon the node first.
    """
    progress = _Progress()
    end = clock.monotonic() + deadline_s
    while True:
        pods = _pods(client, node)
        for pod in pods:
            _evict(client, pod, grace, progress)
        pods = _pods(client, node) if pods else []
        remaining = end - clock.monotonic()
        if not pods or remaining <= 0:
            break
        clock.sleep(min(_LOOK_EVERY, remaining))
    if force and pods:
        for pod in pods:
            _delete(client, pod, progress)
        pods = _pods(client, node)
    return {
        "evicted": sorted(progress.evicted.values()),
        "forced": sorted(progress.forced.values()),
        "left": [{"pod": _name(pod), "reason": _reason(pod, progress)} for pod in pods],
    }


def _pods(client: Client, node: str) -> list[dict[str, Any]]:
    pods = client.list("Pod", field_selector=f"spec.nodeName={node}")
    return [pod for pod in pods if not skip_reason(pod)]


def _name(pod: Mapping[str, Any]) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def _evict(client: Client, pod: Mapping[str, Any], grace: int | None, progress: _Progress) -> None:
    metadata = pod["metadata"]
    if metadata.get("deletionTimestamp"):
        return
    uid = metadata["uid"]
    try:
        client.evict(metadata["namespace"], metadata["name"], grace=grace, uid=uid)
    except ApiError as exc:
        # One pod that cannot be evicted must not keep the others on the node.
        progress.reasons[uid] = exc.message
        return
    progress.reasons.pop(uid, None)
    progress.evicted[uid] = _name(pod)


def _delete(client: Client, pod: Mapping[str, Any], progress: _Progress) -> None:
    metadata = pod["metadata"]
    uid = metadata["uid"]
    try:
        client.delete("Pod", metadata["namespace"], metadata["name"], grace=0, uid=uid)
    except (ApiError, HttpError) as exc:
        progress.reasons[uid] = exc.message
        return
    progress.forced[uid] = _name(pod)


def _reason(pod: Mapping[str, Any], progress: _Progress) -> str:
    metadata = pod["metadata"]
    known = progress.reasons.get(metadata["uid"])
    if known:
        return known
    if metadata.get("finalizers"):
        return "held by finalizers: " + ", ".join(metadata["finalizers"])
    if metadata.get("deletionTimestamp"):
        return "being deleted; the node has not confirmed it"
    return "came while the node was being drained"
