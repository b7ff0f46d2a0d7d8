# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Quotas and workloads as nouns of edge_site, by a play: a server's own kubeconfig leads to a real API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from . import local_play
from .cluster import Cluster

pytestmark = pytest.mark.integration
WORD = "a-word-that-nobody-may-see"
GREETING = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "greeting", "namespace": "kiosk"},
    "data": {"text": "good day"},
}
INPUTS: dict[str, Any] = {
    "edge_quotas": [{"namespace": "kiosk", "hard": {"pods": 5}}],
    "edge_workloads": [{"definition": GREETING}],
    "edge_workload_secrets": [{"name": "till", "namespace": "kiosk", "data": {"word": WORD}}],
}
CREATED = [
    "create Namespace kiosk",
    "create ResourceQuota kiosk/lightk8s",
    "create Secret kiosk/till",
    "create ConfigMap kiosk/greeting",
]


class Play:
    """Runs the task as on a server of k0s, whose data lie in a folder of the test."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.folder = folder
        (folder / "data" / "pki").mkdir(parents=True)
        (folder / "data" / "pki" / "admin.conf").write_text(cluster.admin)

    def run(self, *words: str, **inputs: Any) -> tuple[dict[str, Any], str]:
        variables = {
            "edge_distribution": "k0s",
            "edge_data_dir": str(self.folder / "data"),
            "edge_site": "shop",
            **inputs,
        }
        task = {"lightk8s.edge.edge_site": {"nouns": ["quotas", "workloads"]}}
        return local_play.run(self.folder, task, variables, *words)


def names(cluster: Cluster, kinds: str) -> list[str]:
    said = cluster.kubectl("get", kinds, "-n", "kiosk", "-o", "name").split()
    return sorted(name for name in said if "kube-root-ca" not in name)


def test_both_nouns_in_one_run(cluster: Cluster, tmp_path: Path) -> None:
    play = Play(cluster, tmp_path)
    told, printed = play.run("--check", **INPUTS)
    done, more = play.run(**INPUTS)
    again, rest = play.run(**INPUTS)
    assert told["actions"] == done["actions"]
    assert [text for text in done["actions"] if text.startswith("create")] == CREATED
    assert (again["changed"], again["actions"]) == (False, [])
    assert WORD not in printed + more + rest + json.dumps([told, done, again])
    assert {row["name"] for row in done["quotas"]["objects"]} == {"kiosk", "lightk8s"}
    assert names(cluster, "configmap,secret,resourcequota") == [
        "configmap/greeting",
        "resourcequota/lightk8s",
        "secret/till",
    ]
    # A refusal of the first noun leaves the second alone.
    wrong = [{"namespace": "kiosk", "hard": {"pods": "many"}}]
    found, dummy = play.run(edge_quotas=wrong, edge_workload_secrets=[])
    assert found["failure"]["kind"] == "spec"
    assert "secret/till" in names(cluster, "secret")
    # Unset lists are left alone; empty ones take away what was theirs.
    assert play.run(edge_workloads=[])[0]["changed"]
    assert names(cluster, "configmap,secret,resourcequota") == ["resourcequota/lightk8s"]
    assert play.run(edge_quotas=[])[0]["changed"]
    assert names(cluster, "resourcequota") == []
    assert play.run()[0]["changed"] is False


def test_another_node_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    found, dummy = Play(cluster, tmp_path).run(edge_role="agent", **INPUTS)
    assert "by the server that begins the site" in found["msg"]
