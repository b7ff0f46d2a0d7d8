# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Power cuts in the middle of a run: a node is as before or as wanted, and a rerun ends it.

LIGHTK8S_POWER_CUTS sets how many cuts at random moments the slow test makes.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from bed import mirror as releases
from bed import power
from bed.fleet import Fleet
from bed.node import Node

from . import faults_node as faults
from .ha_site import NEXT, VERSION, Controller, ready, until

NAME = "cut-server1"
CUTS = int(os.environ.get("LIGHTK8S_POWER_CUTS", "20"))
BINARY = "/usr/local/bin/k3s"


@pytest.fixture(scope="module")
def node(make_fleet: Callable[..., Fleet]) -> Node:
    return make_fleet("cut=server:disk=3g")[NAME]


@pytest.fixture(scope="module")
def site(node: Node, release_mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> Controller:
    from bed import fleet as fleets

    return Controller(fleets.load(node.fleet), release_mirror, tmp_path_factory.mktemp("cache"))


def cut_at(moment: faults.Moment, site: Controller, node: Node, **inputs: object) -> None:
    """Begin a run, cut the node's power at that moment, and boot it."""
    run = site.start(**inputs)
    faults.at(moment, node, run)
    power.cut(node)
    run.kill()


def installed(node: Node, mirror: Path) -> str:
    """The version whose binary lies on the node; the binary is whole, or there is none."""
    digest = faults.digest(node, BINARY)
    if not digest:
        return ""
    for folder in mirror.iterdir():
        sums = folder / releases.SUMS
        if sums.exists() and f"{digest}  {releases.BINARY}\n" in sums.read_text():
            return folder.name
    raise AssertionError(f"{BINARY} is no release's: {digest}")


def recorded(node: Node) -> str:
    path = "/var/lib/lightk8s/state/distribution.json"
    return str(json.loads(node.read(path))["version"]) if node.exists(path) else ""


def healthy(site: Controller, node: Node, version: str) -> None:
    """A rerun ends the change, K3s is Ready with that version, and nothing is left over."""
    site.converge(edge_version=version)
    assert ready(node) == {NAME: True}
    assert version in node.kubectl("get", "nodes", "-o", "wide").stdout
    assert installed(node, site.mirror) == recorded(node) == version
    assert faults.ours(node) == []
    assert site.converge(edge_version=version).changed() == []


def test_cuts_during_an_installation(site: Controller, node: Node) -> None:
    cut_at(faults.transferring, site, node)
    assert installed(node, site.mirror) == recorded(node) == ""
    cut_at(faults.writing, site, node)
    assert installed(node, site.mirror) in ("", VERSION)
    healthy(site, node, VERSION)


def test_a_cut_while_the_new_version_is_written(site: Controller, node: Node) -> None:
    cut_at(faults.writing, site, node, edge_version=NEXT)
    assert not node.exists(f"/{faults.REDO}")
    assert installed(node, site.mirror) == recorded(node)
    healthy(site, node, NEXT)


def test_a_cut_while_a_change_waits_for_health(site: Controller, node: Node) -> None:
    site.inputs["edge_tls_sans"] = ["cut.shop.example"]
    cut_at(faults.waiting, site, node, edge_version=NEXT)
    assert "cut.shop.example" in node.read("/etc/rancher/k3s/config.yaml")
    healthy(site, node, NEXT)


@pytest.mark.slow
def test_cuts_at_any_moment(site: Controller, node: Node) -> None:
    healthy(site, node, NEXT)
    chance = random.Random(CUTS)
    names = [""]
    for turn in range(CUTS):
        names.append(f"turn{turn}.shop.example")
        site.inputs["edge_tls_sans"] = names[-1:]
        run = site.start(edge_version=NEXT)
        time.sleep(chance.uniform(0.5, 15))
        power.cut(node)
        run.kill()
        config = node.read("/etc/rancher/k3s/config.yaml")
        assert any(name in config for name in names[-2:])
        assert not node.exists(f"/{faults.REDO}")
        until("K3s after the boot", lambda: ready(node) == {NAME: True})
        if chance.random() < 0.5:
            healthy(site, node, NEXT)
            names = names[-1:]
    healthy(site, node, NEXT)
