# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it costs that a site loses nothing, beside others' queues on the same machine.

`python -m tests.bench.sync ENVIRONMENT [--only KEY]... [--cuts 200] [--kills 500] [--events 1000000]`;
ENVIRONMENT is a virtual environment of tools/requirements/queues.txt. The last line is one
JSON object with the figures. Bars are printed beside them; nothing fails because of one. A group of
figures that cannot be had is named below `failed`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

from ..unit.sync.common import opened
from . import sync_cuts, sync_delivery, sync_memory, sync_wire

BARS = {
    "power_cuts_lost": "0",
    "power_cuts_corrupt": "0",
    "duplicates": "0",
    "kills_lost": "0",
    "harness_detects": ">= 5 of 10",
    "delivered_once_of_million": "0",
    "bytes_per_event": "<= 60",
    "append_speedup": ">= 5",
    "disk_bytes_per_event": "<= 4000",
    "agent_idle_mb": "0",
    "service_mb": "<= 25",
    "run_peak_mb": "<= 64",
    "reconnect_load": "<= 2",
}
GROUPS = ("wire", "appends", "disk", "reconnect", "harness", "cuts", "memory", "delivery")
DETECTING_CUTS = 10
OTHERS = ("litequeue", "diskcache")
PEER = "persist-queue"
SECONDS = 3.0
COMMIT = 50
COMMITS = 400
SECTOR = 512
MEMORY = 2 << 30


class Bench:
    """One run; each method is a group of figures."""

    def __init__(self, folder: Path, python: str, given: argparse.Namespace) -> None:
        self._folder = folder
        self._python = python
        self._given = given

    def _room(self, name: str) -> Path:
        made = self._folder / name
        made.mkdir()
        return made

    def cuts(self) -> dict[str, Any]:
        found = sync_cuts.cut(self._room("cuts"), self._given.cuts)
        killed = sync_cuts.kill(self._room("kills"), self._given.kills)
        return {
            "power_cuts": found.cuts,
            "power_cuts_lost": found.lost,
            "power_cuts_corrupt": found.corrupt + killed.corrupt,
            "kills": killed.cuts,
            "kills_lost": killed.lost,
            "duplicates": found.doubled + killed.doubled,
        }

    def harness(self) -> dict[str, Any]:
        found = {
            kind: sync_cuts.cut(self._room(kind), DETECTING_CUTS, kind, self._python)
            for kind in OTHERS
        }
        each = {f"harness_detects_{kind}": harm.cuts_with_loss for kind, harm in found.items()}
        return {"harness_detects": max(each.values()), **each}

    def delivery(self) -> dict[str, Any]:
        with tempfile.TemporaryDirectory(prefix="bench-sync-", dir=_memory()) as folder:
            found = sync_delivery.deliver(Path(folder), self._given.events)
        return {
            "delivered_once_of_million": found.lost + found.doubled + found.disordered,
            "delivered_events": found.events,
            "delivered_hub_kills": found.kills,
            "delivered_posts": found.posts,
        }

    def wire(self) -> dict[str, Any]:
        found = sync_wire.measure(self._room("wire"))
        found["bytes_per_event_mqtt_qos1"] = sync_wire.mqtt(self._folder / "mqtt", self._python)
        return {key: round(value, 1) for key, value in found.items()}

    def appends(self) -> dict[str, Any]:
        """The best way of each: ours commits many at once, which the peer cannot."""
        ours = self._rate("ours", sys.executable)
        peer = self._rate(PEER, self._python)
        best, other = max(ours.values()), max(peer.values())
        told = {f"appends_{name}_per_second": round(value) for name, value in ours.items()}
        theirs = {f"{PEER}_{name}_per_second": round(value) for name, value in peer.items()}
        alike = ours["by_64_threads"] / peer["by_64_threads"]
        return {
            "append_speedup": round(best / other, 1),
            "append_speedup_64_threads": round(alike, 1),
            **told,
            **theirs,
        }

    def _rate(self, kind: str, python: str) -> dict[str, float]:
        room = self._room(f"rate-{kind}")
        command = [python, str(sync_cuts.WRITER), "rate", kind, str(room), str(SECONDS)]
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, env=sync_cuts.environment()
        )
        return {str(key): float(value) for key, value in json.loads(done.stdout).items()}

    def disk(self) -> dict[str, Any]:
        """What the block device was told to write, with the file system's own journal."""
        with sync_cuts.disk(self._room("disk")) as (image, place):
            device = subprocess.run(
                ["losetup", "--noheadings", "--output", "NAME", "--associated", str(image)],
                check=True,
                capture_output=True,
                text=True,
            ).stdout.strip()
            counts = Path("/sys/block") / Path(device).name / "stat"
            before = _written(counts)
            with opened(place) as queue:
                for number in range(COMMITS):
                    queue.append(sync_cuts.events(number * COMMIT, COMMIT))
            sync_cuts.run("sync", "--file-system", place)
            written = _written(counts) - before
        return {"disk_bytes_per_event": round(written * SECTOR / (COMMIT * COMMITS))}

    def memory(self) -> dict[str, Any]:
        return dict(sync_memory.measure(self._room("memory")))

    def reconnect(self) -> dict[str, Any]:
        found = sync_delivery.reconnect()
        return {
            "reconnect_load": round(found.load, 2),
            "reconnect_minutes": round(found.minutes, 1),
            "reconnect_peak_per_second": round(found.peak, 1),
        }


def _memory() -> str:
    """Where files lie in memory, if there is room: killed processes leave what they have written."""
    place = "/dev/shm"
    roomy = os.path.isdir(place) and shutil.disk_usage(place).free > MEMORY
    return place if roomy else "/var/tmp"


def _written(counts: Path) -> int:
    """Sectors, the seventh number of a block device's statistics."""
    return int(counts.read_text().split()[6])


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("environment", type=Path)
    parser.add_argument("--only", action="append", default=[], choices=GROUPS)
    parser.add_argument("--cuts", type=int, default=200)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--events", type=int, default=1_000_000)
    given = parser.parse_args()
    figures: dict[str, Any] = {}
    failed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="bench-sync-", dir="/var/tmp") as folder:
        bench = Bench(Path(folder), str(given.environment / "bin" / "python"), given)
        for name in given.only or GROUPS:
            try:
                found: dict[str, Any] = getattr(bench, name)()
            except Exception:  # hours of other figures are not thrown away for it
                traceback.print_exc()
                failed.append(name)
                continue
            for key, value in found.items():
                print(f"{key}: {value}  ({BARS.get(key, 'reported')})", flush=True)
            figures.update(found)
    print(json.dumps({**figures, "failed": failed} if failed else figures))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
