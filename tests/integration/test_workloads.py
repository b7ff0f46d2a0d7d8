# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site with workloads and quotas in its inventory, through the playbooks; kubectl says what runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from bed import mirror
from bed.node import Node
from bed.plays import Run

from .conftest import MakeFleet, mirror_of
from .lib.distributions import K3S
from .lib.site import Site, common_inputs, main, messages

pytestmark = pytest.mark.slow
SERVER = "shop-server1"
OBJECTS = "quotas and workloads"
LIMITS = {"limits": {"cpu": "100m", "memory": "32Mi"}}
PASSWORD = "a-word-that-nobody-sees"
QUOTAS = [
    {
        "namespace": "shop",
        "priority_classes": [{"name": "shop-first", "value": 1000}],
        "pod_security_enforce": "baseline",
        "hard": {"pods": 5, "limits.memory": "96Mi"},
        "default_deny": ["ingress", "egress"],
        "allow": ["dns", "same_namespace", "api_server"],
    }
]


def workload(name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "namespace": "shop",
        "image": mirror.PROBE,
        "command": ["/probe", "-listen", ""],
        "resources": LIMITS,
        "termination_grace_period_seconds": 1,
        **more,
    }


TILL = workload("till", env={"PASSWORD": {"secret": "till", "key": "password"}})
SENSOR = workload("sensor", kind="DaemonSet")


def secrets(password: str) -> list[dict[str, Any]]:
    return [{"name": "till", "namespace": "shop", "data": {"password": password}}]


@pytest.fixture(scope="module")
def site(make_fleet: MakeFleet) -> Site:
    inputs = {
        **common_inputs(K3S, mirror_of(K3S.name)),
        "edge_quotas": QUOTAS,
        "edge_workloads": [TILL, SENSOR],
        "edge_workload_secrets": secrets(PASSWORD),
        "edge_restart_on_secret_change": True,
    }
    return Site(make_fleet("shop=server"), K3S, inputs)


@pytest.fixture(scope="module")
def server(site: Site) -> Node:
    return site.fleet.nodes[SERVER]


def done(run: Run) -> list[str]:
    """What was done to quotas and workloads, or would be."""
    found = [*run.of(SERVER, action="edge_quota"), *run.of(SERVER, action="edge_pod")]
    found += [task for task in run.of(SERVER, action="edge_site") if OBJECTS in task.task]
    return [text for task in found for text in task.result.get("actions", [])]


def objects(server: Node, kinds: str, space: str = "shop") -> list[str]:
    said = server.kubectl("get", kinds, "-n", space, "-o", "name").stdout
    return sorted(line.rpartition("/")[2] for line in said.split())


def pod_of(server: Node, name: str) -> str:
    """The identity of the one pod of a workload that is not about to go."""
    words = ("get", "pods", "-n", "shop", "-l", f"app.kubernetes.io/name={name}", "-o", "json")
    items = json.loads(server.kubectl(*words).stdout)["items"]
    (pod,) = (item for item in items if not item["metadata"].get("deletionTimestamp"))
    return str(pod["metadata"]["uid"])


def import_probe(server: Node) -> None:
    archive = Path(mirror_of(K3S.name)).parent / "images" / "probe.tar"
    server.put(archive, "/run/probe.tar")
    server.run([*K3S.ctr, "images", "import", "/run/probe.tar"])


def test_before_the_installation_nothing_is_foretold_and_nothing_fails(site: Site) -> None:
    run = site.play("site", "--check")
    assert done(run) == []
    assert "cannot be foretold before it" in run.output


def test_an_image_that_the_site_lacks_stops_workloads_before_any_is_applied(
    site: Site, server: Node
) -> None:
    run = site.play("site", check=False)
    assert f"no node has {mirror.PROBE}" in messages(run)
    assert run.stats[SERVER]["failures"] == 1
    assert objects(server, "deployments,daemonsets,secrets") == []
    assert "lightk8s" in objects(server, "resourcequotas")


def test_what_was_foretold_is_done_and_then_there_is_nothing_to_do(
    site: Site, server: Node
) -> None:
    import_probe(server)
    foretold = site.play("site", "--check", "--diff")
    assert "create Deployment shop/till" in done(foretold)
    run = site.play("site", "--diff")
    assert done(run) == done(foretold)
    assert objects(server, "deployments,daemonsets,secrets") == ["sensor", "till", "till"]
    began = main(server, K3S.server_unit)
    for again in (site.play("site"), site.converge(), site.converge("--check")):
        assert [(task.task, task.result) for task in again.changed()] == []
        assert again.of(SERVER, action="edge_pod") or again.of(SERVER, action="edge_site")
    assert main(server, K3S.server_unit) == began
    outputs = foretold.output + run.output + json.dumps([task.result for task in run.tasks])
    assert PASSWORD not in outputs


def test_a_changed_secret_replaces_the_pods_that_use_it_and_no_others(
    site: Site, server: Node
) -> None:
    before = {name: pod_of(server, name) for name in ("till", "sensor")}
    site.inputs["edge_workload_secrets"] = secrets("another-word")
    run = site.play("site")
    assert done(run) == ["change Secret shop/till", "change Deployment shop/till"]
    after = {name: pod_of(server, name) for name in before}
    assert after["till"] != before["till"]
    assert after["sensor"] == before["sensor"]
    assert site.play("site").changed() == []


def test_the_quota_stands_before_pods_that_would_take_more(site: Site, server: Node) -> None:
    greedy = {"limits": {"cpu": "100m", "memory": "128Mi"}}
    wanted = [TILL, SENSOR, workload("greedy", resources=greedy)]
    run = site.play("site", check=False, edge_workloads=wanted, workloads_wait_timeout=30)
    assert "exceeded quota: lightk8s" in messages(run)
    assert site.play("site").changed() != []
    assert objects(server, "deployments") == ["till"]


def test_quotas_beyond_the_node_are_refused_with_the_sum(site: Site, server: Node) -> None:
    more = [*QUOTAS, {"namespace": "lab", "hard": {"limits.memory": "9Ti"}}]
    run = site.play("site", check=False, edge_quotas=more)
    assert "of limits.memory together (lab 9Ti, shop 96Mi), and the nodes give" in messages(run)
    assert server.kubectl("get", "namespace", "lab", check=False).returncode != 0


def test_what_left_the_list_goes_and_its_namespace_stays(site: Site, server: Node) -> None:
    site.inputs["edge_workloads"] = [TILL]
    site.converge()
    assert objects(server, "deployments,daemonsets") == ["till"]
    site.inputs |= {"edge_workloads": [], "edge_workload_secrets": [], "edge_quotas": []}
    site.converge()
    assert objects(server, "deployments,daemonsets,secrets,resourcequotas,networkpolicies") == []
    assert server.kubectl("get", "namespace", "shop").returncode == 0
    assert site.converge().changed() == []
