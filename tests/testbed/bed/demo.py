# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demonstration: sites, a running pod on each, and a second run that changes nothing.

`python -m bed.demo up [DISTRIBUTION]` and `python -m bed.demo down`. Every step prints one line; what a
step prints itself is in one log file. A step that fails says what to do.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from . import fleet, inventory, mirror, plays, prereqs, runtime
from .fleet import Fleet
from .node import Node
from .paths import cache_root
from .shell import BedError
from .topology import Options

FLEET = "demo"
TOPOLOGY = "shop1=server; shop2=server,agent"
INPUTS = {"edge_version": "stable", "edge_mode": "offline", "edge_profile": "small"}
# the default range of some holds the addresses of the test bed's nodes
CLUSTER = {"edge_service_cidr": ["10.43.0.0/16"]}
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "hello"},
    "spec": {"containers": [{"name": "hello", "image": "docker.io/lightk8s/probe:1"}]},
}


@dataclass(frozen=True)
class Product:
    """What a spectator has to know of a distribution."""

    title: str
    program: tuple[str, ...]  # whose kubectl and ctr are the server's own
    packages: tuple[str, ...] = ()  # that nodes must have beforehand
    inputs: Mapping[str, object] = field(default_factory=dict)
    topology: str = TOPOLOGY
    cluster: str = ""  # the distribution that servers run, where agents only are nodes of this one


PRODUCTS = {
    "k3s": Product("K3s", ("k3s",)),
    "k0s": Product("k0s", ("k0s",)),
    # nobody has signed the test bed's snaps
    "microk8s": Product(
        "MicroK8s",
        ("/snap/bin/microk8s",),
        ("snapd",),
        {"edge_extra_config": {"dangerous": True}},
    ),
    "kubeedge": Product(
        "KubeEdge",
        ("k3s",),
        topology=f"shop1=server,agent:packages={' '.join(runtime.PACKAGES)}",
        cluster="k3s",
    ),
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


def up(distribution: str) -> None:
    """Build what is missing, start the fleet, install, show."""
    product = PRODUCTS[distribution]
    folder = cache_root()
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "demo.log", "a", encoding="utf-8") as log:
        story = Story(log)
        print(f"lightk8s.edge demonstration (log: {log.name})")
        with story.step("find or install what is needed", "install the packages named above"):
            prereqs.ensure()
        hint = "read the end of the log; run again, finished parts are kept"
        with story.step("build Kubernetes and the releases (7 minutes the first time)", hint):
            releases = mirror.ensure(folder, log=story.say, distribution=distribution)
        with story.step("start the nodes", "make demo-down, then run again"):
            options = Options(packages=product.packages)
            nodes = fleet.up(_fleet(distribution), product.topology, options)
            inputs = _inputs(distribution, releases)
            if product.cluster:
                inputs = _pair(nodes, product.cluster, distribution, releases)
        began = time.monotonic()
        with story.step(f"install {product.title} with playbooks/site.yml", hint):
            story.say(plays.playbook(nodes, "site", *inputs).output)
        seconds = time.monotonic() - began
        with story.step("run a pod on each site", "look at the pods with the command below"):
            _run_pods(product, nodes, releases)
        with story.step("run the playbook a second time", hint):
            second = plays.playbook(nodes, "site", *inputs)
        _show(nodes, seconds)
        kind = mirror.kind(distribution)
        origin = "official" if kind == "official" else "stand-in over real Kubernetes"
        print(f"\n  {product.title}: {origin}")
        print(f"  second run: {len(second.changed())} changed, {second.seconds:.0f} s")
        first, words = _servers(nodes)[0].name, " ".join(product.program)
        print(f"\n  Look around:  tests/testbed/testbed ssh {first} {words} kubectl get pods -A")
        print("  Remove it:    make demo-down")


def _fleet(distribution: str) -> str:
    """Each distribution has nodes to itself."""
    return f"{FLEET}-{distribution}"


def _inputs(distribution: str, releases: Path) -> tuple[str, ...]:
    values = {"edge_distribution": distribution, "edge_release_mirrors": [str(releases)]}
    return ("-e", json.dumps({**values, **INPUTS, **CLUSTER, **PRODUCTS[distribution].inputs}))


def _pair(nodes: Fleet, cluster: str, edges: str, releases: Path) -> tuple[str, ...]:
    """Give agents a container runtime and the inventory each host's inputs; what all of them share."""
    hosts = list(nodes.nodes.values())
    for node in hosts:
        if node.spec.role == "agent":
            runtime.start(node, releases.parent / "images")
    first = mirror.ensure(cache_root(), distribution=cluster)
    both = [
        {"edge_distribution": name, "edge_release_mirrors": [str(folder)]}
        for name, folder in ((cluster, first), (edges, releases))
    ]
    built = inventory.pairs(nodes.name, hosts, {**both[0], **CLUSTER}, both[1])
    inventory.write(nodes.inventory, built)
    return ("-e", json.dumps(INPUTS))


def _servers(nodes: Fleet) -> list[Node]:
    return [node for node in nodes.nodes.values() if node.spec.role == "server"]


def _run_pods(product: Product, nodes: Fleet, releases: Path) -> None:
    agents = [node for node in nodes.nodes.values() if node.spec.role == "agent"]
    archive = releases.parent / "images" / "probe.tar"
    for node in () if product.cluster else nodes.nodes.values():
        node.put(archive, "/run/probe.tar")
        node.run([*product.program, "ctr", "images", "import", "/run/probe.tar"])
    pin = {"nodeName": agents[0].name} if product.cluster else {}
    for server in _servers(nodes):
        server.write("/tmp/hello.json", json.dumps({**POD, "spec": {**POD["spec"], **pin}}))
        _until_the_pod_runs(server)


def _pod_runs(server: Node) -> bool:
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


def _show(nodes: Fleet, seconds: float) -> None:
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
            print(f"  {site:7} {name:16} {version:15} {ready:7} {here:4}  {seconds:7.0f}")


def _down() -> None:
    """Those of all distributions."""
    for name in fleet.names():
        if name in map(_fleet, PRODUCTS):
            fleet.down(name)
    print("the demonstration is gone; builds stay in the cache")


def main(argv: list[str]) -> None:
    """`up`, with the name of a distribution, or `down`."""
    try:
        if argv == ["down"]:
            _down()
        elif argv[:1] == ["up"] and argv[1:] in [[name] for name in PRODUCTS]:
            up(argv[1])
        else:
            raise SystemExit(f"usage: python -m bed.demo up {'|'.join(PRODUCTS)}, or down")
    except BedError as error:
        raise SystemExit(f"demo: {error}") from error
    except KeyboardInterrupt:
        print("\ninterrupted; run again to go on, or make demo-down", file=sys.stderr)
        os._exit(130)


if __name__ == "__main__":
    main(sys.argv[1:])
