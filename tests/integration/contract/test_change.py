# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server and an agent whose settings change: rightly, wrongly, and back."""

from __future__ import annotations

from typing import Any

import pytest
from bed.node import Node
from bed.plays import Run

from ..conftest import MakeFleet
from ..lib import ground
from ..lib.distributions import K3S, Distribution
from ..lib.site import (
    Site,
    actions,
    failure,
    files,
    phase,
    run_pod,
    starts,
    wait_for,
)

SERVER, AGENT = "shop-server1", "shop-agent1"
UNITS, FOLLOWER = "/etc/systemd/system", "follower.service"
WATCHED = ("/etc", "/usr/local", "/var/lib/lightk8s/state", "/var/lib/lightk8s/tx")


@pytest.fixture(scope="module")
def site(distribution: Distribution, make_fleet: MakeFleet) -> Site:
    site = ground.pair(distribution, make_fleet)
    site.inputs["edge_token"] = distribution.token
    # Check mode on a bare agent is exact, even where only a living server will know the token.
    predicted = site.converge("--check", edge_token=None)
    run = site.converge("-vvvv")
    assert "a-token-of-the-shop" not in run.output
    assert actions(run, AGENT) == actions(predicted, AGENT)
    return site


@pytest.fixture(scope="module")
def server(site: Site) -> Node:
    return site.fleet[SERVER]


@pytest.fixture(scope="module")
def agent(site: Site) -> Node:
    return site.fleet[AGENT]


def test_server_and_agent_are_ready(site: Site, server: Node, agent: Node) -> None:
    assert site.is_ready()
    assert starts(server, site.unit(server)) == 1
    assert starts(agent, site.unit(agent)) == 1 or site.distribution.joins_running
    assert site.converge().changed() == []


def test_a_changed_setting_is_one_restart_and_pods_live_through_it(
    site: Site, server: Node, agent: Node
) -> None:
    run_pod(site, "lasting", on=site.lone)
    container = _container(server)
    for node in (server, agent):
        _follow(node, site.unit(node))
    before = {n.name: (starts(n, site.unit(n)), site.main(n)) for n in (server, agent)}
    inputs: dict[str, Any] = {
        "edge_tls_sans": ["shop.example.org"],
        "edge_max_pods": 30,
        "edge_max_log_size_mb": 7,
    }
    predicted = site.converge("--check", **inputs)
    run = site.converge(**inputs)
    for node in (server, agent):
        assert actions(run, node.name) == actions(predicted, node.name)
        assert len([a for a in actions(run, node.name) if a.startswith("restart")]) == 1
        assert starts(node, site.unit(node)) == before[node.name][0] + 1
        assert site.main(node) != before[node.name][1]
        node.run(f"systemctl stop {FOLLOWER}; rm {UNITS}/{FOLLOWER}; systemctl daemon-reload")
    assert _container(server) == container
    assert phase(server, "lasting") == "Running"
    assert site.converge(**inputs).changed() == []
    site.inputs.update(inputs)


def _follow(node: Node, unit: str) -> None:
    """Have something that stops before the service, and slowly: a restart of it begins late.

    In the meantime the process that is about to end says that all is well.
    """
    node.write(
        f"{UNITS}/{FOLLOWER}",
        f"[Unit]\nAfter={unit}\nPartOf={unit}\n[Service]\nType=oneshot\nRemainAfterExit=yes\n"
        "ExecStart=/bin/true\nExecStop=/bin/sleep 4\n",
    )
    node.run(f"systemctl daemon-reload; systemctl start {FOLLOWER}")


def test_roles_that_change_together_restart_once_too(site: Site, server: Node, agent: Node) -> None:
    """Logs, bounds of pods and the distribution itself, each by its own role of site.yml."""
    before = {n.name: (starts(n, site.unit(n)), site.main(n)) for n in (server, agent)}
    inputs: dict[str, Any] = {
        "edge_log_level": "debug",
        "edge_max_pods": 31,
        "edge_max_log_size_mb": 8,
    }
    predicted = site.play("site", "--check", **inputs)
    run = site.play("site", **inputs)
    for node in (server, agent):
        done = _by_roles(run, node)
        assert done == _by_roles(predicted, node)
        assert len(done) >= (4 if node.spec.role in (site.distribution.lone, "agent") else 2)
        assert len([action for action in done if action.startswith("restart")]) == 1
        assert starts(node, site.unit(node)) == before[node.name][0] + 1
        assert site.main(node) != before[node.name][1]
    after = [site.main(node) for node in (server, agent)]
    assert site.play("site", **inputs).changed() == []
    assert [site.main(node) for node in (server, agent)] == after
    site.inputs.update(inputs)


def _by_roles(run: Run, node: Node) -> list[str]:
    return [action for task in run.of(node.name) for action in task.result.get("actions", ())]


def _container(server: Node) -> str:
    words = ("get", "pod", "lasting", "-o", "jsonpath={.status.containerStatuses[0].containerID}")
    return server.kubectl(*words).stdout


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown key": ({"edge_extra_config": {"no-such-key": 1}}, "spec", "no-such-key"),
    "malformed range": ({"edge_cluster_cidr": ["10.42.0.0/99"]}, "spec", "cluster_cidr"),
    "another range for pods": (
        {"edge_cluster_cidr": ["10.99.128.0/17"]},
        "refused",
        "cluster_cidr",
    ),
    "another datastore": ({"edge_storage_type": "etcd"}, "refused", "storage_type"),
    "too much memory for pods": ({"edge_max_memory_mb": 10**8}, "preflight", "max_memory_mb"),
    "a bound that makes no sense": ({"edge_max_pods": 0}, "spec", "max_pods"),
    "registries that nothing can read": (
        {"edge_registries": {"mirrors": {"docker.io": {"endpoints": ["https://a"]}}}},
        "spec",
        "endpoint",
    ),
    "an input that nothing heeds": ({"edge_gpu_enabled": True}, "spec", "edge_gpu_enabled"),
}


@pytest.mark.parametrize("name", [*WRONG, *K3S.wrong])
def test_what_is_wrong_is_refused_while_the_old_runs_on(
    site: Site, server: Node, agent: Node, name: str
) -> None:
    inputs, kind, word = {**WRONG, **site.distribution.wrong}[name]
    before = [(site.main(n), files(n, *WATCHED)) for n in (server, agent)]
    run = site.converge(check=False, **inputs)
    assert run.code != 0
    found = failure(run, site.lone.name)
    assert found["kind"] == kind
    assert word in found["message"] + found["hint"]
    assert found["site"] == "shop"
    assert "Traceback" not in run.output
    assert "a-token-of-the-shop" not in run.output
    assert "quite-another-token" not in run.output
    assert [(site.main(n), files(n, *WATCHED)) for n in (server, agent)] == before


def test_a_key_for_servers_only_is_refused_on_an_agent(
    site: Site, server: Node, agent: Node
) -> None:
    before = site.main(server), site.main(agent)
    key = site.distribution.server_only_key
    value = "{{ {key: false} if edge_role == 'agent' else {} }}"
    run = site.converge(check=False, edge_extra_config=value, key=key)
    assert failure(run, AGENT)["kind"] == "spec"
    assert key in failure(run, AGENT)["message"]
    assert (site.main(server), site.main(agent)) == before


def test_labels_and_taints_of_the_agent_come_and_go_without_others(
    site: Site, server: Node, agent: Node
) -> None:
    server.kubectl("label", "node", AGENT, "somebody.else/label=theirs")
    began = site.main(server)
    mine: dict[str, Any] = {
        "edge_labels": "{{ two if edge_role == 'agent' else {} }}",
        "two": {"example.org/a": "1", "example.org/b": "2"},
        "edge_taints": "{{ ['example.org/t=x:NoSchedule'] if edge_role == 'agent' else [] }}",
    }
    predicted = site.converge("--check", **mine)
    run = site.converge(**mine)
    assert actions(run, AGENT) == actions(predicted, AGENT)
    assert _labels(server) >= {"example.org/a=1", "example.org/b=2", "somebody.else/label=theirs"}
    assert _taints(server) == "example.org/t"
    fewer: dict[str, Any] = {
        "edge_labels": "{{ {'example.org/b': '3'} if edge_role == 'agent' else {} }}",
        "edge_taints": [],
    }
    predicted = site.converge("--check", **fewer)
    run = site.converge(**fewer)
    assert actions(run, AGENT) == actions(predicted, AGENT)
    labels = _labels(server)
    assert labels >= {"example.org/b=3", "somebody.else/label=theirs"}
    assert not [label for label in labels if label.startswith("example.org/a")]
    assert _taints(server) == ""
    assert site.converge(**fewer).changed() == []
    assert site.main(server) == began


def _labels(server: Node) -> set[str]:
    shown = server.kubectl("get", "node", AGENT, "--show-labels", "--no-headers").stdout
    return set(shown.split()[-1].split(","))


def _taints(server: Node) -> str:
    words = ("get", "node", AGENT, "-o", "jsonpath={.spec.taints[*].key}")
    return server.kubectl(*words).stdout


def test_a_part_of_a_site_is_refused(site: Site, server: Node, agent: Node) -> None:
    before = site.main(server), site.main(agent)
    run = site.converge("--limit", AGENT, check=False)
    assert run.code != 0
    refused = [t.result["failure"] for t in run.tasks if "failure" in t.result]
    assert [(f["kind"], f["site"]) for f in refused] == [("refused", "shop")]
    assert SERVER in refused[0]["message"]
    assert (site.main(server), site.main(agent)) == before


def test_another_role_is_refused(site: Site, agent: Node) -> None:
    before = site.main(agent)
    run = site.play(
        _one_task(site, "role: server", "initial: false", *site.distribution.role_needs),
        "--limit",
        AGENT,
        check=False,
        **dict.fromkeys(site.distribution.agents_only),
    )
    assert failure(run, AGENT)["kind"] == "refused"
    assert "agent" in failure(run, AGENT)["message"]
    assert site.main(agent) == before


def _one_task(site: Site, *options: str) -> Any:
    file = site.fleet.root / "task.yml"
    lines = ["- hosts: all", "  gather_facts: false", "  tasks:", "    - lightk8s.edge.edge_site:"]
    file.write_text("\n".join([*lines, *(f"        {option}" for option in options)]) + "\n")
    return file


def test_an_agent_without_a_living_server_is_refused_before_anything_is_changed(
    site: Site, server: Node, agent: Node
) -> None:
    agent.run(["systemctl", "stop", site.unit(agent)])
    agent.run(f"rm -rf {site.distribution.credential}")
    server.run(["systemctl", "stop", site.unit(server)])
    before = files(agent, *WATCHED)
    try:
        run = site.play(_one_task(site, "state: present"), "--limit", "shop-agent1", check=False)
        assert failure(run, AGENT)["kind"] == "join"
        assert files(agent, *WATCHED) == before
    finally:
        server.run(["systemctl", "start", site.unit(server)])
    site.converge()
    wait_for("both nodes", site.is_ready)
