# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets are replaced by their names, or refused by the name of their place."""

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._doors import edge_pod, edge_site
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document import Refused
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.references import (
    hidden_options,
    named,
)

SECRETS = {"join": "hunter2hunter2", "pw": "s3cret-pw"}


def test_every_hidden_text_of_the_doors_is_known() -> None:
    found = hidden_options(edge_site.ARGS["argument_spec"])
    assert found == {"token", "agent_token", "join_token", "datastore_endpoint"}
    assert hidden_options(edge_pod.ARGS["argument_spec"]) == {"sealed"}


def test_values_that_have_a_name_are_named() -> None:
    value: dict[str, t.Any] = {
        "token": "hunter2hunter2",
        "registries": {"configs": {"r": {"auth": {"password": "s3cret-pw"}}}},
        "env": {"DB_PASSWORD": "s3cret-pw", "MODE": "x"},
    }
    found = named(value, SECRETS, [("token",)], "shop")
    assert found["token"] == {"secret_ref": "join"}
    assert found["registries"]["configs"]["r"]["auth"] == {"password": {"secret_ref": "pw"}}
    assert found["env"] == {"DB_PASSWORD": {"secret_ref": "pw"}, "MODE": "x"}


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"agent": {"token": "other-than-known"}}, "agent.token"),
        ({"list": [{"env": {"PASSWORD": "zzz"}}]}, "list[0].env.PASSWORD"),
        ({"args": ["--pw=s3cret-pw"]}, "args[0]"),
        ({"note": "s3cret-pw"}, "note"),
        ({"url": "postgres://u:p@db/k"}, "url"),
        ({"hidden": "no name tells"}, "hidden"),
    ],
)
def test_others_are_refused_with_their_place_and_without_their_value(
    value: dict[str, t.Any], place: str
) -> None:
    with pytest.raises(Refused) as error:
        named(value, SECRETS, [("hidden",)] if "hidden" in value else [], "shop")
    assert place in error.value.message
    for word in (*SECRETS.values(), "other-than-known", "zzz", "u:p@"):
        assert word not in error.value.message + error.value.hint


WORDS = st.text("abcdefgh", min_size=6, max_size=9)
TREES = st.recursive(
    st.sampled_from(["plain", 5, True, None]) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["token", "name", "env", "data", "x"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(tree=st.dictionaries(st.sampled_from(["a", "token", "kind"]), TREES), words=st.sets(WORDS))
def test_no_value_of_a_secret_is_ever_published(tree: dict[str, t.Any], words: set[str]) -> None:
    secrets = {f"N{number}": word for number, word in enumerate(sorted(words))}
    try:
        found = json.dumps(named(tree, secrets, [], "shop"))
    except Refused:
        return
    assert not any(word in found for word in words)
