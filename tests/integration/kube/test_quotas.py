# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""edge_quota's and edge_pod's doors on a real API server; kubectl says what has become of it."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._doors import edge_pod, edge_quota
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.client import Client

from .cluster import Cluster

Result = dict[str, t.Any]
LIMITS = {"limits": {"cpu": "100m", "memory": "32Mi"}}
KINDS = "resourcequota,limitrange,networkpolicy"


def call(door: t.Any, cluster: Cluster, check: bool = False, **params: t.Any) -> Result:
    """What the door says with these options and the defaults of all others."""
    spec = door.ARGS["argument_spec"]
    defaults = {name: option.get("default") for name, option in spec.items()}
    client = Client.from_kubeconfig(cluster.admin)
    given = {**defaults, "wait": False, **params}
    result: Result = door.main(given, check, True, client)
    return result


def quota(cluster: Cluster, check: bool = False, **params: t.Any) -> Result:
    return call(edge_quota, cluster, check, **params)


def pod(cluster: Cluster, check: bool = False, **params: t.Any) -> Result:
    return call(edge_pod, cluster, check, **params)


def there(cluster: Cluster, space: str, kinds: str = KINDS) -> list[str]:
    said = cluster.kubectl("get", kinds, "-n", space, "-o", "name")
    return sorted(line.partition("/")[2] for line in said.splitlines() if "lightk8s" in line)


def converged(cluster: Cluster, door: t.Any, **params: t.Any) -> Result:
    """A run that does what its check mode said, after which there is nothing to do."""
    foretold = call(door, cluster, True, **params)
    done = call(door, cluster, **params)
    assert not done.get("failed"), done
    assert (done["changed"], done["actions"]) == (foretold["changed"], foretold["actions"])
    again = call(door, cluster, **params)
    assert (again["changed"], again["actions"]) == (False, [])
    return done


@pytest.fixture(scope="module")
def node(cluster: Cluster) -> t.Iterator[str]:
    """A Node that gives 1 GiB and 2 processors, and has one image; no quotas of other tests."""
    cluster.kubectl("delete", "resourcequota", "--all", "--all-namespaces")
    manifest = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}}
    cluster.kubectl("create", "-f", "-", stdin=json.dumps(manifest))
    status = {
        "allocatable": {"memory": "1Gi", "cpu": "2", "pods": "20"},
        "images": [{"names": ["docker.io/library/here:1"], "sizeBytes": 1}],
    }
    words = ("patch", "node", "n1", "--subresource=status", "--type=merge", "-p")
    cluster.kubectl(*words, json.dumps({"status": status}))
    yield "n1"
    cluster.kubectl("delete", "node", "n1")


BOUNDS: t.Mapping[str, t.Any] = {
    "pod_security_enforce": "baseline",
    "hard": {"pods": 5, "limits.memory": "128Mi"},
    "limits": [{"default": {"cpu": "50m", "memory": "16Mi"}}],
    "default_deny": ["ingress", "egress"],
    "allow": ["dns", "same_namespace"],
}


def test_a_namespace_and_its_bounds_come_change_and_go(cluster: Cluster, node: str) -> None:
    done = converged(cluster, edge_quota, namespace="life", **BOUNDS)
    assert "create Namespace life" in done["actions"]
    policies = ["lightk8s-allow-dns", "lightk8s-allow-same-namespace", "lightk8s-default-deny"]
    assert there(cluster, "life") == ["lightk8s", "lightk8s", *policies]

    fewer = {**BOUNDS, "allow": ["dns"], "hard": {"pods": 6}}
    converged(cluster, edge_quota, namespace="life", **fewer)
    assert "lightk8s-allow-same-namespace" not in there(cluster, "life")
    words = ("get", "resourcequota", "lightk8s", "-n", "life", "-o", "jsonpath={.spec.hard}")
    assert json.loads(cluster.kubectl(*words)) == {"pods": "6"}

    converged(cluster, edge_quota, namespace="life", state="absent")
    assert there(cluster, "life") == []
    assert cluster.kubectl("get", "namespace", "life", "-o", "name") == "namespace/life\n"


def test_what_left_a_list_loses_its_bounds_and_keeps_its_namespace(
    cluster: Cluster, node: str
) -> None:
    rows = [{"namespace": "one", "hard": {"pods": 1}}, {"namespace": "two", "hard": {"pods": 1}}]
    converged(cluster, edge_quota, quotas=rows, owner="list")
    converged(cluster, edge_quota, quotas=rows[:1], owner="list")
    assert (there(cluster, "one"), there(cluster, "two")) == (["lightk8s"], [])
    cluster.kubectl("get", "namespace", "two")
    converged(cluster, edge_quota, quotas=[], owner="list")
    assert there(cluster, "one") == []


def test_quotas_that_the_nodes_cannot_give_are_refused_with_the_sum(
    cluster: Cluster, node: str
) -> None:
    converged(cluster, edge_quota, namespace="big", hard={"limits.memory": "768Mi"})
    found = quota(cluster, namespace="bigger", hard={"limits.memory": "512Mi"})
    assert found["failure"]["kind"] == "refused"
    assert "allow 1280Mi of limits.memory together (big 768Mi, bigger 512Mi)" in found["msg"]
    assert "the nodes give 1Gi (n1 1Gi)" in found["msg"]
    with pytest.raises(RuntimeError, match="NotFound"):
        cluster.kubectl("get", "namespace", "bigger")
    allowed = {"limits.memory": "512Mi"}
    converged(cluster, edge_quota, namespace="bigger", hard=allowed, allow_overcommit=True)
    quota(cluster, namespace="bigger", state="absent")
    cluster.kubectl("cordon", "n1")
    again = quota(cluster, namespace="big", hard={"limits.memory": "768Mi"})
    cluster.kubectl("uncordon", "n1")
    assert (again.get("failed"), again["changed"]) == (None, False)
    quota(cluster, namespace="big", state="absent")


def test_the_way_to_the_api_is_where_its_servers_listen(cluster: Cluster, node: str) -> None:
    found = quota(cluster, namespace="api", default_deny=["egress"], allow=["api_server"])
    assert "addresses of the API server are not known" in found["msg"]
    slices = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": "kubernetes"},
        },
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["192.0.2.10"]}],
        "ports": [{"name": "https", "port": 6443}],
    }
    cluster.kubectl("apply", "-f", "-", stdin=json.dumps(slices))
    converged(cluster, edge_quota, namespace="api", default_deny=["egress"], allow=["api_server"])
    words = ("get", "networkpolicy", "lightk8s-allow-api-server", "-n", "api", "-o")
    rule = json.loads(cluster.kubectl(*words, "jsonpath={.spec.egress}"))
    assert rule[0]["to"] == [{"ipBlock": {"cidr": "192.0.2.10/32"}}]


def test_a_list_of_workloads_comes_changes_and_goes(cluster: Cluster, namespace: str) -> None:
    def entry(name: str, **more: t.Any) -> Result:
        return {"name": name, "image": "here:1", "resources": LIMITS, **more}

    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "a"},
        "spec": {"ports": [{"port": 80}]},
    }
    rows = [entry("a"), entry("b", kind="CronJob", schedule="@daily"), {"definition": service}]
    common = {"namespace": namespace, "owner": "list-of-workloads"}
    converged(cluster, edge_pod, workloads=rows, **common)
    converged(cluster, edge_pod, workloads=[entry("a", replicas=2)], **common)
    said = cluster.kubectl("get", "deployment,cronjob,service", "-n", namespace, "-o", "name")
    assert said.split() == ["deployment.apps/a"]
    converged(cluster, edge_pod, workloads=[], **common)
    # Not waited for: it goes once its ReplicaSet has gone.
    words = ("-n", namespace, "wait", "--for=delete", "--timeout=120s", "deployment/a")
    cluster.kubectl(*words)
    assert cluster.kubectl("get", "deployment", "-n", namespace, "-o", "name") == ""


def test_what_a_real_run_finds_made_may_be_missing_in_check_mode(cluster: Cluster) -> None:
    form: Result = {"name": "web", "image": "here:1", "resources": LIMITS, "namespace": "to-come"}
    first: Result = {**form, "priority_class": "to-come-first"}
    assert "to-come" in pod(cluster, True, **form)["msg"]
    found = pod(cluster, True, **first, expected=["to-come", "to-come-first"])
    assert found["actions"] == ["create Deployment to-come/web"]
    assert pod(cluster, **form, expected=["to-come"])["failed"]


def test_no_result_holds_what_a_secret_holds(cluster: Cluster, namespace: str) -> None:
    rows = [{"name": "s", "data": {"password": "hunter2-hunter2"}}]
    used = {"env_from": [{"secret": "s"}], "restart_on_secret_change": True}
    form: Result = {"name": "web", "image": "here:1", "resources": LIMITS, "namespace": namespace}
    results = [
        pod(cluster, True, **form, **used, secrets=rows),
        converged(cluster, edge_pod, **form, **used, secrets=rows),
    ]
    rows = [{"name": "s", "data": {"password": "hunter3-hunter3"}}]
    results.append(converged(cluster, edge_pod, **form, **used, secrets=rows))
    assert results[-1]["actions"] == [
        f"change Secret {namespace}/s",
        f"change Deployment {namespace}/web",
    ]
    told = json.dumps(results)
    assert not [word for word in ("hunter", "aHVudGVy") if word in told]


def test_a_changed_secret_leaves_its_users_alone_unless_asked(
    cluster: Cluster, namespace: str
) -> None:
    form: Result = {"name": "web", "image": "here:1", "resources": LIMITS, "namespace": namespace}
    for text in ("first", "second"):
        rows = [{"name": "s", "data": {"password": text}}]
        params = {**form, "env_from": [{"secret": "s"}], "secrets": rows}
        done = converged(cluster, edge_pod, **params)
    assert done["actions"] == [f"change Secret {namespace}/s"]


def test_an_image_that_no_node_has_is_told_before_anything_is_applied(
    cluster: Cluster, node: str, namespace: str
) -> None:
    form: Result = {"name": "web", "resources": LIMITS, "namespace": namespace, "can_pull": False}
    found = pod(cluster, **form, image="away:1", config_maps=[{"name": "c", "data": {"a": "b"}}])
    assert found["failure"]["kind"] == "preflight"
    assert "no node has away:1" in found["msg"]
    assert cluster.kubectl("get", "configmap", "-n", namespace, "-o", "name").count("/c") == 0
    converged(cluster, edge_pod, **form, image="here:1")
