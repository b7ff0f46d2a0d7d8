# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quotas and workloads on sites with agents, of every distribution; kubectl says what runs where.

An edge node of KubeEdge is reached through the API of its cloud side. The tests tell one story, in this order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bed import mirror
from bed.node import Node
from bed.plays import Run

from .conftest import MakeFleet, mirror_of, passing_fleets
from .lib import ground
from .lib.distributions import DISTRIBUTIONS, K3S, KUBEEDGE, Distribution
from .lib.site import WAIT, Site, messages, wait_for

pytestmark = pytest.mark.slow
OBJECTS = "quotas and workloads"
SERVER, AGENT = "shop-server1", "shop-agent1"
QUOTAS = [{"namespace": "shop", "hard": {"pods": 6, "limits.memory": "256Mi"}}]
TAGS = 9  # a kubelet tells of no more than five names of an image
LAST = f"registry.example.org/shop/probe:{TAGS}"


def workload(name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "namespace": "shop",
        "image": mirror.PROBE,
        "command": ["/probe", "-listen", ""],
        "resources": {"limits": {"cpu": "100m", "memory": "32Mi"}},
        "node_selector": {"kubernetes.io/hostname": AGENT},
        "tolerations": [{"operator": "Exists"}],
        "termination_grace_period_seconds": 1,
        **more,
    }


WORKLOADS = [workload("till"), workload("sensor", kind="DaemonSet", image=LAST)]


@pytest.fixture(scope="module", params=DISTRIBUTIONS, ids=lambda found: found.name)
def distribution(request: pytest.FixtureRequest) -> Distribution:
    found: Distribution = request.param
    return found


@pytest.fixture(scope="module")
def make_fleet(
    request: pytest.FixtureRequest, clean_machine: None, distribution: Distribution
) -> Iterator[MakeFleet]:
    """Fleets that go before the next distribution has its turn."""
    with passing_fleets(request) as make:
        yield make


@pytest.fixture(scope="module")
def site(make_fleet: MakeFleet, distribution: Distribution) -> Site:
    found = (
        ground.beside(K3S, make_fleet)
        if distribution is KUBEEDGE
        else ground.pair(distribution, make_fleet)
    )
    found.converge()
    archive = mirror_of(K3S.name).parent / "images" / "probe.tar"
    for node in found.fleet.nodes.values():
        command = (K3S if distribution is KUBEEDGE and node.name == SERVER else distribution).ctr
        node.put(archive, "/run/probe.tar")
        node.run([*command, "images", "import", "/run/probe.tar"])
        for number in range(1, TAGS + 1) if node.name == AGENT else ():
            name = f"registry.example.org/shop/probe:{number}"
            node.run([*command, "images", "tag", mirror.PROBE, name])
    return found


@pytest.fixture(scope="module")
def server(site: Site) -> Node:
    return site.fleet[SERVER]


def done(run: Run) -> list[str]:
    """What was done to quotas and workloads, or would be."""
    found = [*run.of(SERVER, action="edge_quota"), *run.of(SERVER, action="edge_pod")]
    found += [task for task in run.of(SERVER, action="edge_site") if OBJECTS in task.task]
    return [text for task in found for text in task.result.get("actions", [])]


def running(server: Node) -> dict[str, str]:
    """Node and identity of each workload's pod."""
    items = json.loads(server.kubectl("get", "pods", "-n", "shop", "-o", "json").stdout)["items"]
    return {
        item["metadata"]["labels"]["app.kubernetes.io/name"]: "/".join(
            (item["spec"]["nodeName"], item["status"]["phase"], item["metadata"]["uid"])
        )
        for item in items
        if not item["metadata"].get("deletionTimestamp")
    }


def test_an_image_that_no_node_has_is_told_before_anything_is_applied(
    site: Site, server: Node
) -> None:
    missing = workload("kiosk", image="registry.example.org/shop/kiosk:1")
    run = site.converge(check=False, edge_quotas=QUOTAS, edge_workloads=[*WORKLOADS, missing])
    assert "no node has registry.example.org/shop/kiosk:1" in messages(run)
    assert LAST not in messages(run)
    words = ("get", "deployments,daemonsets", "-n", "shop", "-o", "name")
    assert server.kubectl(*words).stdout == ""


def test_workloads_run_on_the_agent_and_a_second_run_does_nothing(site: Site, server: Node) -> None:
    site.inputs |= {"edge_quotas": QUOTAS, "edge_workloads": WORKLOADS}
    foretold = site.converge("--check")
    run = site.converge()
    assert done(run) == done(foretold)
    assert "create Deployment shop/till" in done(run)
    pods = running(server)
    assert {name: row.rpartition("/")[0] for name, row in pods.items()} == {
        "till": f"{AGENT}/Running",
        "sensor": f"{AGENT}/Running",
    }
    assert site.converge().changed() == []
    assert site.play("site").changed() == []
    assert running(server) == pods


def test_a_change_replaces_the_pods_of_one_workload(site: Site, server: Node) -> None:
    before = running(server)
    site.inputs["edge_workloads"] = [workload("till", env={"COLOUR": "blue"}), WORKLOADS[1]]
    assert done(site.converge()) == ["change Deployment shop/till"]
    after = running(server)
    assert after["till"] != before["till"]
    assert after["sensor"] == before["sensor"]


def test_the_controller_does_the_same_by_a_kubeconfig(
    site: Site, server: Node, tmp_path: Path
) -> None:
    site.play("kubeconfig", edge_kubeconfig_dir=str(tmp_path))
    given = {
        **workload("bell"),
        "kubeconfig": str(tmp_path / "shop.yaml"),
        "wait_timeout": int(WAIT),
    }
    for state, changed in (("present", True), ("present", False), ("absent", True)):
        task = {"lightk8s.edge.edge_pod": {**given, "state": state}, "delegate_to": "localhost"}
        run = site.play([{"hosts": AGENT, "gather_facts": False, "tasks": [task]}])
        assert bool(run.changed()) is changed
        assert ("bell" in running(server)) is (state == "present")


def test_what_left_the_list_goes(site: Site, server: Node) -> None:
    site.inputs |= {"edge_workloads": [], "edge_quotas": []}
    site.converge()
    wait_for("the pods to be gone", lambda: running(server) == {})
    assert site.converge().changed() == []
