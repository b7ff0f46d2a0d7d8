# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is held to be right without asking is what the server's dry run says is right."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._kube.client import Client
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.resources import FIELD_MANAGER
from ansible_collections.lightk8s.edge.plugins.module_utils._workloads.unchanged import unchanged
from ansible_collections.lightk8s.edge.plugins.module_utils._workloads.view import (
    manager_entry,
    settled,
)

from .cluster import Cluster
from .workload_kinds import CASES
from .workloads import Object, Site, config_map, deployment

pytestmark = pytest.mark.integration


def rich() -> Object:
    """Lists known by one key, by two with a default, of plain values, and such as are one field."""
    item = deployment("rich")
    item["metadata"] |= {"labels": {"a": "1"}, "finalizers": ["example.org/one", "example.org/two"]}
    pod = item["spec"]["template"]["spec"]
    more = copy.deepcopy(pod["containers"][0])
    pod["containers"].append({**more, "name": "second", "args": ["-v", "--fast"], "tty": True})
    pod["containers"][0] |= {
        "env": [{"name": "B", "value": "2"}, {"name": "A", "value": "3"}],
        "ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}],
        "volumeMounts": [{"name": "v", "mountPath": "/v"}],
    }
    pod["volumes"] = [{"name": "v", "emptyDir": {}}]
    pod["tolerations"] = [{"key": "k", "operator": "Exists"}]
    pod["nodeSelector"] = {"disk": "ssd"}
    return item


WISHES = {name: case.manifest for name, case in CASES.items()} | {"rich": rich()}
# A Pod, and a wish without a field that could be managed: always asked.
ASKED = {"Pod", "ServiceAccount", "Namespace"}


def variants(value: Any) -> Iterator[Any]:
    """The value with one thing left out, added, of another type, or at another place."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield {name: item for name, item in value.items() if name != key}
            for other in variants(inner):
                yield {**value, key: other}
        yield {**value, "added": "x"}
    elif isinstance(value, list):
        if len(value) > 1:
            yield value[::-1]
        for number, inner in enumerate(value):
            yield [*value[:number], *value[number + 1 :]]
            for other in variants(inner):
                yield [*value[:number], other, *value[number + 1 :]]
        yield [*value, *value[:1]]
    else:
        yield from ({}, [], None, True, 1, 1.0, "1", f"{value}x")


def as_named(wish: Object, live: Object) -> Object:
    """The same object still: a wish by another name is about another one."""
    place = {key: live["metadata"][key] for key in ("name", "namespace") if key in live["metadata"]}
    meta = wish.get("metadata")
    named = {**(meta if isinstance(meta, dict) else {}), **place}
    return {**wish, "apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": named}


def confirmed(client: Client, wish: Object, live: Object) -> bool:
    """Whether the server's dry run says that nothing would change."""
    kind = client.discovery.find(live["apiVersion"], live["kind"])
    meta = live["metadata"]
    while True:  # controllers may write in between
        now = client.read(kind, meta.get("namespace", ""), meta["name"])
        answer = client.apply(wish, kind=kind, dry_run=True)
        if now and answer["metadata"]["resourceVersion"] == now["metadata"]["resourceVersion"]:
            break
    return settled(answer) == settled(now) and (
        manager_entry(answer, FIELD_MANAGER) == manager_entry(now, FIELD_MANAGER)
    )


@pytest.mark.parametrize("by_others", [False, True], ids=["alone", "shared"])
@pytest.mark.parametrize("name", sorted(WISHES))
def test_it_is_so(
    cluster: Cluster, client: Client, namespace: str, name: str, by_others: bool
) -> None:
    site = Site(cluster)
    wish = copy.deepcopy(WISHES[name])
    done = site.run(wish, namespace=namespace)
    assert "failed" not in done, done["msg"]
    kind = client.discovery.find(wish["apiVersion"], wish["kind"])
    place = namespace if kind.namespaced else ""
    if by_others:
        marks = {"labels": {"added": "x", "b": "2"}, "annotations": {"added": "x"}}
        other = {**wish, "metadata": {**wish["metadata"], **marks}}
        site.kubectl_apply(other, namespace=namespace)
    live = client.read(kind, place, wish["metadata"]["name"])
    assert live is not None
    wish = as_named(wish, live)
    assert unchanged(wish, live, FIELD_MANAGER) is (name not in ASKED)
    held = [
        other
        for other in (as_named(row, live) for row in variants(wish))
        if other != wish and unchanged(other, live, FIELD_MANAGER)
    ]
    wrong = [other for other in [*held, wish] if not confirmed(client, other, live)]
    assert wrong == []
    site.run(wish, namespace=namespace, state="absent")
    if wish["metadata"].get("finalizers"):
        path = json.dumps({"metadata": {"finalizers": None}})
        cluster.kubectl(
            "-n", namespace, "patch", wish["kind"], wish["metadata"]["name"], "-p", path
        )


def test_one_dry_run_each_where_a_policy_has_a_say(
    cluster: Cluster, client: Client, namespace: str
) -> None:
    """And none where it speaks of other kinds."""
    site = Site(cluster)
    items = [config_map(f"thing-{number}") for number in range(20)]
    site.settle(*items, namespace=namespace)
    assert dry_runs(site, items, namespace) == 0
    for resource, expected in (("secrets", 0), ("configmaps", 20)):
        rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"]}
        policy: Object = {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": f"says-of-{resource}"},
            "spec": {
                "matchConstraints": {"resourceRules": [{**rule, "resources": [resource]}]},
                "validations": [{"expression": "true"}],
            },
        }
        site.kubectl_apply(policy)
        try:
            assert dry_runs(site, items, namespace) == expected
        finally:
            client.delete(
                client.discovery.find(policy["apiVersion"], policy["kind"]),
                "",
                policy["metadata"]["name"],
            )


def dry_runs(site: Site, items: list[Object], namespace: str) -> int:
    """How many a run over objects that are right has the server make."""
    before = counted(site.cluster)
    site.unchanged(*items, namespace=namespace)
    return counted(site.cluster) - before


def counted(cluster: Cluster) -> int:
    """Dry runs since the API server began, by its own count."""
    text = cluster.kubectl("get", "--raw", "/metrics")
    rows = [line for line in text.splitlines() if line.startswith("apiserver_request_total{")]
    return sum(int(float(row.rpartition(" ")[2])) for row in rows if 'dry_run="All"' in row)
