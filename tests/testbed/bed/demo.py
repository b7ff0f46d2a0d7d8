# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demonstration: two K3s sites, a running pod, and a second run that changes nothing.

`python -m bed.demo up` and `python -m bed.demo down`. Every step prints one line; what a step
prints itself is in one log file. A step that fails says what to do.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from . import fleet, mirror, plays, prereqs
from .fleet import Fleet
from .node import Node
from .paths import cache_root
from .shell import BedError

FLEET = "demo"
TOPOLOGY = "shop1=server; shop2=server,agent"
VERSION = "v1.34.2+k3s1"
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "hello"},
    "spec": {"containers": [{"name": "hello", "image": "docker.io/lightk8s/probe:1"}]},
}


@dataclass(frozen=True)
class Story:
    """Prints one line per step; the log takes what the steps say."""

    log: TextIO

    @contextmanager
    def step(self, text: str, remedy: str) -> Iterator[None]:
        """One step; `remedy` is what a person should do when it fails."""
        began = time.monotonic()
        print(f"  ...   {text}", end="", flush=True)
        print(f"== {text}", file=self.log, flush=True)
        try:
            with redirect_stdout(self.log):
                yield
        except (BedError, OSError) as error:
            print(f"\r  FAILED {text}\n\n{error}\n\nWhat to do: {remedy}\nLog: {self.log.name}")
            raise SystemExit(1) from error
        print(f"\r  ok    {text} ({time.monotonic() - began:.0f} s)", flush=True)

    def say(self, line: str) -> None:
        """A line of a builder or of ansible-playbook."""
        print(line, file=self.log, flush=True)


def up() -> None:
    """Build what is missing, start the fleet, install, show."""
    folder = cache_root()
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "demo.log", "a", encoding="utf-8") as log:
        story = Story(log)
        print(f"lightk8s.edge demonstration (log: {log.name})")
        with story.step("find or install what is needed", "install the packages named above"):
            prereqs.ensure()
        hint = "read the end of the log; run again, finished parts are kept"
        with story.step("build Kubernetes and the releases (7 minutes the first time)", hint):
            releases = mirror.ensure(folder, log=story.say)
        with story.step("start three nodes", "make demo-down, then run again"):
            nodes = fleet.up(FLEET, TOPOLOGY)
        seconds = _install(story, nodes, releases)
        with story.step("run a pod on each site", "look at the pods with the command below"):
            _run_pods(nodes, releases)
        with story.step("run the playbook a second time", hint):
            second = plays.playbook(nodes, "site", *_inputs(releases))
        _show(nodes, seconds, len(second.changed()), second.seconds)


def _inputs(releases: Path) -> tuple[str, ...]:
    values = {
        "edge_version": VERSION,
        "edge_release_mirrors": [str(releases)],
        "edge_mode": "offline",
        "edge_profile": "small",
    }
    return ("-e", json.dumps(values))


def _install(story: Story, nodes: Fleet, releases: Path) -> dict[str, float]:
    """Seconds until each site was up."""
    began = time.monotonic()
    with story.step(f"install K3s {VERSION} with playbooks/site.yml", "read the end of the log"):
        run = plays.playbook(nodes, "site", *_inputs(releases))
        story.say(run.output)
    return dict.fromkeys(
        {node.spec.site for node in nodes.nodes.values()}, time.monotonic() - began
    )


def _servers(nodes: Fleet) -> list[Node]:
    return [node for node in nodes.nodes.values() if node.spec.role == "server"]


def _run_pods(nodes: Fleet, releases: Path) -> None:
    archive = releases.parent / "images" / "probe.tar"
    for node in nodes.nodes.values():
        node.put(archive, "/var/lib/rancher/k3s/agent/images/probe.tar")
    for server in _servers(nodes):
        _until_the_pod_runs(server)


def _pod_runs(server: Node) -> bool:
    server.write("/tmp/hello.json", json.dumps(POD))
    if server.kubectl("apply", "-f", "/tmp/hello.json", check=False).returncode != 0:
        return False
    phase = server.kubectl("get", "pod", "hello", "-o", "jsonpath={.status.phase}", check=False)
    return phase.stdout.strip() == "Running"


def _until_the_pod_runs(server: Node, seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while not _pod_runs(server):
        if time.monotonic() > end:
            raise BedError(f"the pod of {server.spec.site} does not run after {seconds:.0f} s")
        time.sleep(1)


def _show(nodes: Fleet, seconds: dict[str, float], changed: int, again: float) -> None:
    print("\n  SITE    NODE             VERSION         READY   PODS  SECONDS")
    for server in _servers(nodes):
        site = server.spec.site
        found = json.loads(server.kubectl("get", "nodes", "-o", "json").stdout)
        pods = json.loads(server.kubectl("get", "pods", "-A", "-o", "json").stdout)["items"]
        for item in found["items"]:
            name = item["metadata"]["name"]
            ready = next(c["status"] for c in item["status"]["conditions"] if c["type"] == "Ready")
            version = item["status"]["nodeInfo"]["kubeletVersion"]
            here = sum(1 for pod in pods if pod["spec"].get("nodeName") == name)
            print(f"  {site:7} {name:16} {version:15} {ready:7} {here:4}  {seconds[site]:7.0f}")
    releases = "official" if mirror.kind() == "official" else "stand-in over real Kubernetes"
    print(f"\n  K3s: {releases}")
    print(f"  second run: {changed} changed, {again:.0f} s")
    first = _servers(nodes)[0].name
    print("\n  Look around:  tests/testbed/testbed ssh " + first + " k3s kubectl get pods -A")
    print("  Remove it:    make demo-down")


def main(argv: list[str]) -> None:
    """`up` or `down`."""
    try:
        if argv == ["down"]:
            if FLEET in fleet.names():
                fleet.down(FLEET)
            print("the demonstration is gone; builds stay in the cache")
        elif argv in ([], ["up"]):
            up()
        else:
            raise SystemExit("usage: python -m bed.demo up|down")
    except BedError as error:
        raise SystemExit(f"demo: {error}") from error
    except KeyboardInterrupt:
        print("\ninterrupted; run again to go on, or make demo-down", file=sys.stderr)
        os._exit(130)


if __name__ == "__main__":
    main(sys.argv[1:])
