# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench's share of a cap, from bytes counted on the way."""

from __future__ import annotations

import pytest

from ansible_collections.lightk8s.edge.tests.bench.images_node import shares


def test_a_steady_transfer_has_the_share_of_its_rate() -> None:
    waiting = [(float(second), 500) for second in range(5)]
    samples = [*waiting, *((5.0 + second / 4, 500 + 240 * second) for second in range(200))]
    found = shares([*samples, (80.0, samples[-1][1])], 1000)
    assert found["link_share"] == pytest.approx(0.96)
    assert found["link_share_most_10_s"] == pytest.approx(0.96)


def test_ten_fast_seconds_are_not_hidden_by_slow_ones() -> None:
    count, samples = 0, []
    for second in range(100):
        samples.append((float(second), count))
        count += 2000 if 40 <= second < 52 else 800
    found = shares(samples, 1000)
    assert found["link_share"] < 1.1
    assert found["link_share_most_10_s"] == pytest.approx(2.0)
