# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What images cost on an agent with real containerd: 512 MB of memory, bytes counted in front of its sshd.

`python -m tests.bench.images_node [--only KEY,...]`; the last line is one JSON object. Figures:

noop_bytes        a run of ten images that are all there, at the node's interface, both ways, less 40 B an image
apply_peak_mb     our process on the node, as the kernel counts it, while an update of a 240 MB layer is imported
apply_ms_per_mb   processor time of that process for each MB of the layer; what containerd does is not in it
resume_waste      bytes on the way over those of a transfer that nothing cuts, less a piece for each of 20 cuts
link_share        bytes per second at a cap of 256 kbit/s, and the most in any 10 seconds
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bed import fleet, mirror
from bed.links import Link
from bed.paths import cache_root
from bed.plays import start

from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.kept import Kept
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import platform_of
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.source import Source

from ..integration.lib import images
from . import images_made
from .lab import Lab, median, up

BARS = {
    "noop_bytes": "<= 4000",
    "apply_peak_mb": "<= 48",
    "apply_ms_per_mb": "<= 25",
    "resume_waste": "<= 0.02",
    "link_share": "0.90-1.02, never above 1.05 over 10 s",
}
NAME = "bench.example/till"
# The server is there for the agent alone: with 512 MB it would have no room for anything else.
TOPOLOGY, NODE = "one=server,agent:memory=512m", "one-agent1"
PER_IMAGE = 40  # bytes of a run that each image may have beside the bar
LAYER = 240_000_000
CUTS, PIECE = 20, 1 << 20
CAP = 32_000  # bytes per second: 256 kbit/s
PYTHON, COSTS = "/opt/bench/images-python3", "/run/bench-costs"
# Starts the real interpreter and keeps what the kernel last said of it: peak in kB, processor time in ticks.
WATCHER = f"""#!/usr/bin/python3 -IS
import os, sys, time

child = os.fork()
if not child:
    os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv[1:]])
peak = ticks = done = 0
while not done:
    try:
        with open("/proc/%d/status" % child) as status:
            lines = [line for line in status if line.startswith("VmHWM")]
        peak = max(peak, int(lines[0].split()[1]) if lines else 0)
        with open("/proc/%d/stat" % child) as stat:
            words = stat.read().rpartition(")")[2].split()
        ticks = max(ticks, int(words[11]) + int(words[12]))
    except OSError:
        pass
    done, status = os.waitpid(child, os.WNOHANG)
    done or time.sleep(0.01)
with open("{COSTS}", "a") as costs:
    costs.write("%d %f\\n" % (peak, ticks / os.sysconf("SC_CLK_TCK")))
os._exit(os.waitstatus_to_exitcode(status) % 256)
"""
Play = list[dict[str, Any]]


def play(*wanted: images.Made, prune: bool = False) -> Play:
    rows = [{"name": f"{NAME}:{made.folder.name}", "source": str(made.folder)} for made in wanted]
    task = {
        "name": "Bring images",
        "lightk8s.edge.edge_images": {"images": rows, "prune": prune},
    }
    return [{"name": "Bench", "hosts": NODE, "gather_facts": False, "tasks": [task]}]


class Bench:
    """One node, and what was measured on it."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab = lab
        self.node = lab.nodes.nodes[NODE]
        self.folder = folder
        self.figures: dict[str, Any] = {}
        self.node.write(PYTHON, WATCHER, 0o755)

    def bring(self, *wanted: images.Made, prune: bool = True, args: Sequence[str] = ()) -> Any:
        """What the module says."""
        run = self.lab.run(play(*wanted, prune=prune), *self._args(), *args)
        return run.of(self.node.name, action="edge_images")[-1].result

    def _args(self) -> list[str]:
        return ["-e", json.dumps(self.values())]

    def noop(self) -> None:
        ten = [
            images_made.made(self.folder, f"small{number}", {"opt/data": b"%d" % number * 9000})
            for number in range(10)
        ]
        self.bring(*ten)
        self.bring(*ten)
        found = [self._carried(lambda: self.bring(*ten)) for _run in range(5)]
        self.figures["noop_bytes"] = round(median(found)) - PER_IMAGE * len(ten)

    def _carried(self, work: Callable[[], Any]) -> int:
        """Bytes of ssh at the interface while it runs, both ways, with all headers but the frame's."""
        rules = ("INPUT -i eth0 -p tcp --dport 22", "OUTPUT -o eth0 -p tcp --sport 22")
        for rule in rules:
            self.node.run(f"iptables -I {rule}")
        try:
            work()
            tables = [self.node.run(f"iptables -nvxL {rule.split()[0]} 1").stdout for rule in rules]
        finally:
            for rule in rules:
                self.node.run(f"iptables -D {rule}")
        return sum(int(table.split()[1]) for table in tables)

    def apply(self) -> None:
        old, new = images_made.large(self.folder, LAYER)
        self._has(old)
        began = time.monotonic()
        args = ("-e", f"ansible_python_interpreter={PYTHON}")
        done = self.bring(new, prune=False, args=args)
        took = time.monotonic() - began
        lines = self.node.run(f"cat {COSTS}").stdout.splitlines()
        rows = [[float(word) for word in line.split()] for line in lines]
        self.figures["apply_peak_mb"] = max(row[0] for row in rows) * 1024 / 1e6
        self.figures["apply_ms_per_mb"] = max(row[1] for row in rows) * 1e3 / (LAYER / 1e6)
        self.figures["apply_on_node"] = {
            "sent": done["transfer"]["bytes"],
            "mode": done["images"][0]["mode"],
            "seconds_with_encoding": took,
        }

    def _has(self, made: images.Made) -> None:
        """The node has the image, and the controller what it takes to make updates of it."""
        name = f"{NAME}:{made.folder.name}"
        source = Source(made.folder, self.folder / "scratch")
        found = source.image(name, platform_of("linux/amd64"))
        Kept(self.folder / "cache" / "images" / "kept").keep(found)
        with tarfile.open(self.folder / "had.tar", "w") as archive:
            archive.add(made.folder, ".")
        self.node.write("/root/had.tar", (self.folder / "had.tar").read_bytes())
        self.node.run(f"k3s ctr images import --index-name {name} /root/had.tar; rm /root/had.tar")

    def resume(self) -> None:
        image = images_made.made(
            self.folder, "cut", {"opt/cut": random.Random(1).randbytes(60_000_000)}
        )
        chance = random.Random(2)
        with self._proxied() as (link, run):
            run(prune=True)  # with nothing that is alike nobody looks for differences
            total = self._counted(link, lambda: run(image))
            run(prune=True)
            before, cuts = link.counts()[0], 0
            left = sorted(chance.uniform(0, total) for _cut in range(CUTS))
            for place in left:
                link.cut_after(max(1, int(place - (link.counts()[0] - before))))
                cuts += bool(run(image).code)
                link.mend()
            assert not run(image).code, "the last run has failed"
            sent = link.counts()[0] - before
        self.figures["resume_waste"] = max(0, sent - total - cuts * PIECE) / total
        self.figures["resume"] = {"total": total, "sent": sent, "cuts": cuts}

    def share(self) -> None:
        image = images_made.made(
            self.folder, "slow", {"opt/slow": random.Random(3).randbytes(2_000_000)}
        )
        with self._proxied() as (link, run):
            run(prune=True)
            samples = [(time.monotonic(), link.counts()[0])]
            inventory = self.lab.nodes.root / "hosts-proxy"
            words = ["-e", json.dumps({"edge_bandwidth_limit_mbps": CAP * 8 / 1e6})]
            begun = start(
                self.lab.nodes,
                play(image),
                *("-e", json.dumps(self.values())),
                *words,
                inventory=inventory,
            )
            while begun.process.poll() is None:
                time.sleep(0.25)
                samples.append((time.monotonic(), link.counts()[0]))
            assert begun.wait().code == 0, begun.log
        self.figures |= shares(samples, CAP)

    def values(self) -> dict[str, Any]:
        return {
            "edge_distribution": "k3s",
            "edge_cache_dir": str(self.folder / "cache"),
            "edge_lan_transfer": False,
        }

    @contextmanager
    def _proxied(self) -> Iterator[tuple[Link, Callable[..., Any]]]:
        """A link in front of the node's sshd, and what brings images over it."""
        with Link() as link:
            via = {self.node.name: link.forward((self.node.ip, 22))}
            inventory = self.lab.nodes.write_inventory("hosts-proxy", via=via)

            def run(*wanted: images.Made, prune: bool = False) -> Any:
                args = ("-e", json.dumps(self.values()), "-T", "20")
                begun = start(
                    self.lab.nodes, play(*wanted, prune=prune), *args, inventory=inventory
                )
                return begun.wait()

            yield link, run

    @staticmethod
    def _counted(link: Link, work: Callable[[], Any]) -> int:
        before = link.counts()[0]
        work()
        return link.counts()[0] - before


def shares(samples: Sequence[tuple[float, int]], cap: float) -> dict[str, float]:
    """The share of the cap between the first and the last tenth of the bytes, and in the busiest 10 s."""
    first, last = samples[0][1], samples[-1][1]
    inner = [
        (when, count)
        for when, count in samples
        if 0.1 <= (count - first) / max(1, last - first) <= 0.9
    ]
    most = 0.0
    for when, count in inner:
        later = [row for row in inner if row[0] - when >= 10]
        if later:
            most = max(most, (later[0][1] - count) / (later[0][0] - when) / cap)
    (began, low), (ended, high) = inner[0], inner[-1]
    return {"link_share": (high - low) / (ended - began) / cap, "link_share_most_10_s": most}


PARTS: tuple[tuple[tuple[str, ...], Callable[[Bench], None]], ...] = (
    (("noop_bytes",), Bench.noop),
    (("apply_peak_mb", "apply_ms_per_mb"), Bench.apply),
    (("resume_waste",), Bench.resume),
    (("link_share",), Bench.share),
)


def measure(wanted: Sequence[str] = ()) -> dict[str, Any]:
    """The figures, all of them unless some are `wanted`; the node is gone afterwards."""
    name = f"bench-images-{os.getpid()}"
    releases = mirror.ensure(cache_root(), distribution="k3s")
    with tempfile.TemporaryDirectory(dir=cache_root(), prefix=".bench-images-node-") as scratch:
        try:
            lab = up(name, TOPOLOGY, "k3s", releases)
            lab.run("converge")
            bench = Bench(lab, Path(scratch))
            for keys, take in PARTS:
                if not wanted or set(wanted).intersection(keys):
                    take(bench)
                    print(json.dumps(bench.figures), flush=True)
        finally:
            fleet.down(name)
    return bench.figures


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", help=", ".join(BARS))
    words = parser.parse_args()
    figures = measure([key for key in words.only.split(",") if key])
    for key, wanted in BARS.items():
        if key in figures:
            print(f"{key:24} {figures[key]!s:24} {wanted}")
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
