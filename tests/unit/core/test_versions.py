# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._core import versions
from ansible_collections.lightk8s.edge.plugins.module_utils._core.versions import parse

TEXTS = st.builds(
    "v{}.{}.{}{}{}".format,
    st.integers(0, 2),
    st.integers(0, 40),
    st.integers(0, 30),
    st.sampled_from(["", "-rc1", "-rc2", "-rc10", "-alpha1"]),
    st.sampled_from(["", "+k3s1", "+k3s2", "+k3s10", "+k0s.0", "+k0s.1", "+microk8s.8511"]),
)

ASCENDING = [
    "v1.33.9+k3s1",
    "v1.34.0-alpha1+k3s1",
    "v1.34.0-rc1+k3s1",
    "v1.34.0-rc2+k3s1",
    "v1.34.0-rc10+k3s1",
    "v1.34.0",
    "v1.34.0+k3s1",
    "v1.34.0+k3s2",
    "v1.34.0+k3s10",
    "v1.34.2+k3s1",
    "v1.34.10+k3s1",
    "v1.35.0+k3s1",
    "v2.0.0+k3s1",
]


def test_order() -> None:
    parsed = [parse(text) for text in ASCENDING]
    assert sorted(map(parse, sorted(ASCENDING, reverse=True))) == parsed
    assert len(set(parsed)) == len(parsed)


@given(TEXTS)
def test_text_survives(text: str) -> None:
    assert str(parse(text)) == text
    assert parse(text[1:]) == parse(text)


@given(TEXTS, TEXTS)
def test_exactly_one_relation_holds(one: str, other: str) -> None:
    a, b = parse(one), parse(other)
    assert [a < b, a == b, a > b].count(True) == 1


def test_spellings_of_a_candidate() -> None:
    assert parse("v1.34.1-rc.1+k0s.0") == parse("v1.34.1-rc1+k0s.0")
    assert parse("v1.34.2+k3s1").minor() == (1, 34)


@pytest.mark.parametrize(
    "text",
    [
        *("", "1.34", "v1.34", "stable", "v1.34.2-k3s1+", "v01.2.3", "v1.34.2+k3s", "v1.34.2+1"),
        *("v1.34.2 ", "v1.34.2+k3s1\n", "vv1.34.2"),
    ],
)
def test_not_a_version(text: str) -> None:
    with pytest.raises(versions.VersionError, match="is not a version"):
        parse(text)


@pytest.mark.parametrize(
    "installed, wanted, word",
    [
        ("v1.34.2+k3s1", "v1.34.2+k3s1", None),
        ("v1.34.2+k3s1", "v1.34.2+k3s2", None),
        ("v1.34.2+k3s1", "v1.34.3+k3s1", None),
        ("v1.34.2+k3s1", "v1.35.0+k3s1", None),
        ("v1.34.2-rc1+k3s1", "v1.34.2+k3s1", None),
        ("v1.34.2+k3s2", "v1.34.2+k3s1", "older"),
        ("v1.34.2+k3s1", "v1.34.2-rc1+k3s1", "older"),
        ("v1.34.2+k3s1", "v1.33.9+k3s1", "older"),
        ("v1.34.2+k3s1", "v1.36.0+k3s1", "skips"),
        ("v1.34.2+k3s1", "v2.0.0+k3s1", "major"),
        ("v1.34.2+k3s1", "v1.34.3+k0s.0", "distribution"),
        ("v1.34.2+k3s1", "v1.34.3", "distribution"),
    ],
)
def test_upgrade_steps(installed: str, wanted: str, word: str | None) -> None:
    problem = versions.upgrade_problem(parse(installed), parse(wanted))
    if word is None:
        assert problem is None
    else:
        assert problem is not None
        assert word in problem
        assert wanted in problem


@given(TEXTS, TEXTS)
def test_no_way_there_and_back(one: str, other: str) -> None:
    a, b = parse(one), parse(other)
    there, back = versions.upgrade_problem(a, b), versions.upgrade_problem(b, a)
    assert (there is None and back is None) == (a == b)
