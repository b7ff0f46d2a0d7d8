# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a site sends, waits and comes back: tables and properties of the pure part."""

from __future__ import annotations

import calendar
import random
import time
import typing as t
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.up import (
    CAP,
    LONGEST,
    Answer,
    Policy,
    State,
    answered,
    decide,
    link,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.windows import opens, window

NOW = float(calendar.timegm((2026, 11, 20, 12, 0, 0)))  # a Friday at noon
LINKED = State(linked=True)
FINE = Answer(200, progress=True, sent=1000)
DRAWS = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize(
    "policy, state, waiting, why, at",
    [
        (Policy(), LINKED, 1, "sending", 0),
        (Policy(), LINKED, 0, "nothing is waiting", None),
        (Policy(mode="offline"), LINKED, 1, "offline", None),
        (Policy(mode="hybrid"), LINKED, 1, "sending", 0),
        (Policy(mode="hybrid"), State(), 1, "no link", None),
        (Policy(), State(linked=True, not_before=NOW + 9, reason="503"), 1, "503", 9),
        (Policy(), State(linked=True, paced_until=NOW + 4), 1, "bandwidth", 4),
        (Policy(windows=(window("22:00-06:00"),)), LINKED, 1, "window", 36_000),
        (Policy(windows=(window("11:00-12:01"),)), LINKED, 1, "sending", 0),
        # A clock that was set back by years does not silence a site.
        (Policy(), State(linked=True, not_before=NOW + 2 * LONGEST), 1, "sending", 0),
    ],
)
def test_what_is_done_and_why(
    policy: Policy, state: State, waiting: int, why: str, at: float | None
) -> None:
    found = decide(policy, state, NOW, waiting, time.gmtime)
    assert found.send == (why == "sending")
    assert why in found.why
    assert found.at == (None if at is None else NOW + at)


@pytest.mark.parametrize(
    "text, hours",
    [
        ("fri 13:00-14:00", 1),
        ("22:00-06:00", 10),
        ("mon-thu 22:00-06:00", 3 * 24 + 10),
        ("thu 22:00-13:00", 0),
        ("sat-sun 00:00-24:00", 12),
        ("fri-mon 09:00-10:00", 21),
        ("fri 11:00-12:00", 7 * 24 - 1),
    ],
)
def test_windows_open_in_local_time(text: str, hours: int) -> None:
    assert opens([window(text)], NOW, time.gmtime) == NOW + hours * 3600
    assert opens([window(text), window("12:00-12:05")], NOW, time.gmtime) == NOW


@pytest.mark.parametrize("text", ["", "fry 10:00-11:00", "10-11", "25:00-26:00", "10:60-11:00"])
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(EdgeError, match="no window"):
        window(text)


@given(draws=st.lists(DRAWS, min_size=1, max_size=60), after=st.floats(0, 4000))
def test_failures_wait_with_jitter_and_never_give_up(draws: list[float], after: float) -> None:
    state, now = LINKED, NOW
    for number, draw in enumerate(draws):
        state = answered(Policy(), state, Answer(503, after=after), now, draw)
        pause = state.not_before - now
        assert after - 1e-3 <= pause <= after + min(CAP, 5.0 * 2**number) + 1e-3
        found = decide(Policy(), state, state.not_before, 1, time.gmtime)
        assert found.send
        now = state.not_before
    state = answered(Policy(), state, FINE, now, 0.0)
    assert (state.failures, state.not_before, state.delivered_at) == (0, 0.0, now)
    assert decide(Policy(), state, now, 1, time.gmtime).send


def test_a_receiver_that_acknowledges_nothing_is_not_asked_in_a_loop() -> None:
    state = answered(Policy(), LINKED, Answer(200, "took nothing"), NOW, 0.5)
    found = decide(Policy(), state, NOW, 1, time.gmtime)
    assert (found.send, found.why) == (False, "took nothing")


def test_batches_are_halved_for_a_receiver_that_cannot_take_them_and_grow_again() -> None:
    policy, state = Policy(most_events=100), LINKED
    sizes = []
    for status in (413, 413, 422, 400, 413, 413, 413, 413):
        state = answered(policy, state, Answer(status), NOW, 0.0)
        sizes.append(decide(policy, state, NOW, 1, time.gmtime).most)
    assert sizes == [50, 25, 12, 6, 3, 1, 1, 1]
    for _batch in range(7):
        state = answered(policy, state, FINE, NOW, 0.0)
    assert decide(policy, state, NOW, 1, time.gmtime).most == 100
    assert state.batch == 0


def test_a_batch_that_a_link_never_brings_over_becomes_smaller() -> None:
    state = LINKED
    for most in (500, 250, 125):
        assert decide(Policy(), state, NOW, 1, time.gmtime).most == most
        state = answered(Policy(), state, Answer(0, "did not answer in time", sent=9), NOW, 0.0)
    state = answered(Policy(), State(linked=True), Answer(0, "refused", sent=0), NOW, 0.0)
    assert state.batch == 0  # nothing went over it


def test_bytes_per_second_are_bounded() -> None:
    policy = Policy(rate=2000.0)
    assert policy.batch_bytes() == 20_000
    state, now, sent = LINKED, NOW, 0
    while now < NOW + 600:
        found = decide(policy, state, now, 1, time.gmtime)
        if not found.send:
            assert found.at is not None
            now = found.at
            continue
        sent += 15_000
        state = answered(policy, state, FINE._replace(sent=15_000), now, 0.0)
    assert 0.9 <= sent / (2000.0 * 600) <= 1.05


def test_sites_that_return_together_spread_over_the_time_that_the_receiver_named() -> None:
    chance = random.Random(3)
    turns: Counter[int] = Counter()
    for _site in range(1000):
        before = State(linked=False, failures=9, not_before=NOW + 1500, spread=600.0)
        state = link(before, True, NOW, chance.random())
        assert state.failures == 0
        assert NOW <= state.not_before < NOW + 600
        assert link(state, True, NOW + 1, 0.9) == state
        turns[int(state.not_before - NOW) // 60] += 1
    assert set(turns) == set(range(10))
    assert max(turns.values()) <= 150
    told = answered(Policy(), LINKED, FINE._replace(spread=30.0), NOW, 0.0)
    assert told.spread == 30.0


@pytest.mark.parametrize(
    "content, state",
    [
        ({}, State()),
        (LINKED.to_json(), LINKED),
        ({"failures": "many", "not_before": -1, "linked": 1, "batch": True, "x": 2}, State()),
        ({"failures": 3, "reason": "503"}, State(failures=3, reason="503")),
        ({"spread": float("nan"), "paced_until": float("inf")}, State()),
    ],
)
def test_the_state_outlives_the_process_and_damage(content: dict[str, t.Any], state: State) -> None:
    assert State.of(content) == state
