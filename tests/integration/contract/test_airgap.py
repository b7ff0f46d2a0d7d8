# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes without a route and a controller that reaches only them; a node that cannot write /usr."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from bed import mirror as releases
from bed.node import Node

from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.catalogue import RELEASES
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.store import Store

from ..conftest import MakeFleet, mirror_of
from ..lib import ground
from ..lib.distributions import Distribution
from ..lib.site import Site, wait_for

SERVER, AGENT = "gap-server1", "gap-agent1"


@pytest.fixture(scope="module")
def site(
    distribution: Distribution, make_fleet: MakeFleet, tmp_path_factory: pytest.TempPathFactory
) -> Site:
    """Its controller has once seen a mirror, which is gone."""
    folder = tmp_path_factory.mktemp("controller")
    mirror = folder / "mirror"
    keep_release(distribution, mirror, folder / "cache")
    shutil.rmtree(mirror)
    site = ground.pair(distribution, make_fleet, name="gap", server="readonly_usr", airgap=True)
    site.inputs |= {
        "edge_release_mirrors": [str(mirror)],
        "edge_cache_dir": str(folder / "cache"),
        "edge_version": "stable",
        "edge_node_ip": "{{ ansible_host }}",
    }
    return site


def keep_release(distribution: Distribution, mirror: Path, cache: Path) -> None:
    """Bring one release from a mirror into a cache."""
    whole = mirror_of(distribution.name)
    shutil.copytree(whole / distribution.version, mirror / distribution.version)
    for pointer in (path for path in whole.iterdir() if path.is_file()):
        shutil.copy(pointer, mirror)
    store = Store(cache, [str(mirror)], RELEASES[distribution.name])
    assert store.resolve("stable") == distribution.version
    release = store.describe(distribution.version, arch=releases.ARCH)
    for asset in release.assets.values():
        store.fetch(asset)


@pytest.fixture(scope="module")
def server(site: Site) -> Node:
    return site.fleet[SERVER]


def test_an_installation_needs_nothing_but_the_cache(site: Site, server: Node) -> None:
    assert server.run("ip route show default").stdout == ""
    run = site.converge()
    assert run.failed() == []
    wait_for("both nodes", site.is_ready)
    assert site.converge().changed() == []


def test_pods_start_from_the_archive(site: Site, server: Node) -> None:
    listing = ("get", "pods", "-n", "kube-system", "-l", "k8s-app=kube-dns", "-o", "json")

    def states() -> list[dict[str, object]]:
        pods = json.loads(server.kubectl(*listing).stdout)["items"]
        found = [s for pod in pods for s in pod["status"].get("containerStatuses", [])]
        return found if found and all(s["ready"] for s in found) else []

    assert site.distribution.coredns in str(wait_for("the DNS", states))


def test_programs_go_elsewhere_where_usr_cannot_be_written(site: Site, server: Node) -> None:
    usual = site.distribution.binary_of("server")
    elsewhere = usual.replace("/usr/local/bin", "/opt/bin")
    assert server.exists(elsewhere)
    assert not server.exists(usual)
    assert site.fleet[AGENT].exists(site.distribution.binary_of("agent"))
    assert elsewhere in server.read(f"/etc/systemd/system/{site.unit(server)}")
