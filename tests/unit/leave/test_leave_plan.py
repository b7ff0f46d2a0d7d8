# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may leave, and what is done for it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._core.records import replace
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k0s.members import OBJECTS
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.registry import adapter_of
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.server_objects import (
    Known,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.spec import Spec
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.identity import Host
from ansible_collections.lightk8s.edge.plugins.module_utils._leave.apply import is_dead
from ansible_collections.lightk8s.edge.plugins.module_utils._leave.observe import belongs, is_server
from ansible_collections.lightk8s.edge.plugins.module_utils._leave.plan import plan, stop_first
from ansible_collections.lightk8s.edge.plugins.module_utils._leave.spec import (
    DRAIN,
    REMOVE,
    Seen,
    Unsettled,
    Wish,
)

WISH = Wish(Spec("k3s"), Host("two"))
NODE = {"metadata": {"name": "two"}, "spec": {}}


def members(names: str) -> tuple[dict[str, Any], ...]:
    """One per letter; the first is `one`'s, and so on."""
    return tuple({"id": n, "name": f"{n}-0a1b2c3d", "learner": False} for n in names)


AGENT = Seen("one", "two", NODE, "two.secret", ("ns/a", "ns/b"), ("one",))
SERVER = Seen(
    "one",
    "two",
    NODE,
    "two.secret",
    servers=("one", "three", "two"),
    members=members("123"),
    healthy=frozenset("123"),
    leaving=("2",),
)


def verbs(wish: Wish, seen: Seen) -> list[str]:
    return [step.verb for step in plan(wish, seen).steps]


def test_an_agent_leaves() -> None:
    found = plan(WISH, AGENT)
    assert found.actions() == [
        "cordon two",
        "evict from two: ns/a, ns/b",
        "delete the Secret two.secret",
        "delete the Node two",
    ]
    assert len(found.diff()) == 4


def test_a_server_loses_its_member_before_its_node() -> None:
    assert verbs(WISH, SERVER) == ["cordon", "remove_member", "delete_secret", "delete_node"]


def test_what_a_distribution_keeps_of_a_server_is_settled_after_its_member() -> None:
    kept = tuple(Unsettled(one.kind, "box2", one.summary("box2")) for one in OBJECTS)
    seen = replace(SERVER, secret="", objects=kept)
    assert plan(WISH, seen).actions()[1:] == [
        "remove the etcd member 2-0a1b2c3d",
        "mark the EtcdMember box2 as one that has left",
        "delete the ControlNode box2",
        "delete the Node two",
    ]
    cut_off = Seen("one", "two", None, "", servers=("one", "three"), objects=kept)
    assert verbs(WISH, cut_off) == ["settle_object", "settle_object"]
    assert [step.params["name"] for step in plan(WISH, cut_off).steps] == ["box2", "box2"]


LEAVER = Known(frozenset({"box2"}), "two", frozenset({"one", "three", "box3"}), {"192.0.2.2"})


@pytest.mark.parametrize(
    ("name", "address", "about"),
    [
        ("box2", "192.0.2.9", True),  # called as its etcd member is
        ("two", "192.0.2.9", True),
        ("box-two", "192.0.2.2", True),  # nobody else's name, at its address
        ("box-two", "192.0.2.9", False),
        ("box3", "192.0.2.2", False),  # another member's name
        ("three", "192.0.2.2", False),
    ],
)
@pytest.mark.parametrize("server", [LEAVER, replace(LEAVER, names=frozenset())])
def test_whose_object(server: Known, name: str, address: str, about: bool) -> None:
    member, control = OBJECTS
    called = {"metadata": {"name": name}}
    wanted = about and (name != "box2" or name in server.names)
    addresses = [{"type": "Hostname", "address": "x"}, {"type": "InternalIP", "address": address}]
    assert member.is_about({**called, "status": {"peerAddress": address}}, server) is wanted
    assert control.is_about({**called, "status": {"addresses": addresses}}, server) is wanted
    assert member.is_about(called, server) is control.is_about(called, server)


def test_a_server_whose_node_has_another_name_is_told_by_its_member() -> None:
    others = replace(LEAVER, guess="box3")  # another machine is called as the leaver's Node is
    assert not OBJECTS[0].is_about({"metadata": {"name": "box3"}}, others)


def test_an_object_is_settled_once_it_says_so() -> None:
    marked, deleted = OBJECTS
    assert marked.settled({"spec": {"leave": True, "other": 1}})
    assert not marked.settled({"spec": {"leave": False}})
    assert not marked.settled({"metadata": {}})
    assert not deleted.settled({"metadata": {}})


def test_the_stages_make_up_the_whole() -> None:
    for seen in (AGENT, SERVER):
        halves = [verbs(replace(WISH, stage=stage), seen) for stage in (DRAIN, REMOVE)]
        assert halves[0] + halves[1] == verbs(WISH, seen)


def test_what_is_gone_needs_nothing() -> None:
    assert plan(WISH, Seen("one", "two", None, "")).empty


@pytest.mark.parametrize(
    ("left", "wanted"),
    [
        ({"node": None}, ["delete_secret"]),
        ({"node": None, "secret": ""}, []),
        ({"node": {"spec": {"unschedulable": True}}, "pods": ()}, ["delete_secret", "delete_node"]),
    ],
)
def test_a_run_that_was_cut_off_is_completed(left: dict[str, Any], wanted: list[str]) -> None:
    assert verbs(WISH, replace(AGENT, **left)) == wanted


def test_the_member_of_a_node_that_is_gone() -> None:
    assert verbs(WISH, replace(SERVER, node=None, secret="", servers=("one", "three"))) == [
        "remove_member"
    ]


def test_other_members_are_other_servers_where_these_have_no_node() -> None:
    bare = replace(SERVER, node=None, secret="", servers=())
    assert verbs(WISH, bare) == ["remove_member"]
    with pytest.raises(EdgeError, match="last server"):
        plan(WISH, replace(bare, members=members("2"), healthy=frozenset("2")))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"here": "two"}, "cannot take itself out"),
        ({"servers": ("two",), "members": (), "leaving": ()}, "last server"),
        ({"healthy": frozenset("12")}, "without two etcd would have no quorum; 3-0a1b2c3d"),
        ({"members": members("12"), "healthy": frozenset("1")}, "no quorum"),
    ],
)
def test_refusals(change: dict[str, Any], words: str) -> None:
    with pytest.raises(EdgeError, match=words) as error:
        plan(WISH, replace(SERVER, **change))
    assert error.value.kind == "refused"


def test_a_dead_server_leaves() -> None:
    assert "remove_member" in verbs(WISH, replace(SERVER, healthy=frozenset("13")))


def test_earlier_members_of_the_same_name_leave_too() -> None:
    crowd = replace(SERVER, members=members("1234"), healthy=frozenset("134"), leaving=("2", "4"))
    assert verbs(WISH, crowd).count("remove_member") == 2


@pytest.mark.parametrize(
    ("names", "healthy", "leaving", "first"),
    [
        ("123", "123", ("2",), True),
        ("12", "12", ("2",), False),  # its own vote is needed
        ("123", "12", ("3",), True),
        ("12345", "1235", ("5",), True),
        ("", "", (), True),
    ],
)
def test_stop_first(names: str, healthy: str, leaving: tuple[str, ...], first: bool) -> None:
    seen = replace(SERVER, members=members(names), healthy=frozenset(healthy), leaving=leaving)
    assert stop_first(seen) is first


@pytest.mark.parametrize(
    ("name", "url", "found"),
    [
        ("two-0a1b2c3d", "https://192.0.2.9:2380", True),
        ("two-more-0a1b2c3d", "https://192.0.2.9:2380", False),
        ("three-0a1b2c3d", "https://192.0.2.2:2380", False),  # another node's, at its address
        ("gone-0a1b2c3d", "https://192.0.2.2:2380", True),  # nobody else's, at its address
        ("", "https://192.0.2.2:2380", True),
        ("", "https://192.0.2.9:2380", False),
        ("", "https://[fd00::2]:2380", True),
    ],
)
def test_whose_member(name: str, url: str, found: bool) -> None:
    member = {"name": name, "peer_urls": [url]}
    assert belongs(member, "two", {"192.0.2.2", "fd00::2"}, {"one", "three"}) is found


@pytest.mark.parametrize(
    ("status", "dead"), [("True", False), ("False", False), ("Unknown", True), ("", False)]
)
def test_dead_means_out_of_touch(status: str, dead: bool) -> None:
    conditions = [{"type": "Ready", "status": status}] if status else []
    assert is_dead({"status": {"conditions": conditions}}) is dead


def test_no_node_is_dead() -> None:
    assert is_dead(None)


def test_a_server_is_taken_out_of_a_datastore_that_is_no_etcd() -> None:
    server = replace(AGENT, secret="", pods=(), servers=("one", "three", "two"), forgets=True)
    assert verbs(replace(WISH, stage=REMOVE), server) == ["forget_node", "delete_node"]
    agent = replace(server, servers=("one", "three"))
    assert verbs(replace(WISH, stage=REMOVE), agent) == ["delete_node"]
    with pytest.raises(EdgeError, match="last server"):
        plan(WISH, replace(server, servers=("two",)))


def test_a_server_may_be_told_by_a_label() -> None:
    node = {"metadata": {"name": "two", "labels": {"x/controlplane": "y"}}, "status": {}}
    assert is_server(node, "x/controlplane")
    assert not is_server(node)


def test_a_node_of_k0s_is_a_servers_before_it_has_the_usual_role() -> None:
    """Labels of a controller's Node, k0s v1.34.2+k0s.0, in the first minute."""
    label = adapter_of("k0s").records(Spec("k0s"), {}, "box").server_label
    young = {"metadata": {"name": "box", "labels": {"node.k0sproject.io/role": "control-plane"}}}
    assert is_server({**young, "status": {}}, label)
