# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all quotas of a cluster allow together, against what its nodes give. Pure."""

from __future__ import annotations

import typing as t

from .._core import quantity
from .._core.errors import EdgeError
from .._core.records import dataclass

Amounts = t.Mapping[str, int]  # in units of 10^-9
BYTES = ("memory", "ephemeral-storage", "hugepages-")
SHORT = {"cpu": "requests.cpu", "memory": "requests.memory", "count/pods": "pods"}
SHORT["ephemeral-storage"] = "requests.ephemeral-storage"


@dataclass(frozen=True)
class Cluster:
    """`nodes`: allocatable by Node, of those that take pods. `quotas`: hard bounds that others have
    set, by namespace; `ours`: those of ours as they are now.
    """

    nodes: t.Mapping[str, t.Mapping[str, str]]
    quotas: t.Mapping[str, t.Sequence[t.Mapping[str, str]]]
    ours: t.Mapping[str, t.Mapping[str, str]]


def refuse_overcommit(wanted: t.Mapping[str, t.Mapping[str, str]], cluster: Cluster) -> None:
    """EdgeError(kind=refused) naming every sum that is more than the nodes give.

    `wanted`: hard bounds by namespace. What grows nowhere is let pass: a node that is gone for a day
    must not keep a site from being converged. Without any node there is nothing to compare with.
    """
    if not cluster.nodes:
        return
    before = _bounds(cluster, cluster.ours)
    after = _bounds(cluster, {**cluster.ours, **wanted})
    found = []
    for key in sorted({key for amounts in after.values() for key in amounts}):
        given = _given(cluster, key)
        total = sum(amounts.get(key, 0) for amounts in after.values())
        if given is not None and total > given and _grows(key, wanted, before, after):
            found.append(_told(key, total, given, after, cluster))
    if found:
        raise EdgeError(
            "; ".join(found),
            kind="refused",
            hint="lower hard of a namespace, add a node, or set allow_overcommit",
        )


def resource_of(key: str) -> str:
    """The resource of a node that a key of a quota bounds; empty where it bounds none."""
    key = SHORT.get(key, key)
    if key == "pods":
        return key
    side, dot, resource = key.partition(".")
    return resource if dot and side in ("requests", "limits") else ""


def _bounds(
    cluster: Cluster, ours: t.Mapping[str, t.Mapping[str, str]]
) -> dict[str, dict[str, int]]:
    """What counts in each namespace: of several quotas the smallest bound."""
    found: dict[str, dict[str, int]] = {}
    for space in sorted({*cluster.quotas, *ours}):
        amounts = found.setdefault(space, {})
        for hard in (*cluster.quotas.get(space, ()), ours.get(space, {})):
            for key, text in hard.items():
                name, value = SHORT.get(key, key), quantity.nanos(text)
                amounts[name] = min(value, amounts.get(name, value))
    return found


def _given(cluster: Cluster, key: str) -> int | None:
    """What all nodes give together; None for what nodes do not have."""
    resource = resource_of(key)
    texts = [node[resource] for node in cluster.nodes.values() if resource in node]
    return sum(map(quantity.nanos, texts)) if texts else None


def _grows(
    key: str,
    wanted: t.Iterable[str],
    before: t.Mapping[str, Amounts],
    after: t.Mapping[str, Amounts],
) -> bool:
    return any(
        after.get(space, {}).get(key, 0) > before.get(space, {}).get(key, 0) for space in wanted
    )


def _told(
    key: str, total: int, given: int, after: t.Mapping[str, Amounts], cluster: Cluster
) -> str:
    resource = resource_of(key)
    parts = [
        f"{space} {_text(amounts[key], resource)}"
        for space, amounts in after.items()
        if amounts.get(key)
    ]
    nodes = [
        f"{name} {_text(quantity.nanos(node[resource]), resource)}"
        for name, node in cluster.nodes.items()
        if resource in node
    ]
    return (
        f"quotas allow {_text(total, resource)} of {key} together ({', '.join(parts)}),"
        f" and the nodes give {_text(given, resource)} ({', '.join(nodes)})"
    )


def _text(nanos: int, resource: str) -> str:
    if resource.startswith(BYTES):
        return quantity.format_bytes(-(-nanos // 10**9))
    return quantity.format_milli(-(-nanos // 10**6))
