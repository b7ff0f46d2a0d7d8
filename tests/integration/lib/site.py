# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet that playbooks bring to a state, and what systemd, find and ip say of its nodes.

Nothing here asks the collection's own modules: what they claim is what the tests check.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bed import mirror, paths
from bed.fleet import Fleet
from bed.node import Node
from bed.plays import Plays, Run, Started, TaskResult, playbook, start

from .distributions import Distribution

WAIT = 300.0  # seconds a test waits for something that a busy machine may delay
_MAIN = ("MainPID", "ExecMainStartTimestampMonotonic", "InvocationID")
# Written by the system itself and not because of a run.
_RESTLESS = ("/etc/mtab", "/etc/resolv.conf")
# snapd writes its state at times of its own, and what is remembered of it is written with the next look.
_SNAPD = "/var/lib/snapd/state.json"
_REMEMBERED = ("/var/lib/lightk8s/state", "/var/lib/lightk8s/state/digests.json")


@dataclass
class Site:
    """A fleet with the inputs that its nodes are brought to."""

    fleet: Fleet
    distribution: Distribution
    inputs: dict[str, Any]

    def converge(self, *args: str, check: bool = True, **inputs: Any) -> Run:
        """Run converge.yml with the site's inputs, changed for this run by `inputs`."""
        return self.play("converge", *args, check=check, **inputs)

    def play(
        self,
        what: str | Path | Plays,
        *args: str,
        check: bool = True,
        inventory: Path | None = None,
        **inputs: Any,
    ) -> Run:
        """Run a playbook of the collection by its name, a file, or plays, as `converge` does."""
        return playbook(
            self.fleet, what, *self._given(inputs), *args, inventory=inventory, check=check
        )

    def start(self, *args: str, **inputs: Any) -> Started:
        """Begin what `converge` does."""
        return start(self.fleet, "converge", *self._given(inputs), *args)

    def begin(self, what: str | Path | Plays) -> Started:
        """Begin what `play` does."""
        return start(self.fleet, what, *self._given({}))

    def _given(self, inputs: Mapping[str, Any]) -> list[str]:
        number = len(list((self.fleet.root / "runs").glob("*.log"))) + 1
        file = self.fleet.root / f"inputs-{number:03}.json"
        given = {key: self._for_some(key, v) for key, v in {**self.inputs, **inputs}.items()}
        file.write_text(json.dumps(given, indent=1), encoding="utf-8")
        return ["-e", f"@{file}"]

    def _for_some(self, key: str, value: Any) -> Any:
        """The value as it is given to all nodes at once; a template is left as it is."""
        if key in self.distribution.agents_only and not isinstance(value, str | None):
            return f"{{{{ {value!r} if edge_role == 'agent' else '' }}}}"
        return value

    @property
    def server(self) -> Node:
        """The first server, which answers kubectl."""
        return next(n for n in self.fleet.nodes.values() if n.spec.role == "server")

    @property
    def lone(self) -> Node:
        """The node with the kubelet in a site that has one alone."""
        return next(n for n in self.fleet.nodes.values() if n.spec.role == self.distribution.lone)

    def is_ready(self) -> bool:
        """Whether the cluster has the nodes of the fleet, all Ready, and no other."""
        return ready(self.server) == dict.fromkeys(self.fleet.nodes, True)

    def unit(self, node: Node) -> str:
        return self.distribution.unit(node.spec.role)

    def main(self, node: Node) -> Main:
        """Which start of the distribution's service runs on the node."""
        return main(node, self.unit(node))


@dataclass(frozen=True)
class Main:
    """One start of a unit's main process."""

    pid: str
    since: str
    invocation: str


def main(node: Node, unit: str) -> Main:
    """The start that runs now; pid "0" where none does."""
    wanted = [f"--property={name}" for name in _MAIN]
    shown = node.run(["systemctl", "show", *wanted, unit]).stdout
    found = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    return Main(*(found[name] for name in _MAIN))


def starts(node: Node, unit: str) -> int:
    """How often systemd has begun to start the unit since the node booted."""
    # systemd says "Starting" of services that tell when they are ready, else "Started" alone.
    lines = _said(node, unit)
    begun, done = (
        sum(line.startswith(f"{word} {unit} ") for line in lines)
        for word in ("Starting", "Started")
    )
    return max(begun, done)


def repeats(node: Node, unit: str) -> int:
    """How many of these starts were systemd's own, because the unit had ended by itself."""
    return sum("Scheduled restart job" in line for line in _said(node, unit))


def _said(node: Node, unit: str) -> list[str]:
    words = ["journalctl", "--boot", "--no-pager", "--output=cat", f"--unit={unit}"]
    return node.run(words).stdout.splitlines()


def actions(run: Run, host: str) -> list[str]:
    """What the run has done on the host, or would do in check mode."""
    return list(results(run, host)[-1].result.get("actions", []))


def messages(run: Run) -> str:
    """What all failed tasks said."""
    failed = [task for task in run.tasks if task.status == "failed"]
    return "\n".join(str(task.result.get("msg")) for task in failed)


def ready(server: Node) -> dict[str, bool]:
    """Whether each Node is Ready, as kubectl on a server says; empty where it does not answer."""
    said = server.kubectl("get", "nodes", "-o", "json", check=False)
    items = json.loads(said.stdout)["items"] if said.returncode == 0 else []
    return {
        item["metadata"]["name"]: any(
            c["type"] == "Ready" and c["status"] == "True" for c in item["status"]["conditions"]
        )
        for item in items
    }


def results(run: Run, host: str) -> list[TaskResult]:
    """What each module run on the host has given, check mode's look first."""
    return [t for t in run.of(host, action="edge_site") if t.status != "skipped"]


def failure(run: Run, host: str) -> dict[str, str]:
    """The `failure` of the last module run on the host that has one."""
    found = [t.result["failure"] for t in results(run, host) if "failure" in t.result]
    if not found:
        raise AssertionError(f"nothing failed on {host}:\n{run.output[-4000:]}")
    return dict(found[-1])


def files(node: Node, *roots: str) -> dict[str, str]:
    """Path -> mode, owner, size, inode, times of everything below the folders."""
    form = r"%p\t%y %m %u:%g %s %i %T@ %C@ %l\n"
    words = ["find", *roots, "-xdev", "-printf", form]
    listed = node.run(words, check=False).stdout
    rows = (line.split("\t", 1) for line in listed.splitlines())
    restless = (*_RESTLESS, *(_REMEMBERED if node.exists(_SNAPD) else ()))
    return {row[0]: row[1] for row in rows if row[0] not in restless}


def wait_for(what: str, look: Callable[[], Any], limit: float = WAIT) -> Any:
    """The first true value of `look`; AssertionError naming what did not come."""
    end = time.monotonic() + limit
    while not (found := look()):
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not after {limit:g} s")
        time.sleep(0.5)
    return found


def run_pod(site: Site, name: str, *args: str, on: Node | None = None) -> None:
    """Run a pod of the test bed's probe image from an archive: nothing is pulled.

    `on` pins the pod to that node, which else is the site's lone one; `args` are the probe's.
    """
    node = on or site.lone
    archive = Path(site.inputs["edge_release_mirrors"][0]).parent / "images" / "probe.tar"
    node.put(archive, "/run/probe.tar")
    node.run([*site.distribution.ctr, "images", "import", "/run/probe.tar"])
    node.run(["rm", "/run/probe.tar"])
    spec = {
        **site.distribution.pod,
        **({"nodeName": node.name} if len(site.fleet.nodes) > 1 else {}),
    }
    more = ["--overrides", json.dumps({"spec": spec})] if spec else []
    probe = ("--", "/probe", "-listen", "", *args) if args else ()
    image = (f"--image={mirror.PROBE}", "--image-pull-policy=Never")
    site.server.kubectl("run", name, *image, *more, *probe)
    wait_for(f"pod {name}", lambda: phase(site.server, name) == "Running")


def phase(node: Node, pod: str) -> str:
    words = ("get", "pod", pod, "--ignore-not-found", "-o", "jsonpath={.status.phase}")
    return node.kubectl(*words, check=False).stdout.strip()


# Nobody listens there: what a site's nodes say to each other goes past it, or fails.
NO_ONES_PROXY = {f"{scheme}_proxy": "http://127.0.0.1:9" for scheme in ("http", "https")}


def common_inputs(distribution: Distribution, releases: Path) -> dict[str, Any]:
    """What every contract test sets: the test bed's mirror, an own cache, the air gap's images."""
    return {
        "edge_distribution": distribution.name,
        "edge_version": distribution.version,
        "edge_release_mirrors": [str(releases)],
        "edge_cache_dir": str(paths.cache_root() / "release-cache"),
        "edge_mode": "offline",
        "edge_wait_timeout": int(WAIT),
        **distribution.inputs,
    }
