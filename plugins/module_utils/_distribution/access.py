# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asking the cluster's API about one Node, and saying in our words what came back."""

from __future__ import annotations

import typing as t

from .._core.errors import EdgeError
from .._host.host import Host
from .adapter import NodeView

if t.TYPE_CHECKING:
    from .._kube.client import Client

PROBE_SECONDS = 5.0
ROLE_LABEL = "node-role.kubernetes.io/"


def connect(host: Host, kubeconfig: str, *, patient: bool = False) -> Client:
    """A client for the kubeconfig file on this node. EdgeError(kind=api) where there is none yet."""
    # Loading TLS costs more than all else here: only runs that ask the API pay for it.
    from .._kube.client import Client
    from .._kube.retry import DEFAULT, ONCE

    text = host.read_text(kubeconfig)
    if not text:
        raise EdgeError(f"{kubeconfig} is not there yet", kind="api")
    return Client.from_kubeconfig(
        text,
        folder=host.path(kubeconfig.rsplit("/", 1)[0]),
        retry=DEFAULT if patient else ONCE,
        connect_timeout=PROBE_SECONDS,
        read_timeout=30.0 if patient else PROBE_SECONDS,
    )


def look_at_node(host: Host, kubeconfig: str, name: str) -> tuple[str, NodeView | None]:
    """(`Facts.api`, the Node or None). Never raises for an API that does not answer."""
    try:
        with connect(host, kubeconfig) as client:
            found = client.read("Node", "", name)
    except EdgeError as exc:
        return ("expired" if exc.kind == "certificate" else exc.message), None
    return "ok", None if found is None else view(found)


def look_at_nodes(
    host: Host, kubeconfig: str, name: str
) -> tuple[str, NodeView | None, list[NodeView]]:
    """As look_at_node, with the cluster's other Nodes. For servers: others may not list Nodes."""
    try:
        with connect(host, kubeconfig) as client:
            nodes = [view(found) for found in client.list("Node")]
    except EdgeError as exc:
        return ("expired" if exc.kind == "certificate" else exc.message), None, []
    own = next((node for node in nodes if node.name == name), None)
    return "ok", own, [node for node in nodes if node.name != name]


def view(node: t.Mapping[str, t.Any]) -> NodeView:
    """The parts of a Node object that we use."""
    meta, spec, status = node.get("metadata", {}), node.get("spec", {}), node.get("status", {})
    labels = dict(meta.get("labels") or {})
    ready, reason = readiness(status.get("conditions") or [])
    return NodeView(
        name=str(meta.get("name", "")),
        ready=ready,
        reason=reason,
        version=str((status.get("nodeInfo") or {}).get("kubeletVersion", "")),
        roles=tuple(sorted(key[len(ROLE_LABEL) :] for key in labels if key.startswith(ROLE_LABEL))),
        labels=labels,
        taints=tuple(sorted(taint_text(taint) for taint in spec.get("taints") or [])),
        annotations=dict(meta.get("annotations") or {}),
    )


def readiness(conditions: t.Sequence[t.Mapping[str, t.Any]]) -> tuple[bool, str]:
    """(Ready is True, the reason where it is not)."""
    for condition in conditions:
        if condition.get("type") == "Ready":
            if condition.get("status") == "True":
                return True, ""
            reason = str(condition.get("reason") or "NotReady")
            return False, f"{reason}: {str(condition.get('message') or '')[:300]}"
    return False, "the kubelet has not reported yet"


def taint_text(taint: t.Mapping[str, t.Any]) -> str:
    """key=value:Effect, as users write it."""
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint.get('key', '')}{value}:{taint.get('effect', '')}"
