# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What KubeEdge alone has: cloudcore beside K3s on one machine, an edge node's token, file and autonomy.

What every distribution promises is in the folder `contract`. The tests tell one story, in this order.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from bed.node import Node
from bed.plays import Run

from .conftest import MakeFleet
from .kubeedge_site import (
    BOOTSTRAP,
    CERTIFICATE,
    CLOUD,
    EDGE,
    containers,
    ready,
    run_on_edge,
    seen,
    wait_ready,
)
from .lib import ground
from .lib.distributions import KUBEEDGE
from .lib.site import Site, actions, failure, phase, starts, wait_for

pytestmark = pytest.mark.slow
CONFIG = "/etc/kubeedge/config/edgecore.yaml"


@pytest.fixture(scope="module")
def site(make_fleet: MakeFleet) -> Site:
    return ground.pair(KUBEEDGE, make_fleet, airgap=True)


@pytest.fixture(scope="module")
def edge(site: Site) -> Node:
    return site.fleet[EDGE]


@pytest.fixture(scope="module")
def cloud(site: Site) -> Node:
    return site.fleet[CLOUD]


@pytest.fixture(scope="module")
def installed(site: Site) -> Run:
    return site.converge()


def config_of(edge: Node) -> dict[str, Any]:
    return dict(yaml.safe_load(edge.run(["cat", CONFIG]).stdout))


def test_a_machine_without_containerd_is_refused_by_name(site: Site, edge: Node) -> None:
    edge.run("systemctl stop containerd containerd.socket; rm -f /run/containerd/containerd.sock")
    run = site.play("site", check=False)
    edge.run("systemctl start containerd")
    assert run.code != 0
    assert "containerd.sock is not there" in run.output


def test_the_token_is_gone_and_was_never_told(
    site: Site, installed: Run, edge: Node, cloud: Node
) -> None:
    words = ("-n", "kubeedge", "get", "secret", "tokensecret", "-o", "jsonpath={.data.tokendata}")
    token = cloud.run(["sh", "-c", f"kubectl {' '.join(words)} | base64 -d"]).stdout.strip()
    assert token.count(".") == 3
    assert edge.run(["test", "-e", BOOTSTRAP], check=False).returncode != 0
    assert edge.run(["test", "-e", CERTIFICATE], check=False).returncode == 0
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


def test_site_yml_and_info_yml_say_the_same(site: Site, installed: Run) -> None:
    assert site.play("site").changed() == []
    report = site.play("info")
    assert KUBEEDGE.version in report.output


def test_bounds_logs_and_labels_find_their_places(site: Site, installed: Run, edge: Node) -> None:
    asked = {
        "edge_max_pods": 12,
        "edge_max_log_files": 4,
        "edge_labels": {"example.org/a": "b"},
        "edge_taints": ["example.org/x=y:NoSchedule"],
    }
    site.inputs.update(asked)
    number = starts(edge, "edgecore.service")
    site.converge()
    kubelet = config_of(edge)["modules"]["edged"]["tailoredKubeletConfig"]
    assert (kubelet["maxPods"], kubelet["containerLogMaxFiles"]) == (12, 4)
    assert starts(edge, "edgecore.service") == number + 1
    node = seen(site)
    assert node["metadata"]["labels"]["example.org/a"] == "b"
    assert {"key": "example.org/x", "value": "y", "effect": "NoSchedule"} in node["spec"]["taints"]
    assert site.converge().changed() == []


def test_keys_that_kubeedge_would_swallow_are_refused(site: Site, installed: Run) -> None:
    wrong = {"modules": {"eventbuz": {"enable": False}}}
    run = site.converge(check=False, edge_extra_config=wrong)
    found = failure(run, EDGE)
    assert found["kind"] == "spec"
    assert "modules.eventbuz" in found["message"]


def test_a_file_that_was_changed_by_hand_is_put_back(
    site: Site, installed: Run, edge: Node
) -> None:
    edge.run(["sh", "-c", f"echo '# by hand' >>{CONFIG}"])
    run = site.converge()
    assert actions(run, EDGE) == ["restart edgecore.service"]
    assert "by hand" not in edge.run(["cat", CONFIG]).stdout


def test_an_ended_certificate_is_renewed(site: Site, installed: Run, edge: Node) -> None:
    """A damaged one counts as ended: neither can be used."""
    edge.run(["sh", "-c", f"echo damaged >{CERTIFICATE}"])
    site.converge()
    text = edge.run(["openssl", "x509", "-noout", "-subject", "-in", CERTIFICATE]).stdout
    assert f"system:node:{EDGE}" in text
    assert edge.run(["test", "-e", BOOTSTRAP], check=False).returncode != 0
    wait_ready(site)


def test_a_node_that_is_cut_off_runs_on(
    site: Site, installed: Run, edge: Node, cloud: Node
) -> None:
    run_on_edge(site, "stays", token=False)
    wait_for("the pod", lambda: phase(cloud, "stays") == "Running")
    rule = f"OUTPUT -p tcp -d {cloud.ip} -j REJECT"
    edge.run(f"iptables -I {rule}; ss -K dst {cloud.ip}", check=False)
    try:
        wait_for("the cluster to notice", lambda: not ready(site))
        edge.run("ctr -n k8s.io tasks ls -q | head -1 | xargs ctr -n k8s.io tasks kill -s 9")
        before = len(containers(edge))
        edge.run("systemctl restart edgecore")
        wait_for("the pod again", lambda: len(containers(edge)) >= before)
    finally:
        edge.run(f"iptables -D {rule}")
    wait_ready(site)


def test_a_certificate_of_another_node_is_refused_by_name(site: Site, installed: Run) -> None:
    """A removal keeps it, and edgecore would take it for none and want a token."""
    only = ("--limit", EDGE, "-e", "edge_partial_site=true")
    site.play("reset", *only, edge_reset_confirm=True, edge_reset_state="absent")
    name = "{{ 'other' if edge_role == 'agent' else inventory_hostname }}"
    found = failure(site.converge(check=False, edge_node_name=name), EDGE)
    assert found["kind"] == "refused"
    assert f"the certificate on this machine is that of {EDGE}" in found["message"]
    site.converge()
    wait_ready(site)


def test_a_reset_leaves_the_cluster_beside_it_alone(
    site: Site, installed: Run, edge: Node, cloud: Node
) -> None:
    site.play("reset", edge_reset_confirm=True)
    assert seen(site) == {}
    assert containers(edge) == set()
    assert "/io.containerd.grpc.v1.cri/sandboxes/" not in edge.run(["cat", "/proc/mounts"]).stdout
    found = cloud.kubectl("get", "namespace", "kubeedge", "--ignore-not-found").stdout
    assert found.strip() == "" or "Terminating" in found
    assert cloud.run(["test", "-e", "/etc/kubeedge"], check=False).returncode != 0
    assert cloud.run(["test", "-e", "/var/lib/lightk8s/state/distribution.json"]).returncode == 0
    assert cloud.run(["systemctl", "is-active", "k3s"]).stdout.strip() == "active"
    assert starts(cloud, "k3s.service") == 1


def test_a_machine_that_was_emptied_by_hand_comes_back(site: Site, edge: Node) -> None:
    """Its Node is still there, and edgecore without a database would never register beside it."""
    site.converge()
    wait_ready(site)
    edge.run("systemctl stop edgecore; rm -rf /etc/kubeedge /var/lib/kubeedge /var/lib/lightk8s")
    wait_for("the cluster to notice", lambda: not ready(site))
    site.converge()
    wait_ready(site)
