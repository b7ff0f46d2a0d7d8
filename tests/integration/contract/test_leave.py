# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An agent leaves its site, living and dead, and comes back under its name.

The tests tell one story, in this order.
"""

from __future__ import annotations

from typing import Any

import pytest
from bed.node import Node
from bed.plays import Run

from ..conftest import MakeFleet
from ..ha_site import replace_machine
from ..lib import ground
from ..lib.distributions import Distribution
from ..lib.site import Site, messages, ready, run_pod, wait_for

SERVER, AGENT = "leave-server1", "leave-agent1"


@pytest.fixture(scope="module")
def site(distribution: Distribution, make_fleet: MakeFleet) -> Site:
    site = ground.pair(distribution, make_fleet, name="leave")
    site.converge()
    return site


@pytest.fixture
def agent(site: Site) -> Node:
    return site.fleet[AGENT]


def remove(site: Site, *args: str, **more: Any) -> Run:
    return site.play("remove_node", *args, edge_leave=[AGENT], edge_leave_timeout=120, **more)


def left(run: Run) -> dict[str, Any]:
    return run.of(AGENT, action="edge_node_leave")[-1].result


def named(site: Site) -> list[str]:
    """Secrets and leases that bear the agent's name."""
    words = ("get", "secrets,leases", "--all-namespaces", "-o", "name")
    return [row for row in site.server.kubectl(*words).stdout.split() if AGENT in row]


def test_a_living_agent_leaves_as_foretold(site: Site, agent: Node) -> None:
    run_pod(site, "guest", on=agent)
    wait_for("what bears its name", lambda: named(site) != [])
    foretold = left(remove(site, "--check"))
    assert site.is_ready()
    done = left(remove(site))
    assert done["actions"]
    assert done["actions"] == foretold["actions"]
    assert AGENT not in ready(site.server)
    assert site.server.kubectl("get", "pods", "-o", "name").stdout == ""
    wait_for("what bears its name to go", lambda: named(site) == [])
    assert not agent.exists(site.distribution.binary_of("agent"))
    assert not agent.exists(site.distribution.config_folder)
    assert site.main(agent).pid == "0"


def test_one_that_has_left_cannot_leave_again(site: Site) -> None:
    assert remove(site).changed() == []


def test_it_comes_back_under_its_name(site: Site, agent: Node) -> None:
    site.converge()
    wait_for("both nodes", site.is_ready)
    assert site.converge().changed() == []


def test_a_dead_one_is_taken_out_and_a_new_machine_comes_in_its_place(
    site: Site, agent: Node
) -> None:
    agent.kill()
    assert left(remove(site))["changed"]
    assert AGENT not in ready(site.server)
    wait_for("what bears its name to go", lambda: named(site) == [])
    replace_machine(site.fleet, agent)
    ground.prepare(site, site.fleet[AGENT])
    site.converge()
    wait_for("both nodes", site.is_ready)


def test_the_last_server_stays(site: Site) -> None:
    run = site.play("remove_node", check=False, edge_leave=[SERVER])
    assert run.code
    assert "no other server of the site" in messages(run)
    assert site.is_ready()
