# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cluster as this node may see it: its API, its own Node, on servers all Nodes."""

from __future__ import annotations

import typing as t

from .._core.errors import EdgeError
from .._distribution.access import connect
from .._host.host import Host
from .._kube.identity import Host as InventoryHost
from .._kube.identity import compare, known

if t.TYPE_CHECKING:
    from .._kube.client import Client

Object = t.Mapping[str, t.Any]


def look(
    host: Host,
    kubeconfig: str,
    name: str,
    *,
    server: bool,
    hosts: t.Sequence[InventoryHost] = (),
) -> dict[str, t.Any]:
    """The keys `api` to `missing_nodes` of the report, as far as they can be had."""
    found: dict[str, t.Any] = {"api": {"state": "ok"}}
    try:
        with connect(host, kubeconfig) as client:
            _ask(client, name, server, hosts, found)
    except EdgeError as exc:
        found["api"] = {
            **found["api"],
            "state": "expired" if exc.kind == "certificate" else "unavailable",
            "reason": exc.message,
        }
    return found


def _ask(
    client: Client,
    name: str,
    server: bool,
    hosts: t.Sequence[InventoryHost],
    found: dict[str, t.Any],
) -> None:
    """Fills `found` step by step, so that what was learnt before an error stays."""
    found["api"]["version"] = str(client.version().get("gitVersion", ""))
    health = client.readyz()
    found["api"]["ready"] = health["ready"]
    if health["failed"]:
        found["api"]["failed"] = health["failed"]
    own = client.read("Node", "", name) if name else None
    if own is not None:
        found["node"] = node(own)
        found["images"] = images(own)
        pods = client.list("Pod", field_selector=f"spec.nodeName={name}")
        found["pods"] = count_pods(pods)
    if server:
        everyone = client.list("Node")
        found["nodes"] = sorted((row(one) for one in everyone), key=lambda one: str(one["name"]))
        if hosts:
            found.update(difference(hosts, everyone))


def difference(hosts: t.Sequence[InventoryHost], nodes: t.Sequence[Object]) -> dict[str, t.Any]:
    """Who is in the cluster only, and who in the inventory only. Pure."""
    unknown, missing = compare(hosts, [known(one) for one in nodes])
    return {"unknown_nodes": unknown, "missing_nodes": missing}


def node(found: Object) -> dict[str, t.Any]:
    """A Node in the words of a report. Pure."""
    from .._kube.nodes import node_summary

    return node_summary(found)


def row(found: Object) -> dict[str, t.Any]:
    """A Node of the list. Pure."""
    summary = node(found)
    return {key: summary[key] for key in ("name", "ready", "reason", "version", "roles")}


def images(found: Object) -> dict[str, t.Any]:
    """What the kubelet reports; it names the largest fifty unless it is told otherwise. Pure."""
    listed = (found.get("status") or {}).get("images") or []
    names = [best_name(entry.get("names") or []) for entry in listed]
    return {
        "count": len(listed),
        "bytes": sum(int(entry.get("sizeBytes") or 0) for entry in listed),
        "names": sorted(name for name in names if name),
    }


def best_name(names: t.Sequence[str]) -> str:
    """A name with a tag where there is one, else the one with the digest. Pure."""
    tagged = [name for name in names if "@" not in name]
    return (tagged or list(names) or [""])[0]


def count_pods(pods: t.Sequence[Object]) -> dict[str, int]:
    """How many pods are bound to the node, and how many of them run. Pure."""
    phases = [(pod.get("status") or {}).get("phase") for pod in pods]
    gone = sum(phase in ("Succeeded", "Failed") for phase in phases)
    return {"bound": len(phases) - gone, "running": phases.count("Running")}
