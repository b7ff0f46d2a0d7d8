# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site has to tell is not lost, and costs little: the bench of it in a short form."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bed import paths

from ..bench import sync_cuts, sync_delivery, sync_wire


def test_power_cuts_cost_no_acknowledged_event(tmp_path: Path) -> None:
    found = sync_cuts.cut(tmp_path, 6)
    assert found == sync_cuts.Harm(6, lost=0, corrupt=0, doubled=0, cuts_with_loss=0)


def test_the_same_cuts_harm_a_queue_that_is_not_durable(tmp_path: Path) -> None:
    """Else the test before would say nothing."""
    command = [sys.executable, str(paths.REPO / "tools" / "virtualenv.py"), "queues"]
    made = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    found = sync_cuts.cut(tmp_path, 6, "diskcache", f"{made}/bin/python")
    assert found.cuts_with_loss > 0


def test_killed_processes_cost_no_acknowledged_event(tmp_path: Path) -> None:
    found = sync_cuts.kill(tmp_path, 15)
    assert found == sync_cuts.Harm(15, lost=0, corrupt=0, doubled=0, cuts_with_loss=0)


def test_bad_links_and_a_hub_that_is_killed_neither_lose_nor_double(tmp_path: Path) -> None:
    found = sync_delivery.deliver(tmp_path, 6000, sites=4, kills=0.3)
    assert (found.lost, found.doubled, found.disordered) == (0, 0, 0)
    assert found.kills > 0


def test_an_event_costs_few_bytes_on_the_way(tmp_path: Path) -> None:
    found = sync_wire.measure(tmp_path)
    assert found["bytes_per_event"] <= 60
    assert found["raw_bytes_per_event"] > 250


def test_sites_that_come_back_together_spread(tmp_path: Path) -> None:
    found = sync_delivery.reconnect()
    assert found.load <= 2
    assert found.minutes <= 15
