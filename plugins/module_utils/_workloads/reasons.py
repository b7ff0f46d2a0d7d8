# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why something does not become ready: what its pods, their events and their logs say."""

from __future__ import annotations

import re
import typing as t

from .._core.errors import EdgeError
from .._kube.about import events, logs
from .._kube.client import Client
from .seen import Object

_HOPELESS = ("InvalidImageName", "ErrImageNeverPull")
_STARTING = ("ContainerCreating", "PodInitializing")
_LINES = 10
# The server will not have the pods: a quota, a range of limits, Pod Security, a webhook.
_REFUSED = r"is forbidden:|denied the request"
_EVENTS = ("Unhealthy", "FailedCreate", "FailedMount", "FailedAttachVolume", "ProvisioningFailed")


class Cause(t.NamedTuple):
    """`hopeless`: no time will mend it. `refused`: nor this, unless something else changes; and why."""

    text: str
    hopeless: bool = False
    refused: str = ""


def cause(client: Client, item: Object) -> Cause:
    """What keeps an object from being ready, as far as the cluster tells; empty where it does not."""
    try:
        pods = _pods(client, item)
        found = [row for row in (_of_pod(client, pod) for pod in pods) if row.text]
        for row in found:
            if row.hopeless:
                return row
        return found[0] if found else _of_events(client, item)
    except EdgeError as exc:
        return Cause(f"the reason cannot be told: {exc.message}")


def _pods(client: Client, item: Object) -> list[Object]:
    """The object's pods that are not ready, the youngest first."""
    meta = item["metadata"]
    namespace = str(meta.get("namespace") or "")
    if item.get("kind") == "Pod":
        return [item]
    selector = (item.get("spec") or {}).get("selector") or {}
    labels = selector.get("matchLabels", selector if item["apiVersion"] == "v1" else {})
    if not labels or not namespace or not all(isinstance(v, str) for v in labels.values()):
        return []
    text = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    pods = client.list("Pod", namespace, label_selector=text)
    pods = [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]
    return sorted(pods, key=lambda pod: str(pod["metadata"]["creationTimestamp"]), reverse=True)


def _of_pod(client: Client, pod: Object) -> Cause:
    meta, status = pod["metadata"], pod.get("status") or {}
    name = f"pod {meta['name']}"
    for row in status.get("conditions") or ():
        if row.get("type") == "PodScheduled" and row.get("status") == "False":
            return Cause(f"{name} cannot be scheduled: {row.get('message')}")
    rows = [
        *(status.get("initContainerStatuses") or ()),
        *(status.get("containerStatuses") or ()),
    ]
    for row in rows:
        found = _of_container(client, pod, row)
        if found.text:
            return found
    if any(not row.get("ready") and (row.get("state") or {}).get("running") for row in rows):
        seen = _latest(client, pod)
        return Cause(f"{name} is not ready: {seen}" if seen else f"{name} runs and is not ready")
    if status.get("phase") == "Pending" and not rows:
        seen = _latest(client, pod)
        return Cause(f"{name} waits: {seen}" if seen else "")
    return Cause("")


def _of_container(client: Client, pod: Object, row: Object) -> Cause:
    meta = pod["metadata"]
    state = row.get("state") or {}
    waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
    last = (row.get("lastState") or {}).get("terminated") or {}
    name = f"container {row.get('name')} of pod {meta['name']}"
    crashed = ended or (last if waiting.get("reason") == "CrashLoopBackOff" else {})
    if crashed and crashed.get("exitCode"):
        place = str(meta["namespace"]), str(meta["name"])
        container = str(row.get("name"))
        text = logs(client, *place, container=container, tail=_LINES, previous=not ended)
        said = f"; its last lines: {text.strip()}" if text.strip() else ""
        why = crashed.get("reason") or "Error"
        return Cause(f"{name} ended with {crashed['exitCode']} ({why}){said}")
    reason = str(waiting.get("reason") or "")
    if reason in _STARTING:
        seen = _latest(client, pod)
        return Cause(f"{name} waits: {seen}" if seen else "")
    if reason:
        message = str(waiting.get("message") or "")
        said = f"{reason}: {message}" if message else reason
        return Cause(f"{name} cannot start: {said} (image {row.get('image')})", reason in _HOPELESS)
    return Cause("")


def _latest(client: Client, item: Object) -> str:
    """The message of the latest event that tells of a hindrance."""
    told = [row for row in events(client, item) if row.get("reason") in _EVENTS]
    return str(told[-1].get("message") or "") if told else ""


def _of_events(client: Client, item: Object) -> Cause:
    """An object without pods: perhaps a quota or an admission refuses them."""
    said = _latest(client, item)
    if not said and item.get("kind") == "Deployment":
        for row in (item.get("status") or {}).get("conditions") or ():
            if row.get("type") == "ReplicaFailure" and row.get("status") == "True":
                said = str(row.get("message") or "")
    return Cause(said, refused=_refusal(client, item, said))


def _refusal(client: Client, item: Object, said: str) -> str:
    """What refuses the pods, without their names; empty where it may be over in a moment."""
    match = re.search(_REFUSED, said)
    if match is None or "not found" in said:  # such as the account that a new namespace gets
        return ""
    pods = client.list("Pod", str(item["metadata"].get("namespace") or ""))
    leaving = any(pod["metadata"].get("deletionTimestamp") for pod in pods)
    return "" if leaving else said[match.start() :]
