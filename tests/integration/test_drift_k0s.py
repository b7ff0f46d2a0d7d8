# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drift table of k0s: what differs from that of K3s, see `test_drift_k3s`."""

from __future__ import annotations

import pytest
from bed.plays import Run

from .conftest import MakeFleet, mirror_of
from .drift.k0s import AGENT_DRIFTS, KEPT, SERVER_DRIFTS
from .drift.table import INPUTS, Drift, Story, bring_up, carry_out, judge
from .lib.distributions import K0S
from .lib.site import Site, common_inputs

pytestmark = pytest.mark.slow
SERVER, AGENT = "shop-server1", "shop-agent1"


@pytest.fixture(scope="module")
def site(make_fleet: MakeFleet) -> Site:
    inputs = {**common_inputs(K0S, mirror_of("k0s")), **INPUTS}
    site = Site(make_fleet("shop=server,agent"), K0S, inputs)
    bring_up(site, KEPT)
    return site


@pytest.fixture(scope="module")
def on_server(site: Site) -> Run:
    return carry_out(site, SERVER, SERVER_DRIFTS)


@pytest.fixture(scope="module")
def on_agent(site: Site) -> Run:
    """Without a version: the release that was installed is what its program is compared with."""
    return carry_out(site, AGENT, AGENT_DRIFTS, edge_version="")


@pytest.mark.parametrize("drift", SERVER_DRIFTS, ids=lambda d: d.name)
def test_on_a_server(on_server: Run, drift: Drift) -> None:
    judge(Story(on_server, SERVER, drift))


@pytest.mark.parametrize("drift", AGENT_DRIFTS, ids=lambda d: d.name)
def test_on_an_agent(on_agent: Run, drift: Drift) -> None:
    judge(Story(on_agent, AGENT, drift))
