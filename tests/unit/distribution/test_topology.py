# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites from inventories: order, ways to join, and what is refused."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.member import (
    AGENTS_RANK,
    GUESTS_RANK,
    Member,
    role_of,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.topology import (
    arrange,
    survives_restart,
)


def server(name: str, **more: t.Any) -> Member:
    given = {"site": "shop", "role": "server", "address": name, "machine": f"{name}:22", **more}
    return Member(name=name, **given)


def agent(name: str, **more: t.Any) -> Member:
    return server(name, role="agent", **more)


def test_servers_come_one_after_another_and_agents_last() -> None:
    places = arrange([agent("w"), server("a"), server("b"), server("c")])
    assert [places[name].rank for name in "abcw"] == [0, 1, 2, AGENTS_RANK]
    assert [name for name, place in places.items() if place.initial] == ["a"]


def test_a_server_joins_from_the_others_and_an_agent_from_all() -> None:
    places = arrange([server("a"), server("b"), server("c"), agent("w")])
    assert list(places["b"].join_from) == ["a", "c"]
    assert places["w"].join_from == {name: f"https://{name}:6443" for name in "abc"}


def test_an_ipv6_address_is_bracketed() -> None:
    places = arrange([server("a", address="fd00::1"), agent("w")])
    assert places["w"].join_from == {"a": "https://[fd00::1]:6443"}


def test_another_name_of_a_host_stands_where_the_host_stands() -> None:
    places = arrange([server("a"), agent("w"), agent("w2", machine="w:22", alias_of="w")])
    assert places["w2"] == replace(places["w"], alias_of="w")


def test_a_guest_on_a_server_s_machine_has_a_place_of_its_own_after_all_servers() -> None:
    cloud = server("cloud", machine="a:22", alias_of="a", distribution="kubeedge")
    edge = agent("edge", distribution="kubeedge")
    places = arrange([edge, cloud, server("a"), agent("w")])
    assert {name: place.refusal for name, place in places.items() if place.refusal} == {}
    assert [places[name].rank for name in ("a", "cloud", "w", "edge")] == [
        0,
        GUESTS_RANK,
        AGENTS_RANK,
        AGENTS_RANK,
    ]
    assert places["cloud"].initial
    assert places["cloud"].join_from == {}
    assert places["cloud"].alias_of == ""
    assert list(places["edge"].join_from) == ["cloud"]
    assert list(places["w"].join_from) == ["a"]


def test_a_guest_may_be_of_another_site_than_its_host() -> None:
    cloud = server("cloud", site="edges", machine="a:22", alias_of="a", distribution="kubeedge")
    edge = agent("edge", site="edges", distribution="kubeedge")
    places = arrange([server("a", in_play=False), cloud, edge])
    assert {name: (place.rank, place.refusal) for name, place in places.items()} == {
        "cloud": (GUESTS_RANK, None),
        "edge": (AGENTS_RANK, None),
    }


def test_what_works_for_a_site_s_cluster_on_a_machine_of_its_own_comes_after_the_cluster() -> None:
    places = arrange([server("cloud", distribution="kubeedge"), server("a")])
    assert (places["a"].rank, places["cloud"].rank) == (0, GUESTS_RANK)
    alone = arrange([server("cloud", distribution="kubeedge")])
    assert alone["cloud"].rank == 0


@pytest.mark.parametrize(
    ("given", "groups", "expected"),
    [
        (None, ["all", "servers"], "server"),
        (None, ["agent", "k3s_cluster"], "agent"),
        (None, ["workers"], "agent"),
        ("server", ["agent"], "server"),
        ("agent", [], "agent"),
    ],
)
def test_the_role_follows_the_variable_then_the_groups(
    given: str | None, groups: list[str], expected: str
) -> None:
    assert role_of(given, groups, "h") == expected


def test_a_host_in_groups_of_both_roles_must_say_what_it_is() -> None:
    with pytest.raises(EdgeError, match="in the group workers and in the group servers") as caught:
        role_of(None, ["all", "servers", "workers"], "h")
    assert "edge_role" in caught.value.hint
    assert role_of("server", ["servers", "workers"], "h") == "server"


REFUSED: list[tuple[str, list[Member], str]] = [
    ("an even number of etcd servers", [server("a"), server("b")], "2 etcd servers"),
    (
        "two servers with sqlite",
        [server(name, storage="sqlite") for name in "abc"],
        "sqlite cannot serve 3",
    ),
    ("too many etcd servers", [server(f"s{n}") for n in range(9)], "too many"),
    ("a site of agents only", [agent("w")], "no host of this site is a server"),
    ("one machine under two names", [server("a"), agent("w", machine="a:22")], "are one machine"),
    (
        "two clusters on one machine",
        [server("a"), server("b", machine="a:22", alias_of="a", distribution="k0s")],
        "k0s brings a cluster of its own",
    ),
    (
        "one guest twice",
        [
            server("a"),
            *(server(n, alias_of="a", distribution="kubeedge", storage=n) for n in "bc"),
        ],
        "are one machine",
    ),
    (
        "edge nodes without their cloud side",
        [server("a"), agent("w", distribution="kubeedge")],
        "no host of this site is a server of kubeedge",
    ),
    ("an alias of nobody", [server("a"), agent("w", alias_of="x")], "no host of its own"),
    ("a part of a site", [server("a"), agent("w", in_play=False)], "only a part of the site"),
    (
        "two datastores in one site",
        [server("a", storage="etcd"), server("b", storage="external"), server("c")],
        "edge_storage_type differs",
    ),
    ("two distributions in one site", [server("a"), agent("w", distribution="k0s")], "differs"),
    (
        "one node name twice",
        [server("a", node_name="n"), agent("w", node_name="n")],
        "two nodes have the name n",
    ),
]


@pytest.mark.parametrize(
    ("members", "words"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_an_inventory_that_cannot_work_is_refused_with_its_site_and_a_remedy(
    members: list[Member], words: str
) -> None:
    right = server("other", site="other")
    places = arrange([*members, right])
    assert places.pop("other") == arrange([right])["other"]
    assert set(places) == {member.name for member in members if member.in_play}
    for place in places.values():
        assert place.refusal
        assert words in place.refusal.message
        assert (place.refusal.site, place.site) == ("shop", "shop")
        assert place.facts()["refusal"]["hint"] == place.refusal.hint != ""


def test_one_machine_in_two_sites_is_wrong_in_both() -> None:
    places = arrange(
        [server("a"), server("b", site="other", machine="a:22"), server("c", site="3")]
    )
    found = {name: place.refusal.site for name, place in places.items() if place.refusal}
    assert found == {"a": "shop", "b": "other"}


def test_a_machine_is_in_the_play_by_any_of_its_names() -> None:
    twice = [server("a", in_play=False), server("a2", machine="a:22", alias_of="a")]
    assert arrange(twice)["a2"].refusal is None
    refusal = arrange([*twice, agent("w", in_play=False)])["a2"].refusal
    assert refusal
    assert "left out: w" in refusal.message


def test_a_part_of_a_site_is_accepted_when_it_is_meant() -> None:
    places = arrange([server("a", partial=True), agent("w", in_play=False)])
    assert {name: place.refusal for name, place in places.items()} == {"a": None}


def test_two_external_servers_are_fine() -> None:
    members = [server(name, storage="external") for name in "ab"]
    assert arrange(members)["b"].rank == 1


@given(
    st.lists(
        st.tuples(st.sampled_from("xyz"), st.sampled_from(["server", "agent"])),
        min_size=1,
        max_size=20,
    )
)
def test_every_site_has_one_first_server_and_every_join_stays_inside_the_site(
    hosts: list[tuple[str, str]],
) -> None:
    members = [
        replace(server(f"h{number}", storage="external"), site=site, role=role)
        for number, (site, role) in enumerate(hosts)
    ]
    places = arrange(members)
    for site in {member.site for member in members}:
        names = {member.name for member in members if member.site == site}
        headless = all(member.role == "agent" for member in members if member.site == site)
        assert all((places[name].refusal is not None) == headless for name in names)
        if headless:
            continue
        assert sum(places[name].initial for name in names) == 1
        assert all(set(places[name].join_from) <= names - {name} for name in names)


@pytest.mark.parametrize(
    ("servers", "away", "expected"),
    [(1, 0, True), (3, 0, True), (3, 1, False), (5, 1, True), (5, 2, False), (7, 2, True)],
)
def test_a_restart_waits_where_etcd_would_lose_its_majority(
    servers: int, away: int, expected: bool
) -> None:
    assert survives_restart(servers, away) is expected
