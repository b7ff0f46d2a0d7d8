# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows are in the site's time, and no ten seconds carry more than the cap."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.pace import (
    Bucket,
    bytes_per_second,
    local_time,
    remaining,
    waits,
)


def at(text: str) -> float:
    return dt.datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("texts", "zone", "now", "seconds"),
    [
        ([], "UTC", "2026-11-21T12:00+00:00", 0),
        (["22:00-06:00"], "Europe/Berlin", "2026-11-21T21:30+00:00", 0),
        (["22:00-06:00"], "UTC", "2026-11-21T21:30+00:00", 1800),
        (["22:00-06:00"], "Asia/Kolkata", "2026-11-21T16:00+00:00", 1800),
        (["sun 08:00-12:00"], "Pacific/Auckland", "2026-11-21T18:59:30+00:00", 30),
        # Clocks are put forward at 01:00 UTC: three o'clock comes an hour earlier.
        (["sun 03:00-04:00"], "Europe/Berlin", "2026-03-29T00:30+00:00", 1800),
    ],
)
def test_windows_open_by_the_clocks_of_the_site(
    texts: list[str], zone: str, now: str, seconds: float
) -> None:
    assert waits(texts, zone, at(now)) == seconds


def test_wrong_wishes_are_refused() -> None:
    for zone in ("Mars/Base", "../etc/passwd", ""):
        with pytest.raises(EdgeError, match="no time zone"):
            local_time(zone)
    for mbps in (0, -1, float("nan"), float("inf")):
        with pytest.raises(EdgeError, match="no cap"):
            bytes_per_second(mbps)
    with pytest.raises(EdgeError, match="no window"):
        waits(["25:00-26:00"], "UTC", 0)


@given(
    st.floats(1_000, 10_000_000),
    st.lists(st.tuples(st.integers(1, 60_000), st.floats(0, 30)), min_size=1, max_size=80),
)
def test_the_cap_holds_over_any_time(rate: float, sends: list[tuple[int, float]]) -> None:
    bucket, now, gone = Bucket(rate), 100.0, []
    for wanted, pause in sends:
        count = min(wanted, bucket.step)
        now += pause
        now += bucket.delay(now, count)
        gone.append((now, count))
    for place, (begin, dummy) in enumerate(gone):
        total = 0
        for moment, count in gone[place:]:
            total += count
            assert total <= rate * (moment - begin) + rate * 0.4 + 2
    # 0.4 s of the cap beyond: within 1.05 over 10 s.


@given(st.floats(8_000, 10_000_000))
def test_a_sender_that_never_rests_uses_the_cap(rate: float) -> None:
    bucket, now, sent = Bucket(rate), 0.0, 0
    while now < 30:
        now += bucket.delay(now, bucket.step)
        sent += bucket.step
    assert 0.97 <= sent / now / rate <= 1.05


def test_fractions_overhead_and_what_remains() -> None:
    assert bytes_per_second(0.064) == 8000
    paid = Bucket(8000, overhead=1.25)
    assert paid.delay(0, paid.step) == 0
    assert paid.delay(0, 6400) == pytest.approx(1.0)
    assert remaining(8000, 0.064, 0) == 1
    assert remaining(8000, 0.064, 4000) == 2
    assert remaining(8000, None, 0) is None
