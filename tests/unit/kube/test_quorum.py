# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a member may leave an etcd cluster."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._kube.etcdmembers import (
    quorum_after_removal,
)


def members(voters: str, learners: str = "") -> list[dict[str, object]]:
    return [
        *({"id": one, "learner": False} for one in voters),
        *({"id": one, "learner": True} for one in learners),
    ]


@pytest.mark.parametrize(
    ("voters", "learners", "healthy", "leaving", "allowed"),
    [
        ("abc", "", "abc", "a", True),
        ("abc", "", "bc", "a", True),  # the dead one goes
        ("abc", "", "bc", "b", False),  # a living one goes while one is dead
        ("abc", "", "c", "a", False),  # no quorum now: etcd could not even agree on it
        ("ab", "", "ab", "a", True),
        ("ab", "", "b", "a", False),
        ("a", "", "a", "a", False),  # the last one
        ("a", "b", "ab", "b", True),  # a learner has no vote
        ("a", "b", "ab", "a", False),
        ("abc", "d", "abd", "c", True),
        ("abc", "d", "abd", "a", False),  # nor does it count for those that have
        ("abcde", "", "abc", "d", True),
        ("abcde", "", "abc", "a", False),
        ("abc", "", "abc", "x", True),  # not a member: nothing changes
    ],
)
def test_who_may_leave(
    voters: str, learners: str, healthy: str, leaving: str, allowed: bool
) -> None:
    assert quorum_after_removal(members(voters, learners), healthy, leaving) is allowed


@given(st.integers(1, 9), st.sets(st.integers(0, 8)), st.integers(0, 8))
def test_what_is_allowed_leaves_a_majority_alive(count: int, alive: set[int], leaving: int) -> None:
    voters = "".join(map(str, range(count)))
    healthy = {str(one) for one in alive}
    if quorum_after_removal(members(voters), healthy, str(leaving)):
        rest = set(voters) - {str(leaving)}
        assert 2 * len(rest & healthy) > len(rest)
        assert 2 * len(set(voters) & healthy) > count
