# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Quotas and workloads as nouns of edge_site: where they come from, and who brings them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._doors import (
    edge_pod,
    edge_quota,
    edge_site,
    site_objects,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action import arguments
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.objects import begins_objects
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.objects import (
    site_objects as read,
)

Params = dict[str, Any]
QUOTAS = [{"namespace": "shop", "priority_classes": [{"name": "first", "value": 1}]}]
DONE: Params = {"changed": False, "actions": [], "distribution": {"service": "running"}}


def params(**more: Any) -> Params:
    checked = arguments.validate(edge_site.ARGS, {"site": "s", **more}, "edge_site")
    assert checked.error == ""
    return checked.params


class Doors:
    """Stand in for the doors of the two nouns, which speak to an API."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.given: list[tuple[str, Params]] = []
        self.answers: dict[str, Params] = {}
        for noun, door in (("quotas", edge_quota), ("workloads", edge_pod)):
            monkeypatch.setattr(door, "main", lambda *words, noun=noun: self._run(noun, *words))

    def _run(self, noun: str, given: Params, check: bool, diff: bool) -> Params:
        del check, diff
        self.given.append((noun, given))
        quiet = {"changed": False, "actions": [], "workloads": {"objects": [noun]}}
        return {**quiet, **self.answers.get(noun, {})}


@pytest.fixture
def doors(monkeypatch: pytest.MonkeyPatch) -> Doors:
    return Doors(monkeypatch)


NOUNS = ("quotas", "workloads")


def test_each_door_gets_all_of_its_parameters(doors: Doors) -> None:
    secrets = [{"name": "a", "data": {"b": "c"}}]
    given = params(
        quotas=QUOTAS, workloads=[{"name": "a"}], workload_secrets=secrets, force_objects=True
    )
    found = site_objects.add(DONE, NOUNS, given, True, False)
    (one, quota), (two, pod) = doors.given
    assert (one, two) == NOUNS
    assert set(quota) == set(edge_quota.ARGS["argument_spec"])
    assert set(pod) == set(edge_pod.ARGS["argument_spec"])
    assert (quota["owner"], quota["force"], quota["quotas"]) == ("quotas", True, QUOTAS)
    assert (pod["owner"], pod["wait"], pod["state"]) == ("workloads", True, "present")
    assert pod["expected"] == ["shop", "first"]
    assert [row["name"] for row in pod["secrets"]] == ["a"]
    assert (found["quotas"], found["workloads"]) == tuple({"objects": [noun]} for noun in NOUNS)


def test_results_are_joined_and_a_failure_ends_them(doors: Doors) -> None:
    doors.answers["quotas"] = {"changed": True, "actions": ["create Namespace shop"]}
    doors.answers["workloads"] = {"actions": ["x"], "warnings": ["w"], "pending": True}
    given = params(quotas=QUOTAS, workloads=[])
    found = site_objects.add({**DONE, "actions": ["first"]}, NOUNS, given, False, False)
    assert found["actions"] == ["first", "create Namespace shop", "x"]
    assert (found["changed"], found["pending"], found["warnings"]) == (True, True, ["w"])
    doors.given.clear()
    doors.answers["quotas"] = {"failed": True, "msg": "too much", "failure": {}}
    found = site_objects.add(DONE, NOUNS, given, False, False)
    assert (found["failed"], found["msg"]) == (True, "too much")
    assert [noun for noun, dummy in doors.given] == ["quotas"]


def test_what_is_unset_is_left_alone_and_what_is_empty_is_brought(doors: Doors) -> None:
    assert site_objects.add(DONE, NOUNS, params(), False, False) == DONE
    assert doors.given == []
    site_objects.add(DONE, NOUNS, params(workloads=[]), False, False)
    assert [noun for noun, dummy in doors.given] == ["workloads"]


def test_nothing_is_foretold_before_the_installation(doors: Doors) -> None:
    bare = {**DONE, "distribution": {"service": "absent"}}
    found = site_objects.add(bare, NOUNS, params(quotas=QUOTAS), True, False)
    assert "after the installation" in found["warnings"][0]
    assert doors.given == []


@pytest.mark.parametrize("place", [{"role": "agent"}, {"initial": False}, {"guest": True}])
def test_another_node_than_the_first_server_is_refused(doors: Doors, place: Params) -> None:
    found = site_objects.add(DONE, NOUNS, params(quotas=QUOTAS, **place), False, False)
    assert found["failure"]["kind"] == "spec"
    assert doors.given == []


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({}, {}),
        ({"edge_workloads": [], "edge_quotas": ""}, {"workloads": []}),
        ({"edge_mode": "offline"}, {"can_pull": False}),
        ({"edge_mode": "offline", "edge_registries": {"a": 1}}, {"can_pull": True}),
        ({"edge_mode": "offline", "workloads_can_pull": True}, {"can_pull": True}),
        ({"workloads_force": True}, {"force_objects": True}),
    ],
)
def test_options_come_from_the_variables_of_the_role(variables: Params, found: Params) -> None:
    assert read(variables, lambda value: value) == found


@pytest.mark.parametrize(
    ("place", "variables", "begins"),
    [
        ({"initial": True}, {"edge_quotas": []}, True),
        ({"initial": True}, {"edge_workload_secrets": {}}, True),
        ({"initial": True}, {"edge_mode": "offline", "workloads_force": True}, False),
        ({"initial": False}, {"edge_workloads": []}, False),
        ({"initial": True, "guest": True}, {"edge_workloads": []}, False),
        ({"initial": True, "alias_of": "n1"}, {"edge_workloads": []}, False),
        ({}, {"edge_workloads": []}, False),
    ],
)
def test_objects_are_brought_by_the_server_that_begins_a_site(
    place: Params, variables: Params, begins: bool
) -> None:
    assert begins_objects(place, variables) is begins
