# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide to variables names every input there is, once, and none that is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._doors.edge_site import ARGS
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site import inputs

GUIDE = Path(__file__).resolve().parents[3] / "docs/guides/variables.md"
ROW = re.compile(r"^\| (?:`[a-z0-9_.]+` \| )?`(edge_[a-z0-9_]+)` \|", re.MULTILINE)
MADE_BY_PLAYBOOKS = {"edge_topology", "edge_rank"}
TOPOLOGY_ALONE = {"edge_initial", "edge_join_from"}


def test_the_guide_names_all_inputs_once() -> None:
    named = ROW.findall(GUIDE.read_text(encoding="utf-8"))
    options = {f"edge_{name}" for name in ARGS["argument_spec"] if name not in inputs.NO_INPUTS}
    known = (options | set(inputs.NOT_YET) | inputs.ELSEWHERE) - MADE_BY_PLAYBOOKS - TOPOLOGY_ALONE
    assert sorted(named) == sorted(known)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("edge_max_pod", "edge_max_pods"),
        ("edge_max_memory", "edge_max_memory_mb"),
        ("edge_distributon", "edge_distribution"),
        ("edge_my_own_thing", ""),
    ],
)
def test_a_name_that_is_no_input_is_told(name: str, meant: str) -> None:
    given = ["edge_max_pods", "edge_topology", "ansible_host", name]
    assert inputs.strangers(ARGS["argument_spec"], given) == {name: meant}


def test_empty_answers_and_unset_inputs_are_left_out() -> None:
    variables = {"edge_max_pods": "", "edge_version": "stable", "edge_site": None}
    found = inputs.collect(("max_pods", "version", "site"), variables, lambda value: value)
    assert found == {"version": "stable"}


def test_a_place_in_the_topology_reaches_only_modules_that_know_it() -> None:
    place = {"site": "a", "role": "agent", "initial": False, "join_from": {}}
    topology = {"places": {"n1": place}}
    variables = {"edge_topology": topology, "inventory_hostname": "n1", "edge_mode": "offline"}
    found = inputs.collect(("site", "role", "max_pods"), variables, lambda value: value)
    assert found == {"site": "a", "role": "agent"}
