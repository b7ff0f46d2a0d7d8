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
from typing import Any

import pytest
from bed.plays import Run

from .conftest import MakeFleet
from .drift.k3s import AGENT_DRIFTS, BINARY, FURTHER_DRIFTS, KEPT, SERVER_DRIFTS
from .drift.table import INPUTS, Drift, Story, bring_up, carry_out, judge
from .lib.distributions import K3S
from .lib.site import Site, actions, common_inputs, results

SERVER, AGENT = "shop-server1", "shop-agent1"
TOKEN = "a-token-of-the-shop"


@pytest.fixture(scope="module")
def site(make_fleet: MakeFleet, release_mirror: Any) -> Site:
    inputs = {**common_inputs(K3S, release_mirror), **INPUTS, "edge_token": TOKEN}
    site = Site(make_fleet("shop=server,agent"), K3S, inputs)
    bring_up(site, KEPT)
    return site


@pytest.fixture(scope="module")
def on_server(site: Site) -> Run:
    return carry_out(site, SERVER, SERVER_DRIFTS)


@pytest.fixture(scope="module")
def further_on_server(site: Site) -> Run:
    return carry_out(site, SERVER, FURTHER_DRIFTS)


@pytest.fixture(scope="module")
def on_agent(site: Site) -> Run:
    return carry_out(site, AGENT, AGENT_DRIFTS, "-vvvv", edge_version="", edge_token=None)


@pytest.mark.parametrize("drift", SERVER_DRIFTS, ids=lambda d: d.name)
def test_on_a_server(on_server: Run, drift: Drift) -> None:
    judge(Story(on_server, SERVER, drift))


@pytest.mark.parametrize("drift", AGENT_DRIFTS, ids=lambda d: d.name)
def test_on_an_agent(on_agent: Run, drift: Drift) -> None:
    judge(Story(on_agent, AGENT, drift))


def test_the_most_talkative_log_does_not_show_the_token_that_an_agent_was_given(
    site: Site, on_agent: Run
) -> None:
    """It was taken from the server anew after the file had gone."""
    server = site.fleet[SERVER]
    words = server.read("/var/lib/rancher/k3s/server/token").strip().partition("::")
    assert words[2].endswith(TOKEN)
    assert TOKEN not in on_agent.output
    assert words[0] not in on_agent.output


@pytest.mark.slow
@pytest.mark.parametrize("drift", FURTHER_DRIFTS, ids=lambda d: d.name)
def test_further_on_a_server(further_on_server: Run, drift: Drift) -> None:
    judge(Story(further_on_server, SERVER, drift))


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
