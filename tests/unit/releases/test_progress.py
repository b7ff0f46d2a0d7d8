# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Progress lines."""

from __future__ import annotations

import pytest

from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.progress import (
    Meter,
    human_bytes,
    human_time,
    progress_line,
)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (71_234_567, "71.2 MB"), (3e12, "3000.0 GB")],
)
def test_bytes_are_readable(count: float, text: str) -> None:
    assert human_bytes(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.6, "1 min 0 s"), (59.4, "59 s"), (125, "2 min 5 s"), (7260, "2 h 1 min")],
)
def test_times_are_readable(seconds: float, text: str) -> None:
    assert human_time(seconds) == text


@pytest.mark.parametrize(
    ("done", "total", "fresh", "seconds", "line"),
    [
        (50_000_000, 70_000_000, 10_000_000, 5, "k: 50.0 MB of 70.0 MB, 2.0 MB/s, 10 s left"),
        (70_000_000, 70_000_000, 70_000_000, 7, "k: 70.0 MB of 70.0 MB, 10.0 MB/s"),
        (5000, None, 5000, 1, "k: 5.0 kB, 5.0 kB/s"),
        (0, 70_000_000, 0, 0, "k: 0 B of 70.0 MB"),
    ],
)
def test_a_line_has_bytes_rate_and_rest(
    done: int, total: int | None, fresh: int, seconds: float, line: str
) -> None:
    assert progress_line("k", done, total, fresh, seconds) == line


def test_the_meter_speaks_at_its_interval_only() -> None:
    now = 0.0
    lines: list[str] = []
    meter = Meter("k", lines.append, clock=lambda: now, interval=10.0)
    meter.begin(1_000_000, 4_000_000)
    for second in range(1, 22):
        now = float(second)
        meter.add(100_000)
    meter.end()
    assert lines == [
        "k: 4.0 MB, going on after 1.0 MB",
        "k: 2.0 MB of 4.0 MB, 100.0 kB/s, 20 s left",
        "k: 3.0 MB of 4.0 MB, 100.0 kB/s, 10 s left",
        "k: 3.1 MB of 4.0 MB, 100.0 kB/s, 9 s left",
    ]
