# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Three k0s controllers: each joins by a token of its own, one leaves, and its machine comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bed.node import Node

from .conftest import MakeFleet, mirror_of
from .lib.distributions import K0S
from .lib.site import NO_ONES_PROXY, Site, actions, common_inputs, failure, main

SERVERS = ("plant-server1", "plant-server2", "plant-server3")
NODES = (*SERVERS[:2], "third")  # k0s and etcd go by the machine's name even so
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(make_fleet: MakeFleet) -> Site:
    inputs = {
        **common_inputs(K0S, mirror_of("k0s")),
        "edge_node_ip": ["{{ ansible_host }}"],
        "edge_proxy": NO_ONES_PROXY,
        "edge_node_name": f"{{{{ {dict(zip(SERVERS, NODES, strict=True))}[inventory_hostname] }}}}",
    }
    made = Site(make_fleet("plant=server,server,server"), K0S, inputs)
    made.converge()
    return made


def _members(node: Node) -> set[str]:
    return set(json.loads(node.run(["k0s", "etcd", "member-list"]).stdout)["members"])


def _told(node: Node) -> dict[str, dict[str, Any]]:
    """What k0s says of each controller that there has been."""
    items = json.loads(node.kubectl("get", "etcdmembers", "-o", "json").stdout)["items"]
    return {item["metadata"]["name"]: item for item in items}


def _joined(node: Node) -> dict[str, str]:
    return {
        name: member["status"]["conditions"][0]["status"] for name, member in _told(node).items()
    }


def _nodes(node: Node) -> set[str]:
    form = (
        r'{range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="Ready")].status} {end}'
    )
    return set(node.kubectl("get", "nodes", "-o", f"jsonpath={form}").stdout.split())


def test_all_are_members_and_no_token_is_left(site: Site) -> None:
    first = site.fleet[SERVERS[0]]
    assert _members(first) == set(SERVERS)
    assert _nodes(first) == {f"{name}=True" for name in NODES}
    for role in ("controller", "worker"):
        assert "No k0s join tokens" in first.run(["k0s", "token", "list", "--role", role]).stdout
    assert not any(site.fleet[name].exists("/etc/k0s/token") for name in SERVERS)
    assert site.converge().changed() == []


def test_a_change_restarts_each_once(site: Site) -> None:
    before = {name: site.main(site.fleet[name]) for name in SERVERS}
    run = site.converge(edge_tls_sans=["plant.example.org"])
    for name in SERVERS:
        assert actions(run, name)[-1] == "restart k0scontroller.service"
        assert site.main(site.fleet[name]) != before[name]
    site.inputs["edge_tls_sans"] = ["plant.example.org"]


def test_a_drop_in_that_keeps_k0s_from_starting_is_found_before_it_is_stopped(site: Site) -> None:
    first, bad = site.fleet[SERVERS[0]], "/etc/k0s/containerd.d/99-theirs.toml"
    before = site.main(first)
    first.run(f"echo '[half' > {bad}")
    run = site.converge(check=False, edge_tls_sans=["other.example.org"])
    assert failure(run, first.name)["kind"] == "refused"
    assert bad in failure(run, first.name)["message"]
    assert site.main(first) == before
    first.run(["rm", bad])
    assert site.converge().changed() == []


def test_one_leaves_and_comes_back(site: Site) -> None:
    first, last = site.fleet[SERVERS[0]], site.fleet[SERVERS[2]]
    site.play("remove_node", edge_leave=[last.name])
    assert _members(first) == set(SERVERS[:2])
    assert _nodes(first) == {f"{name}=True" for name in NODES[:2]}
    assert main(last, K0S.server_unit).pid in ("", "0")
    assert not last.exists(K0S.data)
    assert _joined(first) == {SERVERS[0]: "True", SERVERS[1]: "True", SERVERS[2]: "False"}
    # as k0s v1.34.2+k0s.0 had it on 2026-11-21, after the same play
    stays, gone = _told(first)[SERVERS[0]], _told(first)[last.name]
    assert (stays["spec"], gone["spec"]) == ({}, {"leave": True})
    assert stays["status"].keys() == {"conditions", "memberID", "peerAddress"}
    assert stays["status"]["conditions"][0]["message"] == "Member joined"
    assert gone["status"].keys() == {*stays["status"], "reconcileStatus"}
    assert gone["status"]["reconcileStatus"] == "Success"
    assert gone["status"]["conditions"][0].keys() == {"lastTransitionTime", "status", "type"}
    kept = first.kubectl("get", "controlnodes", "-o", "name").stdout
    assert {line.partition("/")[2] for line in kept.split()} == set(SERVERS[:2])
    site.converge()
    assert _members(first) == set(SERVERS)
    assert _nodes(first) == {f"{name}=True" for name in NODES}
    back = _told(first)[last.name]
    assert (back["spec"], back["status"]["reconcileStatus"]) == ({}, "Success")
    assert back["status"]["conditions"][0]["status"] == "True"
    assert back["status"]["memberID"] != gone["status"]["memberID"]
