# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One inventory, one run: a cluster, cloudcore beside its server, and an edge node.

The tests tell one story, in this order.
"""

from __future__ import annotations

import pytest
from bed.node import Node
from bed.plays import Run

from .conftest import MakeFleet
from .kubeedge_site import CLOUD, EDGE, ready, seen, wait_ready
from .lib import ground
from .lib.distributions import K0S, K3S, KUBEEDGE, MICROK8S, Distribution
from .lib.site import Site, files, starts
from .lib.site import ready as nodes_ready

pytestmark = pytest.mark.slow
GUEST = "shop-cloud1"
PLACES = ("/etc", "/usr/local", "/opt", "/var/lib/lightk8s")
OURS = ("/var/lib/lightk8s", "/var/lib/kubeedge", "/etc/kubeedge", "/var/lib/kubelet")
# Not the whole site, on purpose.
ONLY = ("--limit", f"{GUEST},{EDGE}", "-e", "edge_partial_site=true")


@pytest.fixture(scope="module", params=[K3S, K0S, MICROK8S], ids=lambda one: one.name)
def cluster(request: pytest.FixtureRequest) -> Distribution:
    found: Distribution = request.param
    return found


@pytest.fixture(scope="module")
def site(make_fleet: MakeFleet, cluster: Distribution) -> Site:
    return ground.beside(cluster, make_fleet)


@pytest.fixture(scope="module")
def edge(site: Site) -> Node:
    return site.fleet[EDGE]


@pytest.fixture(scope="module")
def cloud(site: Site) -> Node:
    return site.fleet[CLOUD]


@pytest.fixture(scope="module")
def programs(site: Site) -> dict[str, str]:
    """What lies in /usr/local/bin of each node before the first run."""
    return {name: node.run("ls /usr/local/bin").stdout for name, node in site.fleet.nodes.items()}


@pytest.fixture(scope="module")
def installed(site: Site, programs: dict[str, str]) -> Run:
    site.play("site", "--check")
    site.converge("--check")
    return site.converge()


def test_from_bare_machines_to_an_edge_node_in_one_run(
    site: Site, installed: Run, cloud: Node, cluster: Distribution
) -> None:
    assert nodes_ready(cloud) == {CLOUD: True, EDGE: True}
    reported = seen(site)["status"]["nodeInfo"]["kubeletVersion"]
    assert reported == KUBEEDGE.kubelet(KUBEEDGE.version)
    assert starts(cloud, "cloudcore.service") == 1
    assert starts(cloud, cluster.server_unit) == 1


def test_a_second_run_touches_nothing(site: Site, installed: Run, edge: Node, cloud: Node) -> None:
    wait_ready(site)
    site.converge()
    before = {node.name: set(files(node, *PLACES).items()) for node in (edge, cloud)}
    assert site.converge().changed() == []
    assert site.play("site").changed() == []
    for node in (edge, cloud):
        assert set(files(node, *PLACES).items()) ^ before[node.name] == set()  # names what differs


def test_the_report_has_a_line_for_each_name(
    site: Site, installed: Run, cluster: Distribution
) -> None:
    table = next(task for task in site.play("info").tasks if task.task == "Print the table")
    rows = {row.split()[1]: row for row in table.result["msg"] if row.startswith("shop ")}
    assert sorted(rows) == sorted((CLOUD, GUEST, EDGE))
    assert cluster.version in rows[CLOUD]
    assert rows[EDGE].split()[2:5] == ["agent", KUBEEDGE.version, "yes"]
    assert rows[GUEST].split()[2:4] == ["server", KUBEEDGE.version]
    assert not [row for row in table.result["msg"] if "no Node" in row or "no inventory" in row]


def test_a_stop_takes_what_is_there_whatever_version_is_wanted(
    site: Site, installed: Run, edge: Node, cloud: Node
) -> None:
    run = site.play(
        "reset", *ONLY, edge_reset_confirm=True, edge_reset_state="stopped", edge_version="v1.20.0"
    )
    assert run.failed() == []
    for node, unit in ((edge, "edgecore"), (cloud, "cloudcore")):
        assert node.run(["systemctl", "is-active", unit], check=False).stdout.strip() != "active"
    site.converge()
    wait_ready(site)


def test_a_removal_and_then_a_purge_leave_nothing_but_the_cluster(
    site: Site, installed: Run, edge: Node, cloud: Node, cluster: Distribution
) -> None:
    site.play("reset", *ONLY, edge_reset_confirm=True, edge_reset_state="absent")
    assert edge.exists("/etc/kubeedge/certs/server.crt")
    assert not edge.exists("/usr/local/bin/edgecore")
    assert seen(site)
    site.play("reset", *ONLY, edge_reset_confirm=True)
    assert seen(site) == {}
    assert cloud.kubectl("get", "namespace", "kubeedge", "--ignore-not-found").stdout == ""
    assert not [place for place in OURS if edge.exists(place)]
    assert not cloud.exists("/etc/kubeedge")
    assert cloud.exists("/var/lib/lightk8s/state/distribution.json")
    unit = cluster.server_unit
    assert cloud.run(["systemctl", "is-active", unit]).stdout.strip() == "active"
    assert site.play("reset", *ONLY, edge_reset_confirm=True).changed() == []


def test_the_whole_comes_back_and_goes_in_one_run(
    site: Site, programs: dict[str, str], installed: Run, edge: Node, cloud: Node
) -> None:
    site.play("site")
    assert ready(site)
    run = site.play("reset", edge_reset_confirm=True)
    assert run.failed() == []
    for node in (edge, cloud):
        assert not [place for place in OURS if node.exists(place)]
        assert node.run("ls /usr/local/bin").stdout == programs[node.name]
    assert site.play("reset", edge_reset_confirm=True).changed() == []
