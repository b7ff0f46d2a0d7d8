# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cloudcore beside K3s and an edge node: joined, changed, cut off, taken off again.

The tests tell one story, in this order.
"""

from __future__ import annotations

import json

import pytest
import yaml
from bed.node import Node
from bed.plays import Run

from .conftest import MakeFleet, mirror_of
from .kubeedge_site import (
    BOOTSTRAP,
    CERTIFICATE,
    CLOUD,
    DATABASE,
    EDGE,
    KUBEEDGE,
    TOPOLOGY,
    bring_up,
    containers,
    ready,
    run_on_edge,
    seen,
    version,
    wait_ready,
)
from .lib.site import Site, actions, failure, files, main, phase, starts, wait_for

pytestmark = pytest.mark.slow
PLACES = ("/etc", "/usr/local", "/opt", "/var/lib/lightk8s")
CONFIG = "/etc/kubeedge/config/edgecore.yaml"


@pytest.fixture(scope="module")
def site(make_fleet: MakeFleet) -> Site:
    fleet = make_fleet(TOPOLOGY, airgap=True)
    return bring_up(fleet, str(mirror_of("k3s")), str(mirror_of("kubeedge")))


@pytest.fixture(scope="module")
def edge(site: Site) -> Node:
    return site.fleet[EDGE]


@pytest.fixture(scope="module")
def cloud(site: Site) -> Node:
    return site.fleet[CLOUD]


@pytest.fixture(scope="module")
def installed(site: Site) -> Run:
    return site.converge()


def config_of(edge: Node) -> dict[str, object]:
    return dict(yaml.safe_load(edge.run(["cat", CONFIG]).stdout))


def test_a_machine_without_containerd_is_refused_by_name(site: Site, edge: Node) -> None:
    edge.run("systemctl stop containerd containerd.socket; rm -f /run/containerd/containerd.sock")
    run = site.play("site", check=False)
    edge.run("systemctl start containerd")
    assert run.code != 0
    assert "containerd.sock is not there" in run.output


def test_the_edge_node_is_ready_with_the_wanted_version(site: Site, installed: Run) -> None:
    assert ready(site)
    assert version(site).endswith(f"-kubeedge-{KUBEEDGE.version}")


def test_the_token_is_gone_and_was_never_told(
    site: Site, installed: Run, edge: Node, cloud: Node
) -> None:
    words = ("-n", "kubeedge", "get", "secret", "tokensecret", "-o", "jsonpath={.data.tokendata}")
    token = cloud.run(["sh", "-c", f"kubectl {' '.join(words)} | base64 -d"]).stdout.strip()
    assert token.count(".") == 3
    assert edge.run(["test", "-e", BOOTSTRAP], check=False).code != 0
    assert edge.run(["test", "-e", CERTIFICATE], check=False).code == 0
    found = edge.run(["grep", "-rlF", token, "/etc", "/var/lib/lightk8s"], check=False).stdout
    assert found == ""
    assert token not in installed.output
    assert all(token not in json.dumps(task.result) for task in installed.tasks)


def test_files_are_for_root_alone_and_edgecore_leaves_them_be(edge: Node, installed: Run) -> None:
    names = (CONFIG, "/etc/kubeedge/config/edgecore.base.yaml")
    for name in names:
        assert edge.run(["stat", "-c", "%a", name]).stdout.strip() == "600"
    before = edge.run(["sha256sum", *names]).stdout
    edge.run("systemctl restart edgecore")
    assert edge.run(["sha256sum", *names]).stdout == before


def test_a_second_run_touches_nothing(site: Site, installed: Run, edge: Node, cloud: Node) -> None:
    wait_ready(site)
    site.converge()
    before = {node.name: files(node, *PLACES) for node in (edge, cloud)}
    since = {node.name: site.main(node) for node in (edge, cloud)}
    again = site.converge()
    assert again.changed() == []
    assert {node.name: files(node, *PLACES) for node in (edge, cloud)} == before
    assert {node.name: site.main(node) for node in (edge, cloud)} == since


def test_site_yml_and_info_yml_say_the_same(site: Site, installed: Run) -> None:
    assert site.play("site").changed() == []
    report = site.play("info")
    assert KUBEEDGE.version in report.output


def test_k3s_on_the_same_machine_is_left_alone(cloud: Node, installed: Run) -> None:
    assert starts(cloud, "k3s.service") == 1


def test_bounds_logs_and_labels_find_their_places(
    site: Site, installed: Run, edge: Node
) -> None:
    bounds = {"edge_max_pods": 12, "edge_max_log_files": 4, "edge_labels": {"example.org/a": "b"}}
    add = {f"{key}_agents": value for key, value in bounds.items()}
    site.inputs.update(
        {key: f"{{{{ {key}_agents if edge_role == 'agent' else omit }}}}" for key in bounds}
    )
    del add
    number = starts(edge, "edgecore.service")
    for key, value in bounds.items():
        site.inputs[key] = value
    site.converge("--limit", EDGE, edge_partial_site=True)
    kubelet = config_of(edge)["modules"]["edged"]["tailoredKubeletConfig"]  # type: ignore[index]
    assert (kubelet["maxPods"], kubelet["containerLogMaxFiles"]) == (12, 4)
    assert starts(edge, "edgecore.service") == number + 1
    assert seen(site)["metadata"]["labels"]["example.org/a"] == "b"
