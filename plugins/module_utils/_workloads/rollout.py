# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether an object is what it should be: rolled out, bound, complete. Pure, from the object alone."""

from __future__ import annotations

import typing as t

READY, WAITING, FAILED = ("ready", "waiting", "failed")
Object = t.Mapping[str, t.Any]


class Verdict(t.NamedTuple):
    """`state` is READY, WAITING or FAILED; `reason` is why it is not ready."""

    state: str
    reason: str = ""


def judge(item: Object) -> Verdict:
    """Judge an object as the API gave it."""
    status: Object = item.get("status") or {}
    group = str(item.get("apiVersion", "")).rpartition("/")[0]
    known = int(status.get("observedGeneration") or 0)
    if known and known < int((item.get("metadata") or {}).get("generation") or 0):
        return Verdict(WAITING, "its controller has not seen the change yet")
    rule = _RULES.get((group, str(item.get("kind"))), _other)
    return rule(item.get("spec") or {}, status)


def _number(holder: Object, key: str, default: int = 0) -> int:
    value = holder.get(key)
    return default if value is None else int(value)


def _conditions(status: Object) -> dict[str, Object]:
    return {str(row.get("type")): row for row in status.get("conditions") or ()}


def _said(row: Object) -> str:
    return str(row.get("message") or row.get("reason") or "")


def _deployment(spec: Object, status: Object) -> Verdict:
    wanted = _number(spec, "replicas", 1)
    if spec.get("paused"):
        return Verdict(READY)
    found = _conditions(status)
    progress = found.get("Progressing") or {}
    if progress.get("reason") == "ProgressDeadlineExceeded":
        return Verdict(FAILED, _said(progress))
    if not status.get("observedGeneration"):
        return Verdict(WAITING, "its controller has not seen it yet")
    updated, available = _number(status, "updatedReplicas"), _number(status, "availableReplicas")
    if updated < wanted:
        blocked = found.get("ReplicaFailure") or {}
        more = f": {_said(blocked)}" if blocked.get("status") == "True" else ""
        return Verdict(WAITING, f"{updated} of {wanted} pods are of the new kind{more}")
    if _number(status, "replicas") > updated:
        return Verdict(WAITING, "pods of the former kind still run")
    if available < wanted:
        return Verdict(WAITING, f"{available} of {wanted} pods are available")
    return Verdict(READY)


def _stateful_set(spec: Object, status: Object) -> Verdict:
    wanted = _number(spec, "replicas", 1)
    strategy: Object = spec.get("updateStrategy") or {}
    if not status.get("observedGeneration"):
        return Verdict(WAITING, "its controller has not seen it yet")
    ready = _number(status, "readyReplicas")
    if ready < wanted:
        return Verdict(WAITING, f"{ready} of {wanted} pods are ready")
    if strategy.get("type") == "OnDelete":
        return Verdict(READY)
    kept = _number(strategy.get("rollingUpdate") or {}, "partition")
    renewed = max(0, wanted - kept)
    all_new = status.get("currentRevision") == status.get("updateRevision")
    if not all_new and (not kept or _number(status, "updatedReplicas") < renewed):
        updated = _number(status, "updatedReplicas")
        return Verdict(WAITING, f"{updated} of {renewed} pods are of the new kind")
    return Verdict(READY)


def _daemon_set(spec: Object, status: Object) -> Verdict:
    if not status.get("observedGeneration"):
        return Verdict(WAITING, "its controller has not seen it yet")
    wanted = _number(status, "desiredNumberScheduled")
    on_delete = (spec.get("updateStrategy") or {}).get("type") == "OnDelete"
    updated = _number(status, "updatedNumberScheduled")
    if updated < wanted and not on_delete:
        return Verdict(WAITING, f"{updated} of {wanted} pods are of the new kind")
    available = _number(status, "numberAvailable")
    if available < wanted:
        return Verdict(WAITING, f"{available} of {wanted} pods are available")
    return Verdict(READY)


def _replicas(spec: Object, status: Object) -> Verdict:
    wanted, available = _number(spec, "replicas", 1), _number(status, "availableReplicas")
    if available >= wanted:
        return Verdict(READY)
    blocked = _conditions(status).get("ReplicaFailure") or {}
    more = f": {_said(blocked)}" if blocked.get("status") == "True" else ""
    return Verdict(WAITING, f"{available} of {wanted} pods are available{more}")


def _job(spec: Object, status: Object) -> Verdict:
    found = _conditions(status)
    for name, state in (("Failed", FAILED), ("Complete", READY)):
        row = found.get(name) or {}
        if row.get("status") == "True":
            return Verdict(state, _said(row) if state == FAILED else "")
    if spec.get("suspend"):
        return Verdict(READY)
    done, wanted = _number(status, "succeeded"), _number(spec, "completions", 1)
    return Verdict(WAITING, f"{done} of {wanted} pods have completed")


def _pod(spec: Object, status: Object) -> Verdict:
    phase = status.get("phase")
    if phase == "Succeeded":
        return Verdict(READY)
    if phase == "Failed":
        return Verdict(FAILED, _said(status) or "its containers have failed")
    row = _conditions(status).get("Ready") or {}
    if row.get("status") == "True":
        return Verdict(READY)
    return Verdict(WAITING, _said(row) or f"it is {phase or 'Pending'}")


def _claim(spec: Object, status: Object) -> Verdict:
    phase = status.get("phase") or "Pending"
    if phase == "Lost":
        return Verdict(FAILED, "its volume is lost")
    return Verdict(READY) if phase == "Bound" else Verdict(WAITING, f"it is {phase}")


def _definition(spec: Object, status: Object) -> Verdict:
    found = _conditions(status)
    names = found.get("NamesAccepted") or {}
    if names.get("status") == "False":
        return Verdict(FAILED, _said(names))
    row = found.get("Established") or {}
    return (
        Verdict(READY) if row.get("status") == "True" else Verdict(WAITING, "it is not established")
    )


def _api_service(spec: Object, status: Object) -> Verdict:
    row = _conditions(status).get("Available") or {}
    return Verdict(READY) if row.get("status") == "True" else Verdict(WAITING, _said(row))


def _other(spec: Object, status: Object) -> Verdict:
    """Kinds that follow the conventions of conditions tell by Ready and Stalled; others are what they are."""
    found = _conditions(status)
    stalled = found.get("Stalled") or {}
    if stalled.get("status") == "True":
        return Verdict(FAILED, _said(stalled))
    row = found.get("Ready")
    if row is not None and row.get("status") != "True":
        return Verdict(WAITING, _said(row) or "it is not Ready")
    return Verdict(READY)


_RULES: dict[tuple[str, str], t.Callable[[Object, Object], Verdict]] = {
    ("apps", "Deployment"): _deployment,
    ("apps", "StatefulSet"): _stateful_set,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "ReplicaSet"): _replicas,
    ("", "ReplicationController"): _replicas,
    ("batch", "Job"): _job,
    ("", "Pod"): _pod,
    ("", "PersistentVolumeClaim"): _claim,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
    ("apiregistration.k8s.io", "APIService"): _api_service,
}
