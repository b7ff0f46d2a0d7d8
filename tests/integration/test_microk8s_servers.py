# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three MicroK8s servers: each joins by a token of its own, one leaves, and comes back.

The stand-in keeps all data on the first server, so what dqlite makes of lost servers is not shown here.
"""

from __future__ import annotations

from functools import partial

import pytest
import yaml
from bed.node import Node

from .conftest import MakeFleet, mirror_of
from .lib.distributions import MICROK8S
from .lib.site import Site, actions, common_inputs, ready, starts, wait_for

SERVERS = ("plant-server1", "plant-server2", "plant-server3")
TOKENS = "/var/snap/microk8s/current/credentials/cluster-tokens.txt"
CLI = "/snap/bin/microk8s"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(make_fleet: MakeFleet) -> Site:
    inputs = common_inputs(MICROK8S, mirror_of("microk8s"))
    fleet = make_fleet("plant=server,server,server", packages=MICROK8S.packages)
    made = Site(fleet, MICROK8S, inputs)
    made.converge("--diff")
    return made


@pytest.fixture(scope="module")
def servers(site: Site) -> list[Node]:
    return [site.fleet[name] for name in SERVERS]


def members(node: Node) -> dict[str, str]:
    """Role by address, as MicroK8s says."""
    status = yaml.safe_load(node.run([CLI, "status", "--format", "yaml"]).stdout)
    return {
        row["address"].partition(":")[0]: row["role"]
        for row in status["high-availability"]["nodes"]
    }


def all_ready(servers: list[Node], *names: str) -> None:
    for node in servers:
        wait_for("all nodes", partial(_are_ready, node, names))


def _are_ready(node: Node, names: tuple[str, ...]) -> bool:
    return ready(node) == dict.fromkeys(names, True)


def test_all_are_members_and_no_token_is_left(site: Site, servers: list[Node]) -> None:
    all_ready(servers, *SERVERS)
    for node in servers:
        assert set(members(node)) == {each.ip for each in servers}
        assert not node.exists(TOKENS) or node.read(TOKENS).strip() == ""
        assert "--authorization-mode=RBAC,Node" in node.read(
            f"{MICROK8S.config_folder}/kube-apiserver"
        )
    assert site.converge().changed() == []
    assert site.play("site").changed() == []


def test_a_change_restarts_each_once(site: Site, servers: list[Node]) -> None:
    before = [starts(node, MICROK8S.server_unit) for node in servers]
    site.inputs["edge_max_pods"] = 40
    run = site.converge()
    for node, count in zip(servers, before, strict=True):
        assert actions(run, node.name)[-1] == f"restart {MICROK8S.server_unit}"
        assert starts(node, MICROK8S.server_unit) == count + 1
    assert site.converge().changed() == []


def test_one_leaves_and_comes_back(site: Site, servers: list[Node]) -> None:
    first, second, last = servers
    site.play("remove_node", edge_leave=[last.name])
    assert set(members(first)) == {first.ip, second.ip}
    assert set(ready(second)) == {first.name, second.name}
    assert not last.exists(MICROK8S.binary)
    assert not last.exists("/var/snap/microk8s")
    site.converge()
    all_ready(servers, *SERVERS)
    assert set(members(second)) == {node.ip for node in servers}
    assert site.converge().changed() == []
