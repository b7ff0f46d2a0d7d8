# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers of one site whose inputs do not go together."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.agreement import (
    refuse_disagreement,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.member import Member
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.topology import arrange


def refusals(variables: t.Mapping[str, t.Mapping[str, t.Any]]) -> dict[str, str]:
    members = [
        Member(name, str(row["edge_site"]), row.get("edge_role", "server"), name, name)
        for name, row in variables.items()
    ]
    places = refuse_disagreement(arrange(members), variables)
    return {n: str(p.refusal.failure()) for n, p in places.items() if p.refusal is not None}


def site(*rows: dict[str, t.Any]) -> dict[str, dict[str, t.Any]]:
    found = {f"s{number}": {"edge_site": "shop", **row} for number, row in enumerate(rows)}
    return {**found, "w": {"edge_site": "shop", "edge_role": "agent"}, "x": {"edge_site": "other"}}


@pytest.mark.parametrize(
    ("name", "one", "two"),
    [
        ("edge_cluster_cidr", ["10.1.0.0/16"], ["10.2.0.0/16"]),
        ("edge_cluster_cidr", ["10.1.0.0/16"], None),
        ("edge_network_mode", "none", "flannel"),
        ("edge_secrets_encryption", True, False),
        ("edge_disable", ["servicelb"], []),
        ("edge_extra_config", {"egress-selector-mode": "pod"}, {}),
    ],
)
def test_a_site_whose_servers_disagree_is_refused_whole(name: str, one: t.Any, two: t.Any) -> None:
    told = refusals(site({name: one}, {name: one}, {name: two}))
    assert sorted(told) == ["s0", "s1", "s2", "w"]
    assert all("s2" in text and "'shop'" in text for text in told.values())
    assert refusals(site({name: one}, {name: one}, {name: one})) == {}


def test_what_may_differ_is_left_alone() -> None:
    rows = ({"edge_node_ip": [f"10.0.0.{n}"], "edge_labels": {"n": str(n)}} for n in range(3))
    assert refusals(site(*rows)) == {}


def test_an_input_that_nobody_heeds_stops_its_own_site() -> None:
    told = refusals(site({"edge_mtu": 1400}, {}, {}))
    assert sorted(told) == ["s0", "s1", "s2", "w"]
