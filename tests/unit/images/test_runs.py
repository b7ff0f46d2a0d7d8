# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Content that repeats itself: found, left out of the comparison, and still rebuilt bit for bit."""

from __future__ import annotations

import random
import time

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.plugin_utils._delta.differences import matches
from ansible_collections.lightk8s.edge.plugins.plugin_utils._delta.runs import Rest, runs

REPEATED = st.builds(
    lambda unit, count, more: (unit * count)[: len(unit) * count - more],
    st.binary(min_size=1, max_size=24),
    st.integers(1, 900),
    st.integers(0, 23),
)
CONTENTS = st.lists(st.one_of(st.binary(max_size=60), REPEATED), max_size=5).map(b"".join)


@given(CONTENTS, CONTENTS, st.integers(0, 4000))
def test_what_repeats_itself_comes_back(old: bytes, new: bytes, cut: int) -> None:
    for target in (new, old[:cut] + new + old[cut:], old):
        result = bytearray()
        for match in matches(memoryview(old), memoryview(target)):
            source = old[match.place : match.place + len(match.diff)]
            pairs = zip(source, match.diff, strict=True)
            result += bytes((a + b) & 255 for a, b in pairs) + match.extra
        assert bytes(result) == target


@given(CONTENTS)
def test_the_rest_and_the_runs_are_all_there_is(data: bytes) -> None:
    rest = Rest(memoryview(data))
    assert len(rest.content) + sum(run.end - run.start for run in rest.runs) == len(data)
    for offset in range(0, len(rest.content), 7):
        assert rest.content[offset] == data[rest.place(offset)]
    for run in rest.runs:
        assert data[run.start + 48 : run.end] == data[run.start : run.end - 48]


def test_a_run_is_found_as_long_as_it_is() -> None:
    chance = random.Random(1)
    for start, size in ((5, 5000), (1024, 4096), (3000, 2100)):
        data = chance.randbytes(start) + b"ab" * (size // 2) + chance.randbytes(900)
        (found,) = runs(memoryview(data))
        assert found.start in range(start - 2, start + 1)
        assert found.end in range(start + size, start + size + 3)
    assert runs(memoryview(chance.randbytes(9000))) == []


def test_zeros_that_moved_cost_no_time() -> None:
    """Without care, minutes: the bound is far from both."""
    chance = random.Random(2)
    code, zeros = chance.randbytes(300_000), bytes(2 << 20)
    began = time.process_time()
    found = list(matches(memoryview(code + zeros), memoryview(b"moved" + zeros + code)))
    assert time.process_time() - began < 30
    assert sum(len(match.diff) for match in found) == len(code)
