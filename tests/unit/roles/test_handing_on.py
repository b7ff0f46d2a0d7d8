# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one module leaves to another arrives there whole."""

from __future__ import annotations

from typing import Any

from ansible_collections.lightk8s.edge.plugins.module_utils._doors import (
    edge_logging,
    edge_resources,
    options,
)


def handed(door: Any, **given: Any) -> dict[str, Any]:
    spec = door.ARGS["argument_spec"]
    params = {name: option.get("default") for name, option in spec.items()}
    result: dict[str, Any] = door.main({**params, "hand_on": True, **given}, False, False)
    return result


def test_bounds_are_handed_on_with_those_of_their_profile() -> None:
    result = handed(edge_logging, profile="small", max_log_files=7)
    assert result["handed_on"] == {
        "noun": "logging",
        "options": {"max_log_files": 7, "max_log_size_mb": 10},
    }
    assert (result["changed"], result["actions"]) == (False, [])


def test_bounds_that_make_no_sense_are_refused_before_they_are_handed_on() -> None:
    result = handed(edge_resources, max_pods=0, site="shop")
    assert result["failure"]["kind"] == "spec"
    assert "handed_on" not in result


def test_what_is_handed_on_wins_and_is_converged_too() -> None:
    rows = [
        handed(edge_logging, max_log_files=7)["handed_on"],
        handed(edge_resources, max_pods=9)["handed_on"],
    ]
    given = {"nouns": ["distribution"], "max_pods": 30, "max_memory_mb": 100, "handed_on": rows}
    taken = options.taken_over(given)
    assert taken["nouns"] == ["distribution", "logging", "resources"]
    bounds = [taken[key] for key in ("max_log_files", "max_pods", "max_memory_mb")]
    assert bounds == [7, 9, 100]


def test_nothing_handed_on_changes_nothing() -> None:
    given = {"nouns": ["distribution"], "max_pods": 30}
    assert options.taken_over(given) == given
    assert options.taken_over({})["nouns"] == list(options.NOUNS)


def test_a_profile_asks_nothing_of_a_server_that_runs_no_pods() -> None:
    for role, count in (("server", 0), ("agent", 4)):
        given = {"profile": "small", "distribution": "kubeedge", "role": role}
        assert len(handed(edge_resources, **given)["handed_on"]["options"]) == count
    refused = handed(edge_resources, distribution="kubeedge", max_pods=9)
    assert refused["failure"]["kind"] == "spec"
