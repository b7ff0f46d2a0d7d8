# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every verb of the client against a real API server over kine, with kubectl as second opinion."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.client import Client
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.errors import ApiError

from .cluster import Cluster

pytestmark = pytest.mark.integration


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {"app": "test"}}, "data": data}


def shown(cluster: Cluster, namespace: str, name: str) -> dict[str, Any]:
    text = cluster.kubectl("-n", namespace, "get", "configmap", name, "-o", "json")
    found: dict[str, Any] = json.loads(text)
    return found


def test_version_and_health_are_those_of_the_server(client: Client, cluster: Cluster) -> None:
    expected = json.loads(cluster.kubectl("version", "-o", "json"))["serverVersion"]
    assert client.version() == expected
    assert client.readyz() == {"ready": True, "failed": [], "text": "ok"}
    assert "[+]etcd ok" in client.readyz(verbose=True)["text"]


def test_what_is_created_is_read_back(client: Client, cluster: Cluster, namespace: str) -> None:
    assert client.read("ConfigMap", namespace, "one") is None
    created = client.create("ConfigMap", namespace, config_map("one", a="1"))
    assert client.read("ConfigMap", namespace, "one") == created
    found = shown(cluster, namespace, "one")
    assert found["data"] == {"a": "1"}
    assert found["metadata"]["uid"] == created["metadata"]["uid"]
    with pytest.raises(ApiError) as caught:
        client.create("ConfigMap", namespace, config_map("one"))
    assert (caught.value.status, caught.value.reason) == (409, "AlreadyExists")


@pytest.mark.parametrize(
    ("patch_type", "body", "data"),
    [
        ("merge", {"data": {"a": None, "b": "2"}}, {"b": "2"}),
        ("strategic", {"data": {"c": "3"}}, {"a": "1", "c": "3"}),
        ("json", [{"op": "replace", "path": "/data/a", "value": "4"}], {"a": "4"}),
    ],
)
def test_each_kind_of_patch_changes_what_it_names(
    client: Client, cluster: Cluster, patch_type: str, body: object, data: dict[str, str]
) -> None:
    name = "patched-" + patch_type
    client.create("ConfigMap", "default", config_map(name, a="1"))
    client.patch("ConfigMap", "default", name, body, patch_type=patch_type)
    found = shown(cluster, "default", name)
    assert found["data"] == data


def test_a_patch_names_us_as_field_manager(
    client: Client, cluster: Cluster, namespace: str
) -> None:
    cluster.kubectl("-n", namespace, "create", "configmap", "theirs", "--from-literal=a=1")
    client.patch("ConfigMap", namespace, "theirs", {"data": {"b": "2"}})
    text = cluster.kubectl(
        "-n", namespace, "get", "configmap", "theirs", "-o", "json", "--show-managed-fields"
    )
    managers = {entry["manager"] for entry in json.loads(text)["metadata"]["managedFields"]}
    assert managers == {"kubectl-create", "lightk8s-edge"}


def test_a_patch_for_an_old_version_is_a_conflict(client: Client, namespace: str) -> None:
    old = client.create("ConfigMap", namespace, config_map("one", a="1"))
    client.patch("ConfigMap", namespace, "one", {"data": {"a": "2"}})
    version = old["metadata"]["resourceVersion"]
    body = {"metadata": {"resourceVersion": version}, "data": {"a": "3"}}
    with pytest.raises(ApiError) as caught:
        client.patch("ConfigMap", namespace, "one", body)
    assert (caught.value.status, caught.value.reason) == (409, "Conflict")


def test_delete_says_whether_there_was_something(client: Client, namespace: str) -> None:
    client.create("ConfigMap", namespace, config_map("one"))
    assert client.delete("ConfigMap", namespace, "one")
    assert not client.delete("ConfigMap", namespace, "one")
    assert client.read("ConfigMap", namespace, "one") is None


def test_delete_spares_another_object_of_that_name(client: Client, namespace: str) -> None:
    old = client.create("ConfigMap", namespace, config_map("one"))
    client.delete("ConfigMap", namespace, "one")
    client.create("ConfigMap", namespace, config_map("one"))
    with pytest.raises(ApiError) as caught:
        client.delete("ConfigMap", namespace, "one", uid=old["metadata"]["uid"])
    assert caught.value.status == 409
    assert client.read("ConfigMap", namespace, "one") is not None


def test_foreground_deletion_waits_for_dependents(client: Client, namespace: str) -> None:
    owner = client.create("ConfigMap", namespace, config_map("owner"))
    held = config_map("held")
    held["metadata"]["ownerReferences"] = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": "owner",
            "uid": owner["metadata"]["uid"],
            "blockOwnerDeletion": True,
        }
    ]
    held["metadata"]["finalizers"] = ["example.org/hold"]
    client.create("ConfigMap", namespace, held)
    client.delete("ConfigMap", namespace, "owner", propagation="Foreground")
    found = client.read("ConfigMap", namespace, "owner")
    assert found is not None
    assert found["metadata"]["finalizers"] == ["foregroundDeletion"]
    client.patch("ConfigMap", namespace, "held", {"metadata": {"finalizers": None}})


def test_a_list_of_600_objects_comes_whole_in_pages(
    client: Client, cluster: Cluster, namespace: str
) -> None:
    for number in range(600):
        client.create("ConfigMap", namespace, config_map(f"item-{number:03}"))
    expected = sorted(
        cluster.kubectl("-n", namespace, "get", "configmap", "-o", "name", "-l", "app").split()
    )
    for page in (7, 250, 600, 1000):
        items = client.list("ConfigMap", namespace, label_selector="app=test", page=page)
        assert [f"configmap/{item['metadata']['name']}" for item in items] == expected
    assert len(expected) == 600
    assert client.list("ConfigMap", namespace, label_selector="app=other") == []
    chosen = client.list("ConfigMap", namespace, field_selector="metadata.name=item-042")
    assert [item["metadata"]["name"] for item in chosen] == ["item-042"]


def test_names_cannot_leave_their_place_in_the_path(client: Client, namespace: str) -> None:
    client.create("ConfigMap", namespace, config_map("one"))
    for name in ("../../default/configmaps/one", "one?x=1", "one/../one", "a b"):
        assert client.read("ConfigMap", namespace, name) is None


@pytest.mark.parametrize("path", ["/api/v1/nowhere", "/apis/none/v1/things"])
def test_an_unknown_path_is_an_api_error(client: Client, path: str) -> None:
    with pytest.raises(ApiError) as caught:
        client.get(path)
    assert caught.value.status == 404
    assert path in caught.value.message


def test_a_refused_object_is_explained_in_the_servers_words(client: Client) -> None:
    with pytest.raises(EdgeError) as caught:
        client.create("ConfigMap", "default", {"metadata": {"name": "Not_A_Name"}})
    assert caught.value.kind == "api"
    assert "Not_A_Name" in caught.value.message
    assert "RFC 1123" in caught.value.message


def test_without_permission_the_user_is_named(cluster: Cluster) -> None:
    stranger = cluster.kubeconfig(cluster.authority.issue("stranger"))
    with Client.from_kubeconfig(stranger) as client:
        with pytest.raises(ApiError) as caught:
            client.list("Secret", "kube-system")
        assert caught.value.status == 403
        assert 'User "stranger"' in caught.value.message
