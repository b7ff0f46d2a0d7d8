# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes, draining and removal on a real API server. No kubelet runs: pods are Ready by decree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._kube.client import Client
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.drain import drain
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.errors import ApiError

from .clock import SteppedClock
from .cluster import Cluster

pytestmark = pytest.mark.integration

READY = {
    "status": {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}],
    }
}


@pytest.fixture
def node(client: Client, namespace: str) -> Iterator[str]:
    """A Node named as the test's namespace."""
    client.create("Node", "", {"metadata": {"name": namespace}})
    yield namespace
    for pod in client.list("Pod", namespace):
        name = pod["metadata"]["name"]
        client.patch("Pod", namespace, name, {"metadata": {"finalizers": None}})
        client.delete("Pod", namespace, name, grace=0)
    client.delete("Node", "", namespace)


def pod(client: Client, node: str, name: str, **metadata: Any) -> dict[str, Any]:
    """A Ready pod on `node`, in the namespace of that name."""
    body = {
        "metadata": {"name": name, "labels": {"app": name.split("-", maxsplit=1)[0]}, **metadata},
        "spec": {"nodeName": node, "containers": [{"name": "main", "image": "main"}]},
    }
    client.create("Pod", node, body)
    return client.patch("Pod", node, name, READY, subresource="status")


def budget(client: Client, node: str) -> None:
    """One pod of the app web must stay Ready."""
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    client.create("PodDisruptionBudget", node, {"metadata": {"name": "web"}, "spec": spec})


def pods(cluster: Cluster, node: str) -> list[str]:
    """What kubectl sees on the node."""
    field = f"--field-selector=spec.nodeName={node}"
    return cluster.kubectl("-n", node, "get", "pods", field, "-o", "name").split()


def test_pods_are_evicted_but_those_that_belong_to_the_node(
    client: Client, cluster: Cluster, node: str
) -> None:
    selector = {"matchLabels": {"app": "agent"}}
    template = {
        "metadata": {"labels": {"app": "agent"}},
        "spec": {"containers": [{"name": "main", "image": "main"}]},
    }
    owner = client.create(
        "DaemonSet",
        node,
        {"metadata": {"name": "agent"}, "spec": {"selector": selector, "template": template}},
    )
    reference = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "name": "agent",
        "uid": owner["metadata"]["uid"],
        "controller": True,
    }
    pod(client, node, "agent-1", ownerReferences=[reference])
    pod(client, node, "static", annotations={"kubernetes.io/config.mirror": "x"})
    pod(client, node, "done")
    client.patch("Pod", node, "done", {"status": {"phase": "Succeeded"}}, subresource="status")
    for number in range(3):
        pod(client, node, f"plain-{number}")
    result = drain(client, node, deadline_s=60, grace=0, clock=SteppedClock())
    assert result == {
        "evicted": [f"{node}/plain-{number}" for number in range(3)],
        "forced": [],
        "left": [],
    }
    assert pods(cluster, node) == ["pod/agent-1", "pod/done", "pod/static"]


def test_a_budget_is_waited_for(client: Client, cluster: Cluster, node: str) -> None:
    """The second pod may go only when another is Ready elsewhere."""
    budget(client, node)
    pod(client, node, "web-1")
    pod(client, node, "web-2")

    def replace() -> None:
        held.append(len(pods(cluster, node)))
        if held[-2:] == [1, 1] and not client.list("Pod", node, field_selector=elsewhere):
            client.create(
                "Pod",
                node,
                {
                    "metadata": {"name": "web-3", "labels": {"app": "web"}},
                    "spec": {"nodeName": "other", "containers": [{"name": "m", "image": "m"}]},
                },
            )
            client.patch("Pod", node, "web-3", READY, subresource="status")

    held: list[int] = []
    elsewhere = "spec.nodeName=other"
    clock = SteppedClock(replace)
    result = drain(client, node, deadline_s=600, grace=0, clock=clock)
    assert result["evicted"] == [f"{node}/web-1", f"{node}/web-2"]
    assert result["left"] == []
    assert pods(cluster, node) == []


@pytest.mark.parametrize("force", [False, True])
def test_what_a_budget_holds_is_left_or_forced(
    client: Client, cluster: Cluster, node: str, force: bool
) -> None:
    budget(client, node)
    pod(client, node, "web-1")
    pod(client, node, "plain")
    result = drain(client, node, deadline_s=9, grace=0, force=force, clock=SteppedClock())
    assert result["evicted"] == [f"{node}/plain"]
    if force:
        assert (result["forced"], result["left"]) == ([f"{node}/web-1"], [])
        assert pods(cluster, node) == []
    else:
        assert result["forced"] == []
        assert [entry["pod"] for entry in result["left"]] == [f"{node}/web-1"]
        assert "disruption budget" in result["left"][0]["reason"]
        assert pods(cluster, node) == ["pod/web-1"]


def test_a_dead_node_confirms_nothing(client: Client, cluster: Cluster, node: str) -> None:
    pod(client, node, "plain")
    clock = SteppedClock()
    result = drain(client, node, deadline_s=9, clock=clock)
    assert result["left"] == [
        {"pod": f"{node}/plain", "reason": "being deleted; the node has not confirmed it"}
    ]
    assert clock.monotonic() == 9
    result = drain(client, node, deadline_s=0, force=True, clock=clock)
    assert (result["forced"], result["left"]) == ([f"{node}/plain"], [])
    assert pods(cluster, node) == []


def test_a_finalizer_is_named(client: Client, node: str) -> None:
    pod(client, node, "held", finalizers=["example.org/hold"])
    result = drain(client, node, deadline_s=3, grace=0, force=True, clock=SteppedClock())
    assert result["left"] == [
        {"pod": f"{node}/held", "reason": "held by finalizers: example.org/hold"}
    ]


def test_an_empty_node_needs_no_pause(client: Client, node: str) -> None:
    clock = SteppedClock()
    assert drain(client, node, deadline_s=60, clock=clock)["left"] == []
    assert clock.pauses == []


def test_an_eviction_says_whether_there_was_a_pod(client: Client, node: str) -> None:
    made = pod(client, node, "plain")
    with pytest.raises(ApiError) as caught:
        client.evict(node, "plain", grace=0, uid="00000000-0000-0000-0000-000000000000")
    assert caught.value.status == 409
    assert client.evict(node, "plain", grace=0, uid=made["metadata"]["uid"])
    assert not client.evict(node, "plain")
