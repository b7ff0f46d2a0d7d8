# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site has to tell, from what a look at a node has found."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._sync import collect
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.collect import Fact

from .common import TIME

REPORT = {
    "distribution": "k3s",
    "version": "v1.34.2+k3s1",
    "role": "server",
    "service": {"name": "k3s.service", "state": "running", "since": TIME, "restarts": 0, "pid": 7},
    "api": {"state": "ok", "ready": True, "version": "v1.34.2"},
    "usage": {"memory_mb": 512},
    "images": {"count": 1, "bytes": 9, "names": ["a:1"]},
    "certificates": {
        "days": 300,
        "nearest": "/a.crt",
        "expired": [],
        "files": [{"path": "/a.crt"}],
    },
    "nodes": [
        {"name": "n1", "ready": True, "reason": "", "version": "v1", "roles": []},
        {"name": "n2", "ready": False, "reason": "KubeletNotReady", "version": "v1", "roles": []},
    ],
}


def item(kind: str, spec: dict[str, t.Any], status: dict[str, t.Any]) -> dict[str, t.Any]:
    pod = {"spec": {"containers": [{"image": "a:1"}]}}
    meta = {"name": "x", "namespace": "shop"}
    return {"kind": kind, "metadata": meta, "spec": {"template": pod, **spec}, "status": status}


def test_each_thing_has_a_key_and_a_verdict() -> None:
    found = {fact.key: fact.good for fact in collect.facts(REPORT, [], "host")}
    assert found == {
        "node/n1": True,
        "node/n2": False,
        "service/host": True,
        "resources/host": None,
        "images/host": None,
        "certificates/host": True,
    }


def test_what_is_another_each_time_without_a_meaning_is_not_told() -> None:
    (service,) = (fact for fact in collect.facts(REPORT, [], "h") if fact.kind == "service")
    assert "pid" not in service.data
    (certificates,) = (f for f in collect.facts(REPORT, [], "h") if f.kind == "certificates")
    assert "files" not in certificates.data


@pytest.mark.parametrize(
    ("found", "wanted", "ready", "good"),
    [
        (item("Deployment", {"replicas": 2}, {"readyReplicas": 2}), 2, 2, True),
        (item("Deployment", {"replicas": 2}, {}), 2, 0, False),
        (item("Deployment", {}, {"readyReplicas": 1}), 1, 1, True),
        (item("Deployment", {"replicas": 0}, {}), 0, 0, True),
        (item("StatefulSet", {"replicas": 1}, {"readyReplicas": 1}), 1, 1, True),
        (item("DaemonSet", {}, {"desiredNumberScheduled": 3, "numberReady": 2}), 3, 2, False),
        (item("DaemonSet", {}, {}), 0, 0, True),
    ],
)
def test_a_workload_is_right_when_all_it_wants_is_ready(
    found: dict[str, t.Any], wanted: int, ready: int, good: bool
) -> None:
    fact = collect.workload(found)
    assert fact.key == f"workload/shop/{found['kind']}/x"
    assert (fact.data["wanted"], fact.data["ready"], fact.good) == (wanted, ready, good)


def test_a_turn_is_an_event_beside_the_state() -> None:
    told = collect.remembered([Fact("node", "n", {"ready": True}, True)], {})
    rows = collect.events([Fact("node", "n", {"ready": False}, False)], told, TIME)
    assert [(row.kind, row.type) for row in rows] == [
        ("state", "lightk8s.edge.node"),
        ("event", "lightk8s.edge.node.changed"),
    ]


def test_what_could_not_be_looked_at_is_not_gone() -> None:
    told = collect.remembered([Fact("node", "n", {}, True), Fact("images", "n", {})], {})
    rows = collect.events([], told, TIME, unknown={"node"})
    assert [(row.key, row.data) for row in rows] == [("images/n", {"gone": True})]
    assert set(collect.remembered([], told, unknown={"node"})) == {"node/n"}


DATA = st.dictionaries(st.sampled_from("abc"), st.integers(0, 2), max_size=2)
FACT = st.builds(
    Fact,
    st.sampled_from(("node", "workload")),
    st.sampled_from("xyz"),
    DATA,
    st.sampled_from((None, True, False)),
)
LOOK = st.lists(FACT, max_size=4, unique_by=lambda fact: fact.key)


@given(st.lists(LOOK, max_size=6), st.sampled_from(((), ("node",), ("node", "workload"))))
def test_whoever_takes_each_state_knows_what_the_last_look_saw(
    looks: list[list[Fact]], unknown: tuple[str, ...]
) -> None:
    told: collect.Told = {}
    known: dict[str, t.Any] = {}
    for found in looks:
        for row in collect.events(found, told, TIME):
            if row.kind == "state":
                known[row.key] = row.data
        told = collect.remembered(found, told)
        now = {fact.key: fact.data for fact in found}
        assert {key: data for key, data in known.items() if data != {"gone": True}} == now
        assert collect.events(found, told, TIME) == []
        assert all(
            row.key.partition("/")[0] not in unknown
            for row in collect.events([], told, TIME, unknown=unknown)
        )
