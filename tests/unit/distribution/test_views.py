# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An agent leaves its Node to a server's report exactly where its own look would find nothing to do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._distribution import objects
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.adapter import (
    NodeView,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.spec import AGENT, Spec
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site import views

NAMES = st.sampled_from(["shelf", "rack", "zone"])
LABELS = st.dictionaries(NAMES, st.sampled_from(["north", "south"]))
TAINTS = st.lists(st.sampled_from(["a:NoSchedule", "b=1:NoExecute"]), unique=True)
OWNED = st.fixed_dictionaries(
    {}, optional={"labels": st.lists(NAMES, unique=True), "taints": TAINTS}
)
SITES: dict[str, Any] = {
    "s1": {"site": "shop", "role": "server", "rank": 0},
    "s2": {"site": "shop", "role": "server", "rank": 1},
    "a1": {"site": "shop", "role": "agent", "rank": 8},
    "b1": {"site": "barn", "role": "agent", "rank": 8},
}


def pending_hosts(planned: dict[str, Any]) -> list[str]:
    """The hosts that go on to their ranks."""
    rows = views.pending_hosts(planned, SITES)
    for row in rows:
        assert row["groups"] == [f"edge_rank_{SITES[row['name']]['rank']}"]
    return [row["name"] for row in rows]


def _agent(**params: Any) -> dict[str, Any]:
    found = {"changed": False, "distribution": {"left": "n1"}}
    return {**found, **views.trusting(found, params)}


def _server(node: NodeView) -> dict[str, Any]:
    return {"changed": False, "distribution": {"others": {node.name: objects.brief(node)}}}


NODES = st.builds(
    lambda ready, labels, taints, owned: NodeView(
        "n1",
        ready,
        labels=labels,
        taints=tuple(taints),
        annotations={objects.OWNED: json.dumps(owned)},
    ),
    st.booleans(),
    LABELS,
    TAINTS,
    OWNED,
)


@given(labels=st.none() | LABELS, taints=st.none() | TAINTS, node=NODES)
def test_the_report_is_worth_as_much_as_a_look(
    labels: dict[str, str] | None, taints: list[str] | None, node: NodeView
) -> None:
    wished = tuple(taints) if taints is not None else None
    spec = Spec("k3s", role=AGENT, labels=labels, taints=wished)
    right = node.ready and not objects.steps(spec, node, "/kubeconfig", "n1")
    planned = {"s1": _server(node), "a1": _agent(labels=labels, taints=taints)}
    assert pending_hosts(planned) == ([] if right else ["a1"])


RIGHT, WRONG = NodeView("n1", True), NodeView("n1", False)
STRANGER = NodeView("n2", True)


@pytest.mark.parametrize(
    ("others", "pending"),
    [
        ({"s1": _server(RIGHT)}, []),
        ({"s1": _server(RIGHT), "s2": _server(RIGHT)}, []),
        ({"s1": _server(RIGHT), "s2": _server(WRONG)}, ["a1"]),
        ({"s1": _server(STRANGER)}, ["a1"]),
        ({"s1": _server(RIGHT), "s2": {"unreachable": True}}, []),
        ({"s1": {"unreachable": True}}, ["a1"]),
        ({"s1": {"failed": True, "msg": "the wish is wrong"}}, ["a1"]),
        ({"s1": {"distribution": {"api": "connection refused"}}}, ["a1"]),
        ({"s1": {**_server(RIGHT), "pending": True}}, ["s1"]),
        ({}, ["a1"]),
    ],
)
def test_an_agent_goes_on_unless_each_server_that_answers_vouches_for_it(
    others: dict[str, Any], pending: list[str]
) -> None:
    assert pending_hosts({**others, "a1": _agent()}) == pending


def test_servers_vouch_for_their_own_site_only() -> None:
    assert pending_hosts({"s1": _server(RIGHT), "b1": _agent()}) == ["b1"]


def test_hosts_are_named_for_the_plays_that_are_for_them() -> None:
    planned: dict[str, dict[str, Any]] = {
        "s1": {**_server(RIGHT), "pending": True, "images_pending": True, "objects_pending": True},
        "s2": {**_server(RIGHT), "images_pending": False},
        "a1": {"images_pending": True},
        "elsewhere": {"pending": True},
    }
    assert views.pending_hosts(planned, SITES) == [
        {"name": "s1", "groups": ["edge_rank_0", "edge_pending_images", "edge_pending_objects"]},
        {"name": "a1", "groups": ["edge_pending_images"]},
    ]


@pytest.mark.parametrize(
    ("role", "playing", "more", "part"),
    [
        ("agent", ["s1", "a1"], {}, "trust"),
        ("agent", ["s2", "a1"], {}, "own"),
        ("agent", ["a1"], {}, "own"),
        ("agent", ["s1", "a1"], {"state": "stopped"}, "own"),
        ("server", ["s1", "a1"], {}, "report"),
        ("server", ["s1", "b1"], {}, "own"),
        ("server", ["s1"], {}, "own"),
    ],
)
def test_who_trusts_and_who_reports(
    role: str, playing: list[str], more: dict[str, str], part: str
) -> None:
    params = {"state": "present", "role": role, "site": "shop", "join_from": {"s1": "url"}, **more}
    facts = {"ansible_play_hosts": playing, "edge_topology": {"places": SITES}}
    assert views.part(params, facts) == part
