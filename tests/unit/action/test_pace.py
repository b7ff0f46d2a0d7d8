# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bound of a site's link is kept and used, by all who send there; windows are in the site's time."""

from __future__ import annotations

import datetime as dt
import heapq
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._transfer import pace as module
from ansible_collections.lightk8s.edge.plugins.plugin_utils._transfer.pace import (
    OVERHEAD,
    Pace,
    bytes_per_second,
    local_time,
    pace_of,
    waits,
)

Clock = list[float]
EXEC = 0.05  # seconds that an exec takes by itself


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Seconds that go by when somebody sleeps."""
    now = [1000.0]
    for name in ("monotonic", "time"):
        monkeypatch.setattr(time, name, lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    return now


def most_in_ten_seconds(sent: list[tuple[float, int]]) -> int:
    return max(sum(size for at, size in sent if start <= at < start + 10) for start, _size in sent)


@pytest.mark.parametrize("rate", [8_000.0, 32_000.0, 125_000.0])
def test_a_bound_holds_over_any_window(rate: float, clock: Clock) -> None:
    pace = Pace(rate)
    sent: list[tuple[float, int]] = []
    while clock[0] < 1120:
        pace.wait(pace.step)
        sent.append((clock[0], pace.step + OVERHEAD))
        clock[0] += EXEC
    one = pace.step + OVERHEAD  # what has begun goes to its end
    assert most_in_ten_seconds(sent) <= max(1.05 * 10 * rate, 10 * rate + one)
    assert sum(size for _at, size in sent) >= 0.98 * 120 * rate


@pytest.mark.parametrize("nodes", [2, 5])
def test_the_nodes_of_a_site_share_its_link(nodes: int, clock: Clock, tmp_path: Path) -> None:
    """Each sends when its turn comes; their processes know of each other by the file alone."""
    rate, began = 64_000.0, clock[0]
    paces = [Pace(rate, meter=tmp_path / "links" / "shop") for _node in range(nodes)]
    waiting = [(began, number) for number in range(nodes)]
    sent: list[tuple[float, int]] = []
    while waiting[0][0] < began + 60:
        at, number = heapq.heappop(waiting)
        clock[0] = at
        paces[number].wait(paces[number].step)
        sent.append((clock[0], paces[number].step + OVERHEAD))
        heapq.heappush(waiting, (clock[0] + EXEC, number))
    assert most_in_ten_seconds(sent) <= 1.05 * 10 * rate
    assert sum(size for _at, size in sent) >= 0.95 * 60 * rate


@pytest.mark.parametrize("note", ["", "rubbish", "1e12", "-5"])
def test_a_note_that_means_nothing_holds_nobody_up(note: str, clock: Clock, tmp_path: Path) -> None:
    meter = tmp_path / "shop"
    meter.write_text(note)
    Pace(8000, meter=meter).wait(100)
    assert clock[0] == 1000


def test_a_link_without_a_bound_is_not_waited_for(clock: Clock) -> None:
    pace = Pace()
    pace.wait(1 << 30)
    assert (clock[0], pace.step) == (1000, 0)


@pytest.mark.parametrize(
    ("params", "variables", "rate"),
    [
        ({}, {}, 0),
        ({}, {"edge_bandwidth_limit_mbps": ""}, 0),
        ({}, {"edge_bandwidth_limit_mbps": "0.256"}, 32_000),
        ({"bandwidth_limit_mbps": 2.0}, {"edge_bandwidth_limit_mbps": 1}, 250_000),
    ],
)
def test_the_bound_is_the_tasks_or_the_inputs(
    params: dict[str, Any], variables: dict[str, Any], rate: float
) -> None:
    assert of(variables, params).rate == rate


def of(variables: dict[str, Any], params: dict[str, Any] | None = None) -> Pace:
    return pace_of(params or {}, variables, lambda value: value, lambda _text: None)


@pytest.mark.parametrize("value", [0, -1, "much", "nan", "inf", [1]])
def test_what_is_no_bandwidth_is_refused(value: Any) -> None:
    with pytest.raises(EdgeError, match="no bandwidth"):
        of({"edge_bandwidth_limit_mbps": value})


def test_sites_have_links_of_their_own(tmp_path: Path) -> None:
    inputs = {"edge_bandwidth_limit_mbps": 1, "edge_cache_dir": str(tmp_path)}
    meters = [of(inputs, {"site": site})._meter for site in ("a", "a", "b")]
    assert meters[0] == meters[1] != meters[2]
    assert bytes_per_second("0.064") == 8000


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


def test_nothing_goes_before_the_window_opens(clock: Clock) -> None:
    clock[0] = at("2026-11-21T20:15+00:00")
    said: list[str] = []
    zone = {"edge_timezone": "Europe/Berlin"}
    pace = pace_of(
        {}, {**zone, "edge_transfer_windows": ["22:00-06:00"]}, lambda value: value, said.append
    )
    pace.wait(1)
    assert clock[0] == at("2026-11-21T21:00+00:00")
    pace.wait(1)
    assert clock[0] == at("2026-11-21T21:00+00:00")
    assert said == ["the next window of the site opens in 45 min 0 s"]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"edge_transfer_windows": "25:00-26:00", "edge_timezone": "UTC"}, "no window"),
        ({"edge_transfer_windows": ["22:00-06:00"], "edge_timezone": "Mars/Base"}, "no time zone"),
        ({"edge_transfer_windows": ["22:00-06:00"], "edge_timezone": "../etc/x"}, "no time zone"),
        ({"edge_transfer_windows": ["22:00-06:00"]}, "its time zone is not known"),
    ],
)
def test_wrong_windows_are_refused_before_anything_is_sent(
    inputs: dict[str, Any], message: str
) -> None:
    with pytest.raises(EdgeError, match=message):
        of(inputs)


def test_a_zone_without_a_name_is_none() -> None:
    with pytest.raises(EdgeError, match="no time zone"):
        local_time("")
    assert module.local_time("UTC")(0.0).tm_hour == 0
