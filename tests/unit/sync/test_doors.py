# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the options of edge_sync to settings, and from a document to runs of the other doors."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._core.plan import Step
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution import access, objects
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.adapter import NodeView
from ansible_collections.lightk8s.edge.plugins.module_utils._doors import agent as door
from ansible_collections.lightk8s.edge.plugins.module_utils._doors import (
    edge_pod,
    edge_quota,
    edge_site,
    edge_sync,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host
from ansible_collections.lightk8s.edge.plugins.module_utils._sync import artifacts, down, places
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document import Document
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.spec import validated

KEY = "gUx2Or8T6hXSIbCVbcmQzJ2oXEQ8yrcYzZqWGCmmT1s="
HUB = "https://hub.example.org"
CODE = {"sha256": "a" * 64, "size": 9}


def given(**more: t.Any) -> dict[str, t.Any]:
    options = dict.fromkeys(edge_sync.ARGS["argument_spec"])
    return {**options, "site": "shop", "host": "n1", "distribution": "k3s", "agent": CODE, **more}


@pytest.mark.parametrize(
    ("options", "mode", "pulls"),
    [
        ({}, "offline", False),
        ({"sync_url": HUB}, "online", False),
        ({"sync_url": HUB, "sync_trusted_keys": [KEY]}, "online", True),
        ({"sync_url": HUB, "sync_trusted_keys": [KEY], "queue_operations": False}, "online", False),
        ({"mode": "hybrid", "sync_document_url": HUB, "sync_trusted_keys": [KEY]}, "hybrid", True),
    ],
)
def test_what_is_unset_follows_from_what_is_set(
    options: dict[str, t.Any], mode: str, pulls: bool
) -> None:
    settings = validated(edge_sync.spec(given(**options))).settings
    assert settings is not None
    assert (settings.mode, settings.pulls) == (mode, pulls)
    assert (settings.interval_minutes, settings.queue_mb, settings.megabits) == (5, 64, 0.0)


@pytest.mark.parametrize(
    ("options", "speaks"),
    [({}, True), ({"initial": False}, False), ({"role": "agent"}, False), ({"guest": True}, False)],
)
def test_one_node_speaks_for_the_site(options: dict[str, t.Any], speaks: bool) -> None:
    settings = edge_sync.spec(given(**options)).settings
    assert settings is not None
    assert settings.initial is speaks


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"queue_operations": True}, "no key is trusted"),
        ({"agent": None}, "code is not known"),
        ({"site": ""}, "site is empty"),
        ({"sync_secrets": {"../x": "1"}}, "no name of a secret"),
    ],
)
def test_what_cannot_work_is_refused(options: dict[str, t.Any], word: str) -> None:
    with pytest.raises(EdgeError, match=word):
        validated(edge_sync.spec(given(**options)))


def test_a_removal_needs_to_know_nothing() -> None:
    assert validated(edge_sync.spec({"state": "absent"})).state == "absent"


@pytest.mark.parametrize("module", [edge_site, edge_quota, edge_pod])
def test_missing_options_are_those_of_an_ordinary_task(module: t.Any) -> None:
    spec = module.ARGS["argument_spec"]
    found = door.filled(spec, {})
    assert set(found) == set(spec)
    assert all(found[name] == option.get("default") for name, option in spec.items())
    with pytest.raises(EdgeError, match="brand_new: no such option"):
        door.filled(spec, {"brand_new": 1})


def test_options_below_options_are_filled_too() -> None:
    spec = {"rows": {"type": "list", "options": {"a": {"default": 1}, "b": {}}}, "c": {}}
    assert door.filled(spec, {"rows": [{"b": 2}]}) == {"rows": [{"a": 1, "b": 2}], "c": None}


class Doors:
    """Doors that answer as they are told, and remember what they were asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, t.Any]]] = []
        self.answers: dict[str, list[dict[str, t.Any]]] = {}
        self.name = ""

    def open(self, name: str) -> Doors:
        self.name = name
        modules: dict[str, t.Any] = {
            "edge_site": edge_site,
            "edge_quota": edge_quota,
            "edge_pod": edge_pod,
        }
        self.ARGS = modules[name].ARGS
        return self

    def main(self, params: dict[str, t.Any], check: bool, diff: bool) -> dict[str, t.Any]:
        self.asked.append((self.name, params))
        answers = self.answers.get(self.name) or [{"changed": False, "actions": [self.name]}]
        return answers.pop(0) if len(answers) > 1 else answers[0]


@pytest.fixture
def doors(monkeypatch: pytest.MonkeyPatch) -> Doors:
    made = Doors()
    monkeypatch.setattr(door, "_door", made.open)
    return made


@pytest.fixture
def carrier(tmp_path: Path) -> door.Carrier:
    host = Host(str(tmp_path))
    settings = edge_sync.spec(given()).settings
    assert settings is not None
    host.write(places.SETTINGS, settings.raw())
    host.write(f"{places.SECRETS}/word", b"open")
    return door.Carrier(host, settings, door.agent(host))


def document(**desired: t.Any) -> Document:
    return Document("shop", 5, 1, 2, desired)


def test_a_node_takes_its_own_part_with_its_secrets(carrier: door.Carrier, doors: Doors) -> None:
    options = {"max_pods": 7, "token": {"secret_ref": "word"}}
    nodes = {"n1": {"rank": 0, "options": options}}
    assert carrier.carry(document(nodes=nodes), 9) == ["edge_site"]
    ((_name, params),) = doors.asked
    assert (params["max_pods"], params["token"], params["generation"]) == (7, "open", 9)


def test_a_node_that_is_not_named_has_nothing_to_do(carrier: door.Carrier, doors: Doors) -> None:
    desired = document(nodes={"n2": {"options": {}}}, objects={"on": "n2", "quotas": {"a": 1}})
    assert carrier.carry(desired, 9) == []
    assert doors.asked == []


def test_objects_come_after_the_node_and_quotas_before_workloads(
    carrier: door.Carrier, doors: Doors
) -> None:
    section = {"on": "n1", "workloads": {"owner": "x"}, "quotas": {"owner": "x"}}
    desired = document(nodes={"n1": {"options": {}}}, objects=section)
    assert carrier.carry(desired, 9) == ["edge_site", "edge_quota", "edge_pod"]


def test_what_the_node_lacks_is_brought_and_the_door_opened_again(
    carrier: door.Carrier, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    need = {"sha256": "b" * 64, "name": "k3s", "size": None}
    brought: list[t.Any] = []

    def bring(host: Host, need: t.Any, urls: t.Any, *rest: t.Any, **more: t.Any) -> None:
        brought.append(urls)

    monkeypatch.setattr(artifacts, "bring", bring)
    lacking = {"failed": True, "msg": "the node lacks k3s", "needs": [need]}
    doors.answers["edge_site"] = [lacking, {"changed": True, "actions": ["placed"]}]
    options = {"release": {"version": "v1", "assets": {}}, "release_mirrors": ["https://m"]}
    assert carrier.carry(document(nodes={"n1": {"options": options}}), 9) == ["placed"]
    assert brought == [["https://m/v1/k3s"]]


def test_what_a_server_lacks_is_brought_before_its_turn(
    carrier: door.Carrier, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought: list[t.Any] = []
    monkeypatch.setattr(artifacts, "bring", lambda host, need, *rest, **more: brought.append(need))
    need = {"sha256": "b" * 64, "name": "k3s", "size": None}
    found = {"pending": True, "needs": [need], "distribution": {"service": "running"}}
    doors.answers["edge_site"] = [found]
    with pytest.raises(EdgeError, match="is not there yet"):  # nobody can tell whose turn it is
        carrier.carry(document(nodes={"n1": {"options": {}}, "n2": {"options": {}}}), 9)
    assert brought == [need]
    assert len(doors.asked) == 1


def test_a_failure_keeps_its_kind(carrier: door.Carrier, doors: Doors) -> None:
    failure = {"kind": "rolled_back", "message": "not healthy", "hint": "look", "step": "gate"}
    doors.answers["edge_site"] = [{"failed": True, "msg": "m", "failure": failure}]
    with pytest.raises(EdgeError, match="not healthy") as raised:
        carrier.carry(document(nodes={"n1": {"options": {}}}), 9)
    assert (raised.value.kind, raised.value.step) == ("rolled_back", "gate")


class Cluster:
    """The Nodes of a site, as a server sees them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *nodes: NodeView) -> None:
        self.nodes = list(nodes)
        self.api = "ok"
        self.set: list[tuple[str, t.Any, t.Any]] = []
        monkeypatch.setattr(access, "look_at_nodes", self.look)
        monkeypatch.setattr(objects, "perform", self.perform)

    def look(self, *words: t.Any) -> tuple[str, None, list[NodeView]]:
        return self.api, None, self.nodes

    def perform(self, host: Host, step: Step) -> None:
        self.set.append((step.target, step.params["labels"], step.params["taints"]))


def of_agent(**more: t.Any) -> dict[str, t.Any]:
    return {"rank": 8, "options": {"role": "agent", **more}}


SLOW = {"labels": {"shelf": 12}, "taints": ["slow:NoSchedule"]}


def test_the_first_server_sets_labels_and_taints_of_agents(
    carrier: door.Carrier, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster(
        monkeypatch,
        NodeView("n1", True),
        NodeView("till", True, labels={"shelf": "12"}),
        NodeView("n3", False),
    )
    parts = {
        "n1": {"rank": 0, "options": {"labels": {"own": "1"}}},
        "n2": of_agent(node_name="till", **SLOW),
        "n3": of_agent(),
        "n4": of_agent(**SLOW),
    }
    done = carrier.carry(document(nodes=parts), 9)
    assert done == ["edge_site", "till: on the Node: taint slow:NoSchedule"]
    assert cluster.set == [("till", {"shelf": "12"}, ["slow:NoSchedule"])]


def test_agents_wait_for_an_api_that_does_not_answer(
    carrier: door.Carrier, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster(monkeypatch, NodeView("n2", True))
    cluster.api = "refused"
    desired = document(nodes={"n1": {"options": {}}, "n2": of_agent(**SLOW)})
    with pytest.raises(EdgeError, match="does not answer: refused") as raised:
        carrier.carry(desired, 9)
    assert raised.value.kind in down.PASSING
    assert cluster.set == []


@pytest.mark.parametrize("state", ["stopped", "absent", "purged"])
def test_a_server_that_is_not_to_run_sets_nothing(
    state: str, carrier: door.Carrier, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster(monkeypatch, NodeView("n2", True))
    desired = document(nodes={"n1": {"options": {"state": state}}, "n2": of_agent(**SLOW)})
    assert carrier.carry(desired, 9) == ["edge_site"]
    assert cluster.set == []


def test_what_a_server_has_to_do_is_not_told_as_done(carrier: door.Carrier, doors: Doors) -> None:
    said = "on the Node: taint slow:NoSchedule"
    asks = [{"node": "n1", "taints": ["slow:NoSchedule"], "summary": said}]
    doors.answers["edge_site"] = [{"changed": True, "actions": ["restart x", said], "asks": asks}]
    assert carrier.carry(document(nodes={"n1": of_agent()}), 9) == ["restart x"]
