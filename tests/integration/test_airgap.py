# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes without a route and a controller that reaches only them; a node that cannot write /usr."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from bed import mirror as releases
from bed.fleet import Fleet

from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.k3s import K3S
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.store import Store

from .ha_site import VERSION, Controller, ready, until


@pytest.fixture(scope="module")
def fleet(make_fleet: Callable[..., Fleet]) -> Fleet:
    return make_fleet("gap=server:readonly_usr,agent", airgap=True)


@pytest.fixture(scope="module")
def controller(
    fleet: Fleet, release_mirror: Path, tmp_path_factory: pytest.TempPathFactory
) -> Controller:
    """It has once seen a mirror, which is gone."""
    folder = tmp_path_factory.mktemp("controller")
    mirror = folder / "mirror"
    shutil.copytree(release_mirror / VERSION, mirror / VERSION)
    shutil.copy(release_mirror / "channels", mirror)
    store = Store(folder / "cache", [str(mirror)], K3S)
    assert store.resolve("stable") == VERSION
    release = store.describe(VERSION, arch=releases.ARCH)
    for kind in ("binary", "images"):
        store.fetch(release.assets[f"{kind}:{releases.ARCH}"])
    shutil.rmtree(mirror)
    inputs = {"edge_version": "stable", "edge_node_ip": "{{ ansible_host }}"}
    return Controller(fleet, mirror, folder / "cache", inputs)


def test_an_installation_needs_nothing_but_the_cache(fleet: Fleet, controller: Controller) -> None:
    assert fleet["gap-server1"].run("ip route show default").stdout == ""
    run = controller.converge()
    assert run.failed() == []
    server = fleet["gap-server1"]
    until("both nodes", lambda: ready(server) == dict.fromkeys(fleet.nodes, True))
    assert controller.converge().changed() == []


def test_pods_start_from_the_archive(fleet: Fleet) -> None:
    server = fleet["gap-server1"]
    listing = ("get", "pods", "-n", "kube-system", "-l", "k8s-app=kube-dns", "-o", "json")

    def states() -> list[dict[str, object]]:
        pods = json.loads(server.kubectl(*listing).stdout)["items"]
        found = [s for pod in pods for s in pod["status"].get("containerStatuses", [])]
        return found if found and all(s["ready"] for s in found) else []

    assert releases.COREDNS in str(until("the DNS", states))


def test_programs_go_elsewhere_where_usr_cannot_be_written(fleet: Fleet) -> None:
    server, agent = fleet["gap-server1"], fleet["gap-agent1"]
    assert server.exists("/opt/bin/k3s")
    assert not server.exists("/usr/local/bin/k3s")
    assert agent.exists("/usr/local/bin/k3s")
    assert "/opt/bin/k3s" in server.read("/etc/systemd/system/k3s.service")
