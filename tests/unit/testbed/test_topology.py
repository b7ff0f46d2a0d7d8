# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Topologies as text, and the inventories made of them."""

from __future__ import annotations

import pytest
from bed import inventory
from bed.node import Node
from bed.shell import BedError
from bed.topology import NodeSpec, Options, parse
from hypothesis import given
from hypothesis import strategies as st

PLAIN = Options()


def nodes(text: str) -> list[Node]:
    specs = parse(text, PLAIN)
    return [
        Node(spec, "unit", f"10.99.7.{i}", f"02:99:07:00:00:{i:02x}", "image")
        for i, spec in enumerate(specs, start=11)
    ]


def test_sites_nodes_and_options() -> None:
    specs = parse("shop1=server:disk; plant=server,agent:airgap:memory=1g,agent;", PLAIN)
    assert specs == [
        NodeSpec("shop1-server1", "shop1", "server", Options(disk="4g")),
        NodeSpec("plant-server1", "plant", "server", PLAIN),
        NodeSpec("plant-agent1", "plant", "agent", Options(airgap=True, memory="1g")),
        NodeSpec("plant-agent2", "plant", "agent", PLAIN),
    ]


def test_options_of_the_fleet_hold_unless_a_node_says_otherwise() -> None:
    specs = parse("a=server:memory=1g,agent:suite=bullseye", Options(memory="512m", airgap=True))
    assert [s.options.memory for s in specs] == ["1g", "512m"]
    assert [s.options.suite for s in specs] == ["bookworm", "bullseye"]
    assert all(s.options.airgap for s in specs)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "empty"),
        (" ; ", "empty"),
        ("shop", "'shop'"),
        ("Shop=server", "'Shop=server'"),
        ("a=server;a=agent", "'a'"),
        ("servers=server", "'servers'"),
        ("a=master", "'master'"),
        ("a=", "''"),
        ("a=server:fast", "'fast'"),
        ("a=server:memory", "'memory'"),
        ("a=server:memory=lots", "'memory=lots'"),
        ("a=server:airgap=yes", "'airgap=yes'"),
        ("a=server:suite=sid", "'suite=sid'"),
        ("a=" + ",".join(["agent"] * 201), "201"),
    ],
)
def test_mistakes_are_named(text: str, part: str) -> None:
    with pytest.raises(BedError) as caught:
        parse(text, PLAIN)
    assert part in str(caught.value)


def test_groups_and_variables() -> None:
    built = inventory.build("unit", nodes("shop-1=server; plant=server,agent"))["all"]
    assert {g: sorted(v["hosts"]) for g, v in built["children"].items()} == {
        "shop_1": ["shop-1-server1"],
        "plant": ["plant-agent1", "plant-server1"],
        "servers": ["plant-server1", "shop-1-server1"],
        "agents": ["plant-agent1"],
    }
    assert built["hosts"]["plant-agent1"] == {
        "ansible_host": "10.99.7.13",
        "ansible_user": "root",
        "edge_site": "plant",
        "edge_role": "agent",
    }


def test_another_user_becomes_root_and_a_link_stands_in_front() -> None:
    via = {"a-server1": ("127.0.0.1", 4022)}
    host = inventory.build("unit", nodes("a=server"), user="edge", via=via)["all"]["hosts"]
    assert host["a-server1"]["ansible_host"] == "127.0.0.1"
    assert host["a-server1"]["ansible_port"] == 4022
    assert host["a-server1"]["ansible_user"] == "edge"
    assert host["a-server1"]["ansible_become"] is True


@given(members=st.integers(1, 5), names=st.integers(1, 40))
def test_aliases_name_every_node_in_turn(members: int, names: int) -> None:
    made = nodes("a=" + ",".join(["server"] * members))
    hosts = inventory.build("unit", made, names=names)["all"]["hosts"]
    assert len(hosts) == names
    own = [n for n, v in hosts.items() if "edge_alias_of" not in v]
    assert own == [n.name for n in made[:names]]
    per_node = [sum(v["ansible_host"] == n.ip for v in hosts.values()) for n in made]
    assert max(per_node) - min(per_node) <= 1
