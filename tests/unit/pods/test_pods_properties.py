# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever stands in a simple form, it ends as manifests or as an error that helps."""

from __future__ import annotations

import json
import typing as t

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._core import forms
from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._pods import options, simple

Form = dict[str, t.Any]


def form(**more: t.Any) -> Form:
    limits = {"limits": {"cpu": "100m", "memory": "32Mi"}}
    return {"name": "web", "image": "web:1", "resources": limits, **more}


words = st.text("abcz09-_/.", max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(options.FORM)), values, max_size=6))
def test_whatever_is_given_gives_manifests_or_an_error_that_names_the_place(given: Form) -> None:
    failure = EdgeError("", kind="internal")
    found = []
    try:
        found = simple.manifests({"workloads": [form(**given)]})
    except EdgeError as exc:
        failure = exc
    if found:
        json.dumps(found)
        name = given.get("name", "web")
        assert found[-1]["metadata"]["name"] == forms.typed(name, {"type": "str"}, "name")
    else:
        assert failure.kind == "spec"
        assert failure.message.startswith("workload ")


@given(st.dictionaries(st.sampled_from(sorted(options.FORM)), values, max_size=6))
def test_options_that_are_unset_change_nothing(given: Form) -> None:
    whole = {**dict.fromkeys(options.FORM), **form(**given)}
    outcomes = []
    for params in (whole, {name: value for name, value in whole.items() if value is not None}):
        try:
            outcomes.append(json.dumps(simple.manifests({"workloads": [params]})))
        except EdgeError as exc:
            outcomes.append(exc.message)
    assert outcomes[0] == outcomes[1]
