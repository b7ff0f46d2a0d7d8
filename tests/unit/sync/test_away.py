# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Three days without a link on a clock that the test sets: a round each quarter of an hour, then the link is back."""

from __future__ import annotations

import json
import os
import typing as t
from collections.abc import Iterator
from pathlib import Path
from time import gmtime
from time import time as now

import pytest

from ansible_collections.lightk8s.edge.extras.hub.lightk8s_hub import serve, tables
from ansible_collections.lightk8s.edge.plugins.module_utils._sync import places
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.agent import Survey
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.windows import Local

from ..hub.conftest import served
from .bench import Bench

ROUND = 900.0
ROUNDS = int(72 * 3600 / ROUND)
AWAY = {"url": "http://127.0.0.1:9"}
MEGABYTE = 1 << 20


class Clock:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self.now = now()

    def time(self) -> float:
        return self.now

    def localtime(self, seconds: float) -> Local:
        return gmtime(seconds)

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Restless(Bench):
    """A node of which each round tells something else: more than the queue may hold in three days."""

    number = 0

    def survey(self) -> Survey:
        self.number += 1
        node = {"name": "n1", "ready": self.number % 2 == 0, "version": "x" * 8000, "roles": []}
        other = {**node, "name": f"m{self.number}", "ready": True}
        return Survey({"nodes": [{**node, "reason": str(self.number)}, other]})


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Restless]:
    with served(serve.Settings(f"sqlite:///{tmp_path / 'hub.db'}", port=0)) as hub:
        made = Restless(tmp_path, hub)
        made.clock = Clock()
        made.settings["queue_mb"] = 1
        yield made


def size(bench: Bench) -> int:
    path = bench.host.path(places.QUEUE)
    return sum(os.path.getsize(path + side) for side in ("", "-wal") if os.path.exists(path + side))


def test_three_days_away(bench: Restless) -> None:
    bench.publish(5)
    bench.round()
    assert bench.carried == [5]
    largest = 0
    for dummy in range(ROUNDS):
        bench.clock.sleep(ROUND)
        assert "there is no link" in bench.round(**AWAY)
        largest = max(largest, size(bench))
    assert largest <= 2 * MEGABYTE  # the queue, and what of its log is not yet in it
    assert bench.carried == [5] * (ROUNDS + 1)  # what it was told holds all the time
    with bench.agent(**AWAY).queue() as queue:
        before: dict[str, t.Any] = queue.status()
    assert sum(before["dropped"].values()) > 0

    bench.publish(6)
    bench.clock.sleep(ROUND)
    assert bench.round() == "nothing is waiting"
    assert bench.carried[-1] == 6
    assert bench.waiting() == []
    (row,) = bench.hub.rows(tables.gaps)
    assert sum(before["dropped"].values()) <= _lost(row)
    known = bench.states()
    assert known["node/n1"]["reason"] == str(bench.number)
    assert known[f"node/m{bench.number}"]["ready"] is True
    gone = {f"node/m{number}" for number in range(1, bench.number)}
    assert all(known[key] == {"gone": True} for key in gone & known.keys())


def _lost(row: dict[str, t.Any]) -> int:
    return sum(json.loads(row["data"])["dropped"].values())
