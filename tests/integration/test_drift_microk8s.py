# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drift table of MicroK8s: what differs from that of K3s, see `test_drift_k3s`."""

from __future__ import annotations

import pytest
from bed.plays import Run

from .conftest import MakeFleet, mirror_of
from .drift.microk8s import AGENT_DRIFTS, KEPT, OTHER, SERVER_DRIFTS
from .drift.table import INPUTS, Drift, Story, bring_up, carry_out, judge
from .lib.distributions import MICROK8S
from .lib.site import Site, common_inputs

pytestmark = pytest.mark.slow
SERVER, AGENT = "shop-server1", "shop-agent1"


@pytest.fixture(scope="module")
def site(make_fleet: MakeFleet) -> Site:
    mirror = mirror_of("microk8s")
    inputs = {**common_inputs(MICROK8S, mirror), **INPUTS}
    site = Site(make_fleet("shop=server,agent", packages=MICROK8S.packages), MICROK8S, inputs)
    bring_up(site, KEPT)
    (other,) = (mirror / MICROK8S.rebuilt).glob("microk8s_*.snap")
    for node in site.fleet.nodes.values():
        node.put(other, OTHER)
    return site


@pytest.fixture(scope="module")
def on_server(site: Site) -> Run:
    return carry_out(site, SERVER, SERVER_DRIFTS)


@pytest.fixture(scope="module")
def on_agent(site: Site) -> Run:
    """Without a version: the release that was installed is what its program is compared with."""
    bring_up(site, KEPT)  # DNS that was turned off on the server was turned off on its worker, too
    return carry_out(site, AGENT, AGENT_DRIFTS, edge_version="")


@pytest.mark.parametrize("drift", SERVER_DRIFTS, ids=lambda d: d.name)
def test_on_a_server(on_server: Run, drift: Drift) -> None:
    judge(Story(on_server, SERVER, drift))


@pytest.mark.parametrize("drift", AGENT_DRIFTS, ids=lambda d: d.name)
def test_on_an_agent(on_agent: Run, drift: Drift) -> None:
    judge(Story(on_agent, AGENT, drift))
