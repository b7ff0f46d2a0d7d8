# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Discovery, watches and what is told beside an object, against a real API server."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.about import (
    events,
    logs,
    wait_gone,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.client import Client
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.discovery import (
    Discovery,
    NoSuchKind,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.errors import ApiError
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.watch import _Watch, watch

from .cluster import Cluster
from .workloads import config_map

pytestmark = pytest.mark.integration


def test_both_ways_of_discovery_find_all_that_kubectl_lists(
    client: Client, cluster: Cluster
) -> None:
    asked: list[str] = []

    def classic(path: str, accept: str) -> dict[str, Any]:
        del accept
        asked.append(path)
        return client.get(path)

    older = Discovery(classic)
    text = cluster.kubectl("api-resources", "--no-headers", "--output=wide")
    rows = [line.split() for line in text.splitlines()]
    found = 0
    for row in rows:
        place = next(n for n, word in enumerate(row) if word in ("true", "false"))
        plural, version, namespaced, kind = row[0], row[place - 1], row[place], row[place + 1]
        for discovery in (client.discovery, older):
            resource = discovery.find(version, kind)
            assert (resource.plural, resource.namespaced) == (plural, namespaced == "true")
            found += 1
    assert found >= 80
    assert client.discovery.preferred("autoscaling", "HorizontalPodAutoscaler") is not None
    assert len(set(asked)) == len(asked)
    with pytest.raises(NoSuchKind) as caught:
        client.discovery.find("apps/v1beta1", "Deployment")
    assert "apps/v1" in caught.value.hint


def test_a_watch_tells_what_is_there_and_each_change(client: Client, namespace: str) -> None:
    client.apply(with_place(config_map("one"), namespace))
    seen: list[tuple[str, str]] = []

    def change() -> None:
        with Client.connect(access(client)) as other:
            other.apply(with_place(config_map("two"), namespace))
            other.apply(with_place(config_map("two", key="2"), namespace))
            other.delete("ConfigMap", namespace, "two")

    thread: threading.Thread | None = None
    for event in watch(client, "ConfigMap", namespace, seconds=60):
        name = event.object["metadata"]["name"]
        if name != "kube-root-ca.crt":
            seen.append((event.type, name))
        if thread is None:
            thread = threading.Thread(target=change)
            thread.start()
        if event.type == "DELETED":
            break
    assert thread is not None
    thread.join()
    assert seen == [("ADDED", "one"), ("ADDED", "two"), ("MODIFIED", "two"), ("DELETED", "two")]


def test_a_watch_ends_when_its_time_is_over(client: Client, namespace: str) -> None:
    before = time.monotonic()
    assert list(watch(client, "Pod", namespace, seconds=2)) == []
    assert time.monotonic() - before >= 1


def test_a_watch_whose_history_is_forgotten_looks_anew(client: Client, namespace: str) -> None:
    for name in ("kept", "changed", "gone"):
        client.apply(with_place(config_map(name), namespace))
    run = _Watch(client, "ConfigMap", namespace, "", "")
    known = list(run._look())
    client.apply(with_place(config_map("changed", key="2"), namespace))
    client.delete("ConfigMap", namespace, "gone")
    client.apply(with_place(config_map("new"), namespace))
    run.version = "1"
    with pytest.raises(ApiError) as caught:
        list(run.turn(5))
    assert caught.value.status == 410
    again = [(event.type, event.object["metadata"]["name"]) for event in run._look()]
    assert len(known) >= 3
    assert again == [("MODIFIED", "changed"), ("ADDED", "new"), ("DELETED", "gone")]


def test_what_stays_after_its_deletion_is_told_with_what_holds_it(
    client: Client, namespace: str
) -> None:
    item = with_place(config_map("held"), namespace)
    item["metadata"]["finalizers"] = ["example.org/hold"]
    uid = client.apply(item)["metadata"]["uid"]
    client.delete("ConfigMap", namespace, "held")
    with pytest.raises(EdgeError) as caught:
        wait_gone(client, "ConfigMap", namespace, "held", uid=uid, seconds=1)
    assert "example.org/hold" in caught.value.message
    client.patch("ConfigMap", namespace, "held", {"metadata": {"finalizers": None}})
    wait_gone(client, "ConfigMap", namespace, "held", uid=uid, seconds=30)


def test_events_come_in_order_and_logs_of_nothing_are_empty(
    client: Client, cluster: Cluster, namespace: str
) -> None:
    item = client.apply(with_place(config_map("one"), namespace))
    meta = item["metadata"]
    for number, when in ((2, "2026-01-02T00:00:00Z"), (1, "2026-01-01T00:00:00Z")):
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"e{number}", "namespace": namespace},
            "involvedObject": {
                "kind": "ConfigMap",
                "namespace": namespace,
                "name": "one",
                "uid": meta["uid"],
            },
            "reason": f"Reason{number}",
            "lastTimestamp": when,
        }
        cluster.kubectl("-n", namespace, "create", "-f", "-", stdin=json.dumps(event))
    assert [row["reason"] for row in events(client, item)] == ["Reason1", "Reason2"]
    assert logs(client, namespace, "none") == ""


def with_place(item: dict[str, Any], namespace: str) -> dict[str, Any]:
    return {**item, "metadata": {**item["metadata"], "namespace": namespace}}


def access(client: Client) -> Any:
    """The same server and identity once more."""
    from ansible_collections.lightk8s.edge.plugins.module_utils._kube.kubeconfig import Access

    connection = client._transport.connection
    tls = connection._tls
    assert tls is not None
    return Access(connection.where, tls)
