# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drift table: each change made by hand is found by check mode, mended, and gone after that.

All changes of a table are made on one fleet, one after the other, in one run of ansible-playbook
with the task that converge.yml has; the tests read what that run has seen. What is right is proved
by shell commands on the node, restarts are counted in systemd's own log.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from bed.plays import Run

from .conftest import MakeFleet
from .drift.k3s import AGENT_DRIFTS, BINARY, FURTHER_DRIFTS, KEPT, SERVER_DRIFTS, Drift
from .lib.distributions import K3S
from .lib.site import Site, actions, common_inputs, results

SERVER, AGENT = "shop-server1", "shop-agent1"
INPUTS: dict[str, Any] = {
    "edge_token": "a-token-of-the-shop",
    "edge_tls_sans": ["shop.example.org"],
    "edge_max_pods": 30,
    "edge_max_memory_mb": 2000,
    "edge_max_cpu_percent": 80,
    "edge_service_memory_mb": 3000,
    "edge_max_log_files": 3,
    "edge_max_log_size_mb": 5,
    "edge_journal_max_mb": 40,
    "edge_labels": {"example.org/shelf": "north"},
    "edge_taints": ["example.org/slow:PreferNoSchedule"],
    "edge_registries": {"mirrors": {"docker.io": {"endpoint": ["https://mirror.example.org"]}}},
    "edge_proxy": {"http_proxy": "http://proxy.example.org:3128"},
}

# Copies lie at /root/right/<path>; a node lacks the files of the other role.
KEEP = """
mkdir -p /root/right
for file in "$@"; do [ ! -e "$file" ] || cp -a --parents "$file" /root/right/; done
"""


@dataclass(frozen=True)
class Story:
    """What the run has seen of one change."""

    run: Run
    host: str
    drift: Drift

    def result(self, part: str) -> dict[str, Any]:
        name = f"{self.drift.name}: {part}"
        found = [t.result for t in self.run.of(self.host) if t.task == name]
        if not found:
            raise AssertionError(f"the run has not come to {name}")
        return found[0]

    def holds(self, part: str) -> bool:
        return bool(self.result(part)["rc"] == 0)

    def starts(self, part: str) -> tuple[int, str]:
        """(starts of the service so far, which start runs)."""
        count, which = self.result(part)["stdout"].split(" ", 1)
        return int(count), which


def _tasks(drift: Drift, unit: str) -> list[dict[str, Any]]:
    count = (
        f"journalctl -b -o cat --no-pager -u {unit} | grep -c '^Starting {unit} ' | tr '\\n' ' ';"
        f" systemctl show -p MainPID,ExecMainStartTimestampMonotonic --value {unit} | xargs"
    )
    return [
        _shell(drift, "right before", drift.proof),
        _shell(drift, "the change", drift.change),
        _shell(drift, "right after the change", drift.proof),
        _shell(drift, "starts before", count),
        {**_edge(drift, "check mode"), "check_mode": True},
        _shell(drift, "right after check mode", drift.proof),
        _edge(drift, "converge"),
        _shell(drift, "right after converge", drift.proof),
        _shell(drift, "starts", count),
        _edge(drift, "converge again"),
        _shell(drift, "starts in the end", count),
    ]


def _shell(drift: Drift, part: str, script: str) -> dict[str, Any]:
    name = f"{drift.name}: {part}"
    return {"name": name, "ansible.builtin.shell": script, "ignore_errors": True}


def _edge(drift: Drift, part: str) -> dict[str, Any]:
    name = f"{drift.name}: {part}"
    return {"name": name, "lightk8s.edge.edge_site": {}, "ignore_errors": True}


@pytest.fixture(scope="module")
def site(make_fleet: MakeFleet, release_mirror: Any) -> Site:
    fleet = make_fleet("shop=server,agent")
    site = Site(fleet, K3S, {**common_inputs(K3S, release_mirror), **INPUTS})
    site.converge()
    for node in fleet.nodes.values():
        node.run(["sh", "-c", KEEP, "sh", *KEPT])
    assert site.converge().changed() == []
    return site


def _carry_out(site: Site, host: str, drifts: Sequence[Drift], *args: str, **inputs: Any) -> Run:
    unit = site.unit(site.fleet[host])
    topology = {
        "name": "Work out the sites",
        "lightk8s.edge.edge_topology": {},
        "run_once": True,
        "register": "edge_topology",
    }
    changes = [task for drift in drifts for task in _tasks(drift, unit)]
    plays = [
        {"hosts": "all", "gather_facts": False, "tasks": [topology]},
        {"hosts": host, "gather_facts": False, "tasks": changes},
    ]
    return site.play(plays, *args, **inputs)


@pytest.fixture(scope="module")
def on_server(site: Site) -> Run:
    return _carry_out(site, SERVER, SERVER_DRIFTS)


@pytest.fixture(scope="module")
def further_on_server(site: Site) -> Run:
    return _carry_out(site, SERVER, FURTHER_DRIFTS)


@pytest.fixture(scope="module")
def on_agent(site: Site) -> Run:
    return _carry_out(site, AGENT, AGENT_DRIFTS, "-vvvv", edge_version="", edge_token=None)


def _judge(story: Story) -> None:
    assert story.holds("right before"), "not right before the change"
    assert story.holds("the change"), story.result("the change")
    assert not story.holds("right after the change"), "the change has no effect"

    found = story.result("check mode")
    assert found.get("actions"), ("check mode does not find it", found)
    assert not story.holds("right after check mode"), "check mode has mended it"

    mended = story.result("converge")
    assert not mended.get("failed"), mended
    assert mended["changed"]
    assert mended["actions"] == found["actions"]
    assert story.holds("right after converge"), "converge has not mended it"
    before, after = story.starts("starts before"), story.starts("starts")
    assert after[0] - before[0] == story.drift.restarts, mended["actions"]
    assert (after[1] != before[1]) == bool(story.drift.restarts)

    again = story.result("converge again")
    assert not again["changed"], again
    assert again["actions"] == []
    assert story.starts("starts in the end") == after


@pytest.mark.parametrize("drift", SERVER_DRIFTS, ids=lambda d: d.name)
def test_on_a_server(on_server: Run, drift: Drift) -> None:
    _judge(Story(on_server, SERVER, drift))


@pytest.mark.parametrize("drift", AGENT_DRIFTS, ids=lambda d: d.name)
def test_on_an_agent(on_agent: Run, drift: Drift) -> None:
    _judge(Story(on_agent, AGENT, drift))


def test_the_most_talkative_log_does_not_show_the_token_that_an_agent_was_given(
    site: Site, on_agent: Run
) -> None:
    """It was taken from the server anew after the file had gone."""
    server = site.fleet[SERVER]
    words = server.read("/var/lib/rancher/k3s/server/token").strip().partition("::")
    assert words[2].endswith(INPUTS["edge_token"])
    assert INPUTS["edge_token"] not in on_agent.output
    assert words[0] not in on_agent.output


@pytest.mark.slow
@pytest.mark.parametrize("drift", FURTHER_DRIFTS, ids=lambda d: d.name)
def test_further_on_a_server(further_on_server: Run, drift: Drift) -> None:
    _judge(Story(further_on_server, SERVER, drift))


def _marks(site: Site) -> str:
    form = "jsonpath={.metadata.labels.example\\.org/shelf} {.spec.taints[*].key}"
    return site.fleet[SERVER].kubectl("get", "node", AGENT, "-o", form).stdout


def test_what_only_the_api_knows_of_an_agent_is_found_through_its_server(site: Site) -> None:
    server = site.fleet[SERVER]
    server.kubectl("taint", "node", AGENT, "example.org/slow-")
    run = site.converge()
    look = results(run, AGENT)[0].result
    assert look["distribution"]["left"] == AGENT
    assert look["actions"] == []
    assert actions(run, AGENT) == ["on the Node: taint example.org/slow:PreferNoSchedule"]
    assert _marks(site) == "north example.org/slow"

    server.kubectl("label", "node", AGENT, "example.org/shelf-")
    alone = site.converge("--limit", AGENT, edge_partial_site=True)
    assert results(alone, AGENT)[0].result["distribution"]["node"]["ready"]
    assert _marks(site) == "north example.org/slow"
    assert site.converge().changed() == []


def test_a_run_that_acts_remembers_digests_and_check_mode_does_not(site: Site) -> None:
    memory = "/var/lib/lightk8s/state/digests.json"
    nodes = site.fleet.nodes.values()
    for node in nodes:
        node.run(["rm", memory])
    site.converge("--check")
    assert [node.run(["test", "-e", memory], check=False).returncode for node in nodes] == [1, 1]
    assert site.converge().changed() == []
    assert all(BINARY in json.loads(node.read(memory)) for node in nodes)
