# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From bounds of a namespace to manifests. Pure."""

from __future__ import annotations

import typing as t

from .._core.forms import Values, camel, checked, label, quantities, texts, wrong
from . import options
from .network import NAME, POLICIES, policies

Manifest = dict[str, t.Any]
# apiVersion, kind and name of what `manifests` may put into a namespace.
MADE = (
    ("v1", "ResourceQuota", NAME),
    ("v1", "LimitRange", NAME),
    *(("networking.k8s.io/v1", "NetworkPolicy", f"{NAME}-{name}") for name in POLICIES),
)
POD_SECURITY = "pod-security.kubernetes.io"
PRIORITIES = 1_000_000_000  # above it are the priorities of the system


def entry(given: t.Any, where: str) -> dict[str, t.Any]:
    """The checked options of one namespace. EdgeError(kind=spec) names the option."""
    name = given.get("namespace") if isinstance(given, t.Mapping) else None
    here = f"quota of {name}" if name else where
    found = checked(given, options.ENTRY, here)
    label(found["namespace"], f"{here}: namespace")
    return found


def manifests(quota: Values, api: t.Sequence[tuple[str, int]]) -> list[Manifest]:
    """The objects of a checked entry. `api`: addresses and ports of the API, for a NetworkPolicy."""
    where = f"quota of {quota['namespace']}"
    found = [_namespace(quota, where), *priority_classes(quota)]
    hard = hard_of(quota)
    if hard:
        found.append(_named(quota, "v1", "ResourceQuota", {"hard": hard}))
    rows = enumerate(quota.get("limits", ()))
    ranges = [_limit(row, f"{where}: limits[{number}]") for number, row in rows]
    if ranges:
        found.append(_named(quota, "v1", "LimitRange", {"limits": ranges}))
    return found + policies(quota, api, where)


def priority_classes(quota: Values) -> list[Manifest]:
    """The PriorityClasses of a checked entry."""
    where = f"quota of {quota['namespace']}: priority_classes"
    rows = enumerate(quota.get("priority_classes", ()))
    return [_priority_class(row, f"{where}[{number}]") for number, row in rows]


def hard_of(quota: Values) -> dict[str, str]:
    """The hard bounds of a checked entry."""
    return quantities(quota.get("hard", {}), f"quota of {quota['namespace']}: hard")


def _namespace(quota: Values, where: str) -> Manifest:
    labels = texts(quota.get("labels", {}), f"{where}: labels")
    for mode in ("enforce", "audit", "warn"):
        level = quota.get(f"pod_security_{mode}")
        if level:
            labels[f"{POD_SECURITY}/{mode}"] = level
            labels[f"{POD_SECURITY}/{mode}-version"] = quota.get("pod_security_version", "latest")
    metadata: Manifest = {"name": quota["namespace"]}
    if labels:
        metadata["labels"] = labels
    if quota.get("annotations"):
        metadata["annotations"] = texts(quota["annotations"], f"{where}: annotations")
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _named(quota: Values, version: str, kind: str, spec: Manifest) -> Manifest:
    metadata = {"name": NAME, "namespace": quota["namespace"]}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def _limit(given: t.Any, where: str) -> Manifest:
    row = checked(given, options.LIMIT, where)
    amounts = {
        camel(name): quantities(row[name], f"{where}: {name}") for name in row if name != "type"
    }
    if not amounts:
        raise wrong(where, "bounds nothing", "give default, default_request, min or max")
    return {"type": row["type"], **amounts}


def _priority_class(given: t.Any, where: str) -> Manifest:
    row = checked(given, options.PRIORITY_CLASS, where)
    if abs(row["value"]) > PRIORITIES:
        raise wrong(where, f"value is {row['value']}; it must be within {PRIORITIES}")
    found: Manifest = {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": label(row["name"], f"{where}: name", 253)},
    }
    names = ("value", "description", "preemption_policy", "global_default")
    return {**found, **{camel(name): row[name] for name in names if name in row}}
