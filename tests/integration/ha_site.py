# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites that converge.yml brings up, and what kubectl, systemctl and stat say about them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bed import fleet as fleets
from bed.fleet import Fleet
from bed.node import Node
from bed.plays import Run, Started, playbook, start
from bed.shell import BedError, run

VERSION = "v1.34.2+k3s1"


@dataclass
class Controller:
    """ansible-playbook with the inputs of one fleet."""

    fleet: Fleet
    mirror: Path
    cache: Path
    inputs: dict[str, Any] = field(default_factory=dict)

    def given(self, more: Mapping[str, Any]) -> list[str]:
        """The inputs as options of ansible-playbook; None takes one away."""
        values = {
            "edge_release_mirrors": [str(self.mirror)],
            "edge_cache_dir": str(self.cache),
            "edge_version": VERSION,
            "edge_mode": "offline",
            "edge_wait_timeout": 900,
            **self.inputs,
            **more,
        }
        kept = {key: value for key, value in values.items() if value is not None}
        return ["--extra-vars", json.dumps(kept)]

    def converge(
        self, *args: str, check: bool = True, inventory: Path | None = None, **more: Any
    ) -> Run:
        return self.play("converge", *args, check=check, inventory=inventory, **more)

    def play(
        self, name: str, *args: str, check: bool = True, inventory: Path | None = None, **more: Any
    ) -> Run:
        """Run a playbook of the collection; with `check`, raises BedError after a failure."""
        return playbook(
            self.fleet, name, *self.given(more), *args, inventory=inventory, check=check
        )

    def start(self, *args: str, **more: Any) -> Started:
        return start(self.fleet, "converge", *self.given(more), *args)


def until(what: str, look: Callable[[], Any], timeout: float = 300, pause: float = 0.3) -> Any:
    """The first value of `look` that is true; BedError naming `what` after `timeout` seconds."""
    end = time.monotonic() + timeout
    while True:
        try:
            found = look()
        except BedError as error:
            found, what = None, f"{what} ({error})" if "(" not in what else what
        if found:
            return found
        if time.monotonic() > end:
            raise BedError(f"{what}: not within {timeout:g} s")
        time.sleep(pause)


def ready(server: Node) -> dict[str, bool]:
    """Whether each Node is Ready, as kubectl on a server says."""
    listed = json.loads(server.kubectl("get", "nodes", "-o", "json").stdout)
    return {
        item["metadata"]["name"]: any(
            c["type"] == "Ready" and c["status"] == "True" for c in item["status"]["conditions"]
        )
        for item in listed["items"]
    }


def uids(server: Node) -> dict[str, str]:
    listed = json.loads(server.kubectl("get", "nodes", "-o", "json").stdout)
    return {item["metadata"]["name"]: item["metadata"]["uid"] for item in listed["items"]}


@dataclass(frozen=True)
class Start:
    """One start of a unit: another start differs in at least one of the two."""

    pid: int
    at: int


def started(node: Node, unit: str = "k3s.service") -> Start:
    shown = node.run(
        ["systemctl", "show", "-p", "MainPID", "-p", "ExecMainStartTimestampMonotonic", unit]
    ).stdout
    values = dict(line.split("=", 1) for line in shown.split())
    return Start(int(values["MainPID"]), int(values["ExecMainStartTimestampMonotonic"]))


def starts(node: Node, unit: str = "k3s.service") -> int:
    """How often systemd has begun to start the unit since the node was switched on."""
    lines = node.run(
        f"journalctl -b -u {unit} -o cat --no-pager | grep -c '^Starting' || :", check=False
    )
    return int(lines.stdout or 0)


def members(server: Node) -> list[dict[str, Any]]:
    """Etcd's members, as etcdctl asked on a server says."""
    tls = "/var/lib/rancher/k3s/server/tls/etcd"
    script = (
        "exec /var/lib/rancher/k3s/data/current/bin/kube etcdctl"
        " --endpoints https://127.0.0.1:2379"
        f" --cacert {tls}/server-ca.crt --cert {tls}/client.crt --key {tls}/client.key"
        " member list -w json"
    )
    found: list[dict[str, Any]] = json.loads(server.run(script).stdout)["members"]
    return found


def replace_machine(fleet: Fleet, node: Node) -> None:
    """The same name and address on a machine with an empty disk."""
    run(["podman", "rm", "--force", "--time", "0", node.container])
    run(["podman", "volume", "rm", "--force", node.container])
    fleets.up(fleet.name, owned=True)


def messages(result: Run) -> str:
    """What all failed tasks said."""
    return "\n".join(
        str(task.result.get("msg")) for task in result.tasks if task.status == "failed"
    )
