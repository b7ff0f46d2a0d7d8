# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What quotas are judged by: what nodes give, what other quotas allow, where the API is."""

from __future__ import annotations

import typing as t

from .._kube.client import Client
from .._kube.resources import Resource
from .network import NAME
from .sums import Cluster

QUOTAS = Resource("api/v1", "resourcequotas")
_PASSING = ("node.kubernetes.io/", "node.cloudprovider.kubernetes.io/")
SLICES = Resource("apis/discovery.k8s.io/v1", "endpointslices")


def cluster(client: Client) -> Cluster:
    """The sums' other side. Nodes that take no ordinary pods, and quotas of chosen pods alone, do not count."""
    nodes = {
        str(node["metadata"]["name"]): dict((node.get("status") or {}).get("allocatable") or {})
        for node in client.list("Node")
        if takes_pods(node)
    }
    others: dict[str, list[dict[str, str]]] = {}
    ours: dict[str, dict[str, str]] = {}
    for item in client.list(QUOTAS):
        spec, metadata = item.get("spec") or {}, item["metadata"]
        hard = {key: str(text) for key, text in (spec.get("hard") or {}).items()}
        if metadata["name"] == NAME:
            ours[metadata["namespace"]] = hard
        elif not spec.get("scopes") and not spec.get("scopeSelector"):
            others.setdefault(metadata["namespace"], []).append(hard)
    return Cluster(nodes, others, ours)


def takes_pods(node: t.Mapping[str, t.Any]) -> bool:
    """Whether pods that tolerate nothing come to the node; taints that come and go with its health do not count."""
    spec = node.get("spec") or {}
    lasting = [
        taint
        for taint in spec.get("taints") or ()
        if taint.get("effect") in ("NoSchedule", "NoExecute")
        and not str(taint.get("key")).startswith(_PASSING)
    ]
    return not spec.get("unschedulable") and not lasting


def api_addresses(client: Client) -> list[tuple[str, int]]:
    """Where the servers behind the service `kubernetes` listen."""
    selector = "kubernetes.io/service-name=kubernetes"
    return sorted(
        {
            (str(address), int(port["port"]))
            for item in client.list(SLICES, "default", label_selector=selector)
            for port in item.get("ports") or ()
            for endpoint in item.get("endpoints") or ()
            for address in endpoint.get("addresses") or ()
        }
    )
