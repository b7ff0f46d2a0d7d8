# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records what the agent of a real K3s node tells, for `sync_wire`: `python -m tests.bench.sync_record`.

Rounds follow each other at once instead of every five minutes, and between two of them workloads change at random. An
agent in mode offline keeps all; what a round has added to the queue is taken from its export.
`recorded/site-events.json` says what was recorded, and has rows of [class, subject, type, time, data] in order.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from datetime import UTC, datetime
from typing import Any

from bed import fleet, mirror
from bed.node import Node
from bed.paths import cache_root

from .lab import KITS, up
from .sync_wire import RECORDED

FLEET, NODE = "bench-record", "shop-server1"
NAMES = [f"{part}-{place}" for part in ("till", "scale", "camera") for place in (1, 2, 3, 4)]
PAUSE = "docker.io/rancher/mirrored-pause:3.6"
EXPORT, LIST = "/run/events.jsonl", "/run/workloads.json"


def workloads(chance: random.Random) -> str:
    """A list for `kubectl apply`: some of a shop's workloads come, grow, shrink or cannot be pulled."""
    items = []
    for name in chance.sample(NAMES, 12):
        labels = {"app": name}
        image = chance.choice((PAUSE, PAUSE, "none.invalid/app:1"))
        pod = {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "app", "image": image}]},
        }
        spec = {
            "replicas": chance.randrange(3),
            "selector": {"matchLabels": labels},
            "template": pod,
        }
        items.append(
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": name},
                "spec": spec,
            }
        )
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def told(node: Node, after: int) -> list[tuple[int, list[Any]]]:
    """What the queue holds beyond a number, after one more round."""
    node.run(["systemctl", "start", "lightk8s-sync.service"], timeout=300)
    node.run(f"rm -f {EXPORT}; lightk8s-edge queue export {EXPORT}", timeout=120)
    rows = []
    for line in node.read(EXPORT).splitlines():
        event = json.loads(line)
        number = int(event["id"].rpartition("-")[2])
        if number > after:
            words = [event[key] for key in ("edgeclass", "subject", "type", "time", "data")]
            rows.append((number, words))
    return sorted(rows)


def record(node: Node, count: int) -> list[list[Any]]:
    chance = random.Random(1)
    rows: list[list[Any]] = []
    last = 0
    while len(rows) < count:
        node.write(LIST, workloads(chance))
        node.kubectl("apply", "-f", LIST)
        new = told(node, last)
        last = new[-1][0] if new else last
        rows += [row for _number, row in new]
        print(f"{len(rows)} of {count}", file=sys.stderr, flush=True)
    return rows[:count]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=1000)
    words = parser.parse_args()
    releases = mirror.ensure(
        cache_root(), log=lambda line: print(line, file=sys.stderr), distribution="k3s"
    )
    try:
        lab = up(FLEET, "shop=server", "k3s", releases)
        given = {"edge_sync_interval_minutes": 1000}
        lab.run("site", "-e", json.dumps(given))
        rows = record(lab.nodes[NODE], words.events)
    finally:
        fleet.down(FLEET)
    content = {
        "tool": f"lightk8s-edge on K3s {KITS['k3s'].version} of the test bed",
        "recorded": f"{datetime.now(UTC):%Y-%m-%d}",
        "rows": rows,
    }
    RECORDED.parent.mkdir(exist_ok=True)
    RECORDED.write_text(
        json.dumps(content, indent=None, separators=(",", ":")).replace("],[", "],\n[") + "\n"
    )
    print(json.dumps({"events": len(rows), "bytes": RECORDED.stat().st_size}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
