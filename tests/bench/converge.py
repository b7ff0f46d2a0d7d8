# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a converge with nothing to do costs, and an installation.

`python -m tests.bench.converge [--runs 5] [--distribution k3s] [--only KEY,...]`; the last line is one
JSON object with the figures. Bars are printed beside them; nothing fails because of one.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from bed import fleet, mirror
from bed.paths import cache_root
from bed.shell import BedError

from . import byhand, memory, pair, traffic, wire
from .lab import FORKS, KITS, NAMES, PING, STATS, Lab, median, seconds, small_images, up

BARS = {
    "noop_vs_ping": "<= 0.7",
    "noop_speedup_vs_20_tasks": ">= 20",
    "site_remote_tasks_noop": "<= 5",
    "site_restarts_noop": "0",
    "site_noop_vs_ping": "reported",
    "noop_wire_bytes": "<= 4000",
    "noop_wire_bytes_cold": "reported",
    "module_peak_mb": "<= 64",
    "install_vs_by_hand": "<= 2",
}

BY_HAND = {"kubeedge": pair.compare}


@dataclass
class Bench:
    """Takes figures on one lab and prints each as soon as it is there."""

    lab: Lab
    runs: int
    installing: memory.Peak
    figures: dict[str, float] = field(default_factory=dict)

    def note(self, key: str, value: float, detail: str) -> None:
        self.figures[key] = round(value, 3)
        print(f"{key:26} {self.figures[key]:>10g}  ({BARS[key]})  {detail}", flush=True)

    def pings(self) -> None:
        self._against("noop_vs_ping", "converge", self.runs)

    def site_pings(self) -> None:
        self._against("site_noop_vs_ping", "site", max(1, self.runs // 2))

    def _against(self, key: str, play: str, runs: int) -> None:
        """The worse of the ratios at several numbers of forks."""
        ratios, details = [], []
        for forks in FORKS:
            taken = seconds(self.lab, {"play": play, "ping": PING}, runs, forks)
            ours, ping = median(taken["play"]), median(taken["ping"])
            ratios.append(ours / ping)
            details.append(f"forks {forks}: {ours:.2f} s / {ping:.2f} s")
        self.note(key, max(ratios), f"{NAMES} names; " + "; ".join(details))

    def twenty(self) -> None:
        runs = max(1, self.runs // 2)
        rivals = {"converge": "converge", "stat": STATS}
        taken = seconds(self.lab, rivals, runs, FORKS[-1], warm=False)
        many, ours = median(taken["stat"]), median(taken["converge"])
        detail = f"forks {FORKS[-1]}: {many:.2f} s / {ours:.2f} s"
        self.note("noop_speedup_vs_20_tasks", many / ours, detail)

    def traffic(self) -> None:
        found = traffic.site(self.lab)
        node, tasks = max(found.tasks.items(), key=lambda item: len(item[1]))
        self.note("site_remote_tasks_noop", len(tasks), f"{node}: {'; '.join(tasks)}")
        names = ", ".join(found.restarts) or "no service has begun a new life"
        self.note("site_restarts_noop", len(found.restarts), names)

    def bytes(self) -> None:
        """Of the node with the most, be it alone in its site or not."""
        for key, take in (("noop_wire_bytes", wire.warm), ("noop_wire_bytes_cold", wire.cold)):
            found = take(self.lab, self.runs)
            detail = ", ".join(f"{node} {count}" for node, count in found.items())
            self.note(key, max(found.values()), detail)

    def memory(self) -> None:
        self.lab.unchanged("converge", *memory.ARGS)
        quiet = memory.take(self.lab)
        both = {"installation": self.installing, "nothing to do": quiet}
        detail = "; ".join(
            f"{name}: {peak.own:.1f}, with children {peak.family:.1f}"
            for name, peak in both.items()
        )
        self.note("module_peak_mb", max(peak.own for peak in both.values()), detail)

    def installs(self) -> None:
        runs = min(3, self.runs)
        compare = BY_HAND.get(self.lab.distribution, byhand.compare)
        pairs = [compare(f"{self.lab.nodes.name}-bare", self.lab) for _run in range(runs)]
        ours, hand = (median([pair[side] for pair in pairs]) for side in (0, 1))
        self.note("install_vs_by_hand", ours / hand, f"{ours:.1f} s / {hand:.1f} s")


# What is taken together: the keys, and how.
PARTS: tuple[tuple[tuple[str, ...], Callable[[Bench], None]], ...] = (
    (("module_peak_mb",), Bench.memory),
    (("noop_wire_bytes", "noop_wire_bytes_cold"), Bench.bytes),
    (("site_remote_tasks_noop", "site_restarts_noop"), Bench.traffic),
    (("noop_vs_ping",), Bench.pings),
    (("site_noop_vs_ping",), Bench.site_pings),
    (("noop_speedup_vs_20_tasks",), Bench.twenty),
    (("install_vs_by_hand",), Bench.installs),
)


@contextlib.contextmanager
def prepared(args: argparse.Namespace) -> Iterator[Bench]:
    """Nodes with the site up; gone afterwards."""
    releases = mirror.ensure(
        cache_root(),
        log=lambda line: print(line, file=sys.stderr),
        distribution=args.distribution,
    )
    folder = Path(tempfile.mkdtemp(prefix="bench-images-"))
    try:
        lab = up(args.fleet, KITS[args.distribution].topology, args.distribution, releases)
        lab = replace(lab, images=small_images(folder, args.images))
        memory.install(lab)
        began = time.monotonic()
        lab.run("converge", *memory.ARGS)
        bench = Bench(lab, args.runs, memory.take(lab))
        load = os.getloadavg()[0]
        print(
            f"{len(lab.nodes.nodes)} nodes, {args.distribution} {lab.kit.version} ({mirror.kind(args.distribution)}),"
            f" {args.images} images, up in {time.monotonic() - began:.0f} s; {os.cpu_count()} CPUs, load {load:.1f}",
            flush=True,
        )
        yield bench
    finally:
        fleet.down(args.fleet)
        shutil.rmtree(folder)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of which the median counts")
    parser.add_argument("--distribution", default="k3s", choices=sorted(KITS))
    parser.add_argument("--only", default="", metavar="KEY,...", help=", ".join(BARS))
    parser.add_argument("--images", type=int, default=10, help="images that the spec names")
    parser.add_argument("--fleet", default="bench", help="name of the test bed's fleet")
    args = parser.parse_args()
    unknown = sorted({key for key in args.only.split(",") if key} - set(BARS))
    if unknown or args.runs < 1:
        parser.error(f"no such figure: {', '.join(unknown)}" if unknown else "--runs: at least 1")
    return args


def main() -> None:
    args = arguments()
    wanted = {key for key in args.only.split(",") if key} or set(BARS)
    try:
        with prepared(args) as bench:
            for keys, take in PARTS:
                if wanted.intersection(keys):
                    take(bench)
            figures = {key: bench.figures[key] for key in BARS if key in wanted}
    except BedError as error:
        raise SystemExit(f"bench: {error}") from error
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
