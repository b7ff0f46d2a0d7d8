# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What 200 workloads cost that are right already, beside kubernetes.core's `k8s` on the same objects.

`python -m tests.bench.workloads ENVIRONMENT [--runs 3]`; ENVIRONMENT is a virtual environment with the
packages ansible and kubernetes. A real API server runs on this machine, without nodes. The last line is
one JSON object with the figures. Bars are printed beside them; nothing fails because of one.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bed import build
from bed.paths import cache_root

from ..integration.kube.cluster import Cluster

COUNT = 200
NAMESPACE = "bench"
HERE = Path(__file__).resolve().parent
OURS, THEIRS, THEIRS_APPLY = "ours", "kubernetes.core", "kubernetes.core, server-side apply"
BARS = {
    "noop_200_objects_seconds": "<= 2",
    "module_run_200_objects_seconds": "reported",
    "requests_over_objects": "<= 10",
    "peak_mb": "<= 64",
    "speedup_vs_kubernetes_core": ">= 5",
    "kubernetes_core_seconds": "reported",
    "kubernetes_core_apply_seconds": "reported",
}
# What the door costs by itself, as it runs on a node: a Python with nothing but the standard library.
PROGRAM = """
import json, resource, sys, time
began = time.monotonic()
given = json.load(sys.stdin)
sys.path.insert(0, given["root"])
from ansible_collections.lightk8s.edge.plugins.module_utils._doors import edge_pod
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.client import Client
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.transport import Transport
calls, call = [], Transport.call
def counted(self, *args, **more):
    calls.append(args)
    return call(self, *args, **more)
Transport.call = counted
result = edge_pod.main(given["params"], False, False, Client.from_kubeconfig(given["kubeconfig"]))
assert not result.get("failed"), result["msg"]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"changed": result["changed"], "requests": len(calls), "peak_mb": peak,
                  "seconds": time.monotonic() - began}))
"""


def objects() -> list[dict[str, Any]]:
    """50 each of ConfigMaps, ServiceAccounts, Services and Deployments."""
    found: list[dict[str, Any]] = []
    for number in range(COUNT // 4):
        labels = {"app": f"app-{number}"}
        meta = {"name": f"app-{number}", "namespace": NAMESPACE, "labels": labels}
        limits = {"cpu": "50m", "memory": "32Mi"}
        container = {
            "name": "app",
            "image": "registry.example.org/app:1",
            "env": [{"name": "NUMBER", "value": str(number)}],
            "ports": [{"containerPort": 8080, "protocol": "TCP"}],
            "resources": {"limits": limits},
        }
        pod = {"containers": [container], "serviceAccountName": meta["name"]}
        spec = {
            "replicas": 0,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        }
        ports = [{"port": 80, "targetPort": 8080, "protocol": "TCP"}]
        found += [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"a": "b"}},
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta},
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": meta,
                "spec": {"selector": labels, "ports": ports},
            },
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec},
        ]
    return found


def playbook(kubeconfig: Path, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same objects by each of the modules; what they register is not shown."""
    common = {"kubeconfig": str(kubeconfig)}
    k8s = {**common, "definition": "{{ items }}"}
    apply = {
        "apply": True,
        "server_side_apply": {"field_manager": "bench", "force_conflicts": True},
    }
    return [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {"items": items, "ansible_python_interpreter": "{{ ansible_playbook_python }}"},
            "tasks": [
                {"name": OURS, "lightk8s.edge.edge_pod": {**k8s, "wait": False, "force": True}},
                {"name": THEIRS, "kubernetes.core.k8s": k8s},
                {"name": THEIRS_APPLY, "kubernetes.core.k8s": {**k8s, **apply}},
            ],
        }
    ]


class Bench:
    """One cluster, one environment, and the figures."""

    def __init__(self, cluster: Cluster, environment: Path, folder: Path) -> None:
        self.cluster = cluster
        self.environment = environment
        self.folder = folder
        self.items = objects()
        self.root = os.environ["ANSIBLE_COLLECTIONS_PATH"]
        # Installed code is compiled once, and so is code that stays on a node; not into the clone, though.
        self.compiled = str(folder / "compiled")

    def play(self) -> dict[str, float]:
        """Seconds of each task."""
        rows = self.folder / "seconds"
        rows.unlink(missing_ok=True)
        path = self.folder / "play.json"
        path.write_text(json.dumps(playbook(self.folder / "admin.kubeconfig", self.items)))
        environment = {
            **os.environ,
            "PATH": f"{self.environment}/bin:{os.environ['PATH']}",
            "ANSIBLE_COLLECTIONS_PATH": self.root,
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "task_seconds",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "BENCH_SECONDS": str(rows),
            "PYTHONPYCACHEPREFIX": self.compiled,
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        command = [f"{self.environment}/bin/ansible-playbook", "-i", "localhost,", "-c", "local"]
        done = subprocess.run(
            [*command, str(path)], env=environment, text=True, check=False, capture_output=True
        )
        if done.returncode:
            raise RuntimeError(f"the play failed:\n{done.stdout[-3000:]}\n{done.stderr[-1000:]}")
        found = [json.loads(line) for line in rows.read_text().splitlines()]
        return {row["task"]: row["seconds"] for row in found}

    def door(self) -> dict[str, float]:
        """The door alone, in a fresh Python."""
        params = {"definition": self.items, "wait": False, "force": True}
        given = {"root": self.root, "kubeconfig": self.cluster.admin, "params": params}
        done = subprocess.run(
            ["/usr/bin/python3", "-IS", "-X", f"pycache_prefix={self.compiled}", "-c", PROGRAM],
            input=json.dumps(given),
            text=True,
            check=True,
            stdout=subprocess.PIPE,
        )
        found: dict[str, float] = json.loads(done.stdout)
        if found["changed"]:
            raise RuntimeError("a run over objects that are right has changed something")
        return found


def take(bench: Bench, runs: int) -> dict[str, float]:
    """The medians of all runs; the first play of all brings the objects about."""
    bench.cluster.kubectl("create", "namespace", NAMESPACE)
    bench.play()
    bench.play()
    bench.door()
    plays = [bench.play() for dummy in range(runs)]
    doors = [bench.door() for dummy in range(runs)]
    middle = {task: statistics.median(play[task] for play in plays) for task in plays[0]}
    theirs = min(middle[THEIRS], middle[THEIRS_APPLY])
    return {
        "noop_200_objects_seconds": middle[OURS],
        "module_run_200_objects_seconds": statistics.median(row["seconds"] for row in doors),
        "requests_over_objects": max(row["requests"] for row in doors) - COUNT,
        "peak_mb": max(row["peak_mb"] for row in doors),
        "speedup_vs_kubernetes_core": theirs / middle[OURS],
        "kubernetes_core_seconds": middle[THEIRS],
        "kubernetes_core_apply_seconds": middle[THEIRS_APPLY],
    }


def main() -> int:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("environment", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    cache = cache_root()
    build.ensure(cache, print)
    with tempfile.TemporaryDirectory(prefix="bench-workloads-") as folder:
        cluster = Cluster(build.folder(cache, "kube") / "kube", Path(folder))
        try:
            cluster.start()
            figures = take(Bench(cluster, given.environment, Path(folder)), given.runs)
        finally:
            cluster.stop()
    for key, value in figures.items():
        print(f"{key:32} {value:>10.3f}  ({BARS[key]})")
    print(json.dumps({key: round(value, 3) for key, value in figures.items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
