# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that YAML has made something else of than a text, and taints that no API takes."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._distribution import kubenames, objects
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.digests import wished
from ansible_collections.lightk8s.edge.plugins.module_utils._doors import options
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site import views

# As `{gpu: yes, spare: , rack: 7, zone: "off"}` comes from an inventory.
READ = {"gpu": True, "spare": None, "rack": 7, "zone": "off"}
MEANT = {"gpu": "true", "spare": "", "rack": "7", "zone": "off"}


def test_values_of_labels_are_texts_that_people_would_write() -> None:
    assert options.distribution_spec("k0s", {"labels": READ}).labels == MEANT


def test_the_controller_and_the_node_read_labels_alike() -> None:
    found = {"distribution": {"left": "n1"}}
    wish = views.trusting(found, {"labels": READ})["wished"]
    assert wish["labels"] == wished(MEANT, None)["labels"]


def test_a_proxy_without_a_value_is_none() -> None:
    given = {"http_proxy": "http://p:1", "https_proxy": None}
    assert options.distribution_spec("k0s", {"proxy": given}).proxy["https_proxy"] == ""


@pytest.mark.parametrize(
    ("taints", "word"),
    [
        (["a=1:NoSchedule", "a=1:NoExecute", "b:NoSchedule"], ""),
        (["a=:NoSchedule"], "write a:NoSchedule"),
        (["a:NoSchedule", "a=1:NoSchedule"], "twice"),
        (["a:NoSchedule", "a:NoSchedule"], "twice"),
    ],
)
def test_taints_that_never_come_to_rest_are_refused(taints: list[str], word: str) -> None:
    """The API keeps no empty value, and one taint for a key and effect."""
    found: list[t.Any] = kubenames.problems(None, taints)
    assert bool(found) is bool(word)
    assert all(word in str(problem) for problem in found)


@pytest.mark.parametrize(
    ("here", "owned", "missing", "extra"),
    [
        (["a=2:NoSchedule"], [], ["a=1:NoSchedule"], ["a=2:NoSchedule"]),  # somebody else's
        (["a:NoSchedule"], ["a:NoSchedule"], ["a=1:NoSchedule"], ["a:NoSchedule"]),
        (["a=2:NoExecute", "b:NoSchedule"], [], ["a=1:NoSchedule"], []),
        (["a=1:NoSchedule", "b:NoSchedule"], ["b:NoSchedule"], [], ["b:NoSchedule"]),
    ],
)
def test_a_wanted_taint_takes_the_place_of_one_with_its_key_and_effect(
    here: list[str], owned: list[str], missing: list[str], extra: list[str]
) -> None:
    assert objects.taint_changes(here, ["a=1:NoSchedule"], owned) == (missing, extra)
    assert objects.taint_changes(here, None, owned) == ([], [])
