# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A distribution installed on a bare node without any route, left alone, stopped, taken off again.

The tests tell one story, in this order.
"""

from __future__ import annotations

import json
import re

import pytest
from bed.node import Node
from bed.plays import Run

from ..conftest import MakeFleet
from ..lib import ground
from ..lib.distributions import Distribution
from ..lib.site import (
    Site,
    actions,
    files,
    main,
    phase,
    results,
    run_pod,
    starts,
    wait_for,
)
from ..lib.traces import left_behind, left_on, traces

OURS = ("/etc", "/usr/local", "/opt", "/var/lib/lightk8s")
WIRE = 48_000  # bytes of an ssh connection with one command; a module by itself is above 100 kB


@pytest.fixture(scope="module")
def site(distribution: Distribution, make_fleet: MakeFleet) -> Site:
    site = ground.lone(distribution, make_fleet, airgap=True)
    site.inputs |= {
        "edge_version": None,  # the mirror's stable channel, and later what is there
        "edge_node_ip": ["{{ ansible_host }}"],
        "edge_max_pods": 20,
        "edge_max_cpu_percent": 60,
        "edge_journal_max_mb": 40,
        "edge_labels": {"example.org/shelf": "north"},
    }
    return site


@pytest.fixture(scope="module")
def node(site: Site) -> Node:
    return site.lone


@pytest.fixture(scope="module")
def bare(node: Node) -> dict[str, set[str]]:
    """The node before anything of ours was there."""
    return traces(node)


@pytest.fixture(scope="module")
def predicted(site: Site, bare: dict[str, set[str]]) -> Run:
    """Check mode on the bare node."""
    return site.converge("--check", "--diff")


@pytest.fixture(scope="module")
def installed(site: Site, predicted: Run) -> Run:
    """The installation itself."""
    return site.converge()


def test_check_mode_leaves_a_bare_node_alone(
    site: Site, bare: dict[str, set[str]], predicted: Run, node: Node
) -> None:
    assert predicted.changed()
    assert left_behind(bare, traces(node), site.distribution.living) == {}


def test_check_mode_on_a_bare_node_names_what_the_real_run_does(
    site: Site, predicted: Run, installed: Run
) -> None:
    for name in site.fleet.nodes:
        assert actions(predicted, name) == actions(installed, name)
        assert actions(installed, name)


def test_the_node_is_ready_with_the_wanted_version(site: Site, installed: Run, node: Node) -> None:
    said = site.server.kubectl(
        "get",
        "node",
        node.name,
        "-o",
        'jsonpath={.status.nodeInfo.kubeletVersion} {.status.conditions[?(@.type=="Ready")].status}'
        " {.status.capacity.pods} {.metadata.labels.example\\.org/shelf}",
    ).stdout.split()
    assert said == [site.distribution.kubelet(site.distribution.version), "True", "20", "north"]
    assert [starts(n, site.unit(n)) for n in site.fleet.nodes.values()] == [1] * len(
        site.fleet.nodes
    )


def test_a_pod_runs_from_an_image_that_nobody_can_pull(
    site: Site, installed: Run, node: Node
) -> None:
    assert "default" not in node.run("ip route show").stdout
    run_pod(site, "probe")


def test_the_clusters_dns_runs(site: Site, installed: Run, node: Node) -> None:
    wait_for("the cluster's DNS", lambda: _dns_runs(node))


def _dns_runs(node: Node) -> bool:
    words = ("-n", "kube-system", "get", "pods", "-l", "k8s-app=kube-dns")
    said = node.kubectl(*words, "-o", "jsonpath={.items[*].status.phase}", check=False)
    return said.stdout.split() == ["Running"]


def test_a_second_run_touches_nothing_and_sends_nothing(
    site: Site, installed: Run, node: Node
) -> None:
    site.converge()
    nodes = site.fleet.nodes.values()
    before = [(files(n, *OURS), site.main(n)) for n in nodes]
    sent = node.net_bytes()
    run = site.converge()
    assert node.net_bytes() - sent < WIRE
    assert [(files(n, *OURS), site.main(n)) for n in nodes] == before
    assert run.changed() == []
    assert [t.result["actions"] for n in nodes for t in results(run, n.name)] == [[]] * len(nodes)


def test_check_mode_on_an_installed_node_has_nothing_to_say(
    site: Site, installed: Run, node: Node
) -> None:
    before = files(node, *OURS)
    run = site.converge("--check", "--diff", edge_verify="full")
    assert run.changed() == []
    assert [actions(run, name) for name in site.fleet.nodes] == [[]] * len(site.fleet.nodes)
    assert files(node, *OURS) == before


def test_the_kubeconfig_leads_to_the_site(site: Site, installed: Run, node: Node) -> None:
    folder = site.fleet.root / "kubeconfigs"
    assert site.play("kubeconfig", "--check", edge_kubeconfig_dir=str(folder)).changed()
    assert not folder.exists()
    run = site.play("kubeconfig", "-vvvv", edge_kubeconfig_dir=str(folder))
    file = folder / "shop.yaml"
    text = file.read_text(encoding="utf-8")
    assert (len(run.changed()), file.stat().st_mode & 0o777) == (1, 0o600)
    key = re.search(r"client-key-data: (\S{60,})", text)
    assert key is not None
    assert key.group(1)[:40] not in run.output
    node.write("/root/kubeconfig", text, 0o600)
    seen = node.kubectl(
        *("--kubeconfig", "/root/kubeconfig", "--context", "shop", "get", "nodes", "-o", "name")
    )
    node.run("rm /root/kubeconfig")
    assert (seen.stdout.strip(), "127.0.0.1" in text) == ("node/shop-server1", False)
    assert site.play("kubeconfig", edge_kubeconfig_dir=str(folder)).changed() == []


STOPPED = """
- name: Bring the distribution into a state
  hosts: all
  gather_facts: false
  tasks:
    - name: Converge the node
      lightk8s.edge.edge_site:
        state: stopped
"""


def _stop(site: Site, *args: str) -> Run:
    file = site.fleet.root / "stopped.yml"
    file.write_text(STOPPED, encoding="utf-8")
    return site.play(file, *args)


def _reset(site: Site, state: str, *args: str) -> Run:
    return site.play("reset", *args, edge_reset_confirm=True, edge_reset_state=state)


def _as_foretold(site: Site, predicted: Run, run: Run) -> bool:
    found = [(actions(run, name), actions(predicted, name)) for name in site.fleet.nodes]
    return all(done and done == foretold for done, foretold in found)


def test_stopped_and_back(site: Site, installed: Run, node: Node) -> None:
    predicted = _stop(site, "--check")
    assert _as_foretold(site, predicted, _stop(site))
    assert [main(n, site.unit(n)).pid for n in site.fleet.nodes.values()] == ["0"] * len(
        site.fleet.nodes
    )
    assert _stop(site).changed() == []
    predicted = site.converge("--check")
    assert _as_foretold(site, predicted, site.converge())
    wait_for("the pod from before", lambda: phase(site.server, "probe") == "Running")
    assert site.converge().changed() == []


def test_absent_keeps_the_data(site: Site, installed: Run, node: Node) -> None:
    site.server.kubectl("create", "configmap", "kept", "--from-literal=a=b")
    stores = [path for path in site.distribution.stores if node.exists(path)]
    before = [node.run(["stat", "-c", "%i", path]).stdout for path in stores]
    predicted = _reset(site, "absent", "--check")
    assert _as_foretold(site, predicted, _reset(site, "absent"))
    for n in site.fleet.nodes.values():
        assert not n.exists(site.distribution.binary_of(n.spec.role))
    assert node.exists(site.distribution.snapshots or site.distribution.data)
    assert _reset(site, "absent").changed() == []
    site.converge()
    if site.distribution.snapshots:
        assert ".zip" in node.run(["ls", site.distribution.snapshots]).stdout
        return
    kept = site.server.kubectl("get", "configmap", "kept", "-o", "jsonpath={.data.a}")
    assert kept.stdout == "b"
    assert stores
    assert [node.run(["stat", "-c", "%i", path]).stdout for path in stores] == before
    assert site.converge().changed() == []


def test_purged_leaves_nothing(
    site: Site, bare: dict[str, set[str]], installed: Run, node: Node
) -> None:
    predicted = _reset(site, "purged", "--check")
    assert _as_foretold(site, predicted, _reset(site, "purged"))
    left = left_on(node, bare, site.distribution.living)
    assert not left, json.dumps(left, indent=1)
    assert _reset(site, "purged").changed() == []
