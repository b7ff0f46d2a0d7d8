# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory of what we add to a node: between rounds, as a service, and at the highest in any of our runs."""

from __future__ import annotations

import base64
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bed import fleet, mirror
from bed.node import Node
from bed.paths import cache_root

from ansible_collections.lightk8s.edge.extras.hub.lightk8s_hub import serve
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document import Document
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.signing import Signer, signed

from ..unit.hub.conftest import Running, served
from . import memory
from .lab import Lab, up

FLEET = "bench-sync"
SITE = "shop"
NODE = "shop-server1"
PORT = 18080  # on the node's loopback: the near end of the way to the hub
SERVICE = "lightk8s-sync.service"
AGENT = f"{memory.PYTHON} -I -S /var/lib/lightk8s/sync/agent.zip"
ROUNDS = 5  # of the service, before it is looked at
PATIENCE = 600.0
# Resident kB of every process of ours.
OURS = (
    r"for p in /proc/[0-9]*; do"
    r" if tr '\0' ' ' < $p/cmdline | grep -q -e /var/lib/lightk8s -e lightk8s-edge &&"
    r" [ ${p#/proc/} != $$ ]; then sed -n 's/^VmRSS:\s*\([0-9]*\).*/\1/p' $p/status; fi;"
    r" done 2>/dev/null; true"
)

MAIN = f"p=$(systemctl show --value -p MainPID {SERVICE}); c=/proc/$p/task/$p/children;"
# Resident kB of the service once no round of it is under way.
RESTING = (
    f'{MAIN} while [ -n "$(cat $c)" ]; do sleep 0.2; done;'
    r" sed -n 's/^VmRSS:\s*\([0-9]*\).*/\1/p' /proc/$p/status"
)
# The highest sum of its processes' kB, pages that they share divided among them, in the time of two rounds.
BUSY = (
    f"{MAIN} for n in $(seq 500); do"
    " for q in $p $(cat $c); do cat /proc/$q/smaps_rollup; done 2>/dev/null"
    " | awk '/^Pss:/ { s += $2 } END { print s }'; sleep 0.1; done | sort -n | tail -1"
)


def measure(folder: Path) -> dict[str, float]:
    """All figures, in MB, on a K3s node."""
    signer = Signer.create(str(folder / "key.pem"))
    with _lab() as lab, served(serve.Settings(f"sqlite:///{folder / 'hub.db'}", port=0)) as hub:
        node = lab.nodes[NODE]
        memory.install(lab)
        with node.reaches(PORT, ("127.0.0.1", int(hub.url.rpartition(":")[2]))):
            given = {
                "edge_mode": "hybrid",
                "edge_sync_url": f"http://127.0.0.1:{PORT}",
                "edge_sync_token": hub.token("site", SITE),
                "edge_sync_interval_minutes": 1000,
                "edge_sync_trusted_keys": [base64.b64encode(signer.public).decode()],
            }
            peaks = [_play(lab, "site", given), _play(lab, "site", given)]
            peaks.append(_round(lab, node))
            _publish(hub, signer)
            peaks.append(_round(lab, node))
            assert node.kubectl("get", "node", "-l", "bench=true", "-o", "name").stdout
            idle = _idle(node)
            _play(lab, "site", {**given, "edge_mode": "online"})
            service, busy = _service(node)
        return {
            "agent_idle_mb": idle,
            "service_mb": service,
            "service_round_mb": busy,
            "run_peak_mb": max(peaks),
        }


@contextmanager
def _lab() -> Iterator[Lab]:
    releases = mirror.ensure(
        cache_root(), log=lambda line: print(line, file=sys.stderr), distribution="k3s"
    )
    try:
        yield up(FLEET, "shop=server", "k3s", releases)
    finally:
        fleet.down(FLEET)


def _play(lab: Lab, name: str, given: dict[str, Any]) -> float:
    lab.run(name, "-e", json.dumps(given), *memory.ARGS)
    return memory.take(lab).own


def _round(lab: Lab, node: Node) -> float:
    node.run(f"{AGENT} sync", timeout=900)
    return memory.take(lab).own


def _publish(hub: Running, signer: Signer) -> None:
    """A document that changes the node and lets the distribution restart."""
    options = {
        "site": SITE,
        "distribution": "k3s",
        "storage_type": "sqlite",
        "labels": {"bench": "true"},
        "max_log_files": 4,
    }
    now = int(time.time())
    desired = {"nodes": {NODE: {"rank": 0, "options": options}}}
    raw = signed(Document(SITE, now, now, now + 3600, desired), [signer]).raw()
    answer = hub.ask("PUT", f"/v1/desired/{SITE}", raw, token=hub.token("publisher"))
    assert answer.status == 200, answer.body


def _idle(node: Node) -> float:
    """Once no round is under way."""
    until = time.monotonic() + PATIENCE
    while node.run(["systemctl", "is-active", SERVICE], check=False).stdout.strip() != "inactive":
        assert time.monotonic() < until, "the round has no end"
        time.sleep(1)
    return _megabytes(node.run(OURS).stdout)


def _service(node: Node) -> tuple[float, float]:
    """What stays between two rounds, every page of it counted as its own, and the most while rounds are under way."""
    seen: set[str] = set()
    until = time.monotonic() + PATIENCE
    while len(seen) < ROUNDS:
        told = json.loads(node.run(["lightk8s-edge", "status"]).stdout)
        seen.add(told["last_round"])
        assert time.monotonic() < until, "the service does not work"
        time.sleep(5)
    resting = node.run(RESTING).stdout.split()
    busy = node.run(BUSY, timeout=PATIENCE).stdout
    return _megabytes(resting[0]), _megabytes(busy)


def _megabytes(rows: str) -> float:
    return round(sum(int(row) for row in rows.split()) / 1024, 1)
