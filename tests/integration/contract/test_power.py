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

import pytest
from bed import power
from bed.node import Node

from ..conftest import MakeFleet, mirror_of
from ..lib.distributions import Distribution
from ..lib.site import Site, common_inputs, ready, wait_for
from . import moments

NAME = "cut-server1"
CUTS = int(os.environ.get("LIGHTK8S_POWER_CUTS", "20"))


@pytest.fixture(scope="module")
def site(
    distribution: Distribution, make_fleet: MakeFleet, tmp_path_factory: pytest.TempPathFactory
) -> Site:
    inputs = common_inputs(distribution, mirror_of(distribution.name))
    inputs["edge_cache_dir"] = str(tmp_path_factory.mktemp("cache"))
    return Site(
        make_fleet("cut=server:disk=4g", packages=distribution.packages), distribution, inputs
    )


@pytest.fixture(scope="module")
def node(site: Site) -> Node:
    return site.fleet[NAME]


def cut_at(moment: moments.Moment, site: Site, node: Node, **inputs: object) -> None:
    """Begin a run, cut the node's power at that moment, and boot it."""
    run = site.start(**inputs)
    moments.at(moment, site, node, run)
    power.cut(node)
    run.kill()


def installed(site: Site, node: Node) -> str:
    """The version whose program lies on the node; the program is whole, or there is none."""
    program = site.distribution.program or site.distribution.binary
    digest = moments.digest(node, program)
    if not digest:
        return ""
    for sums in mirror_of(site.distribution.name).glob(f"*/{site.distribution.sums}"):
        if digest in sums.read_text(encoding="utf-8"):
            return sums.parent.name
    raise AssertionError(f"{program} is no release's: {digest}")


def recorded(node: Node) -> str:
    path = "/var/lib/lightk8s/state/distribution.json"
    return str(json.loads(node.read(path))["version"]) if node.exists(path) else ""


def healthy(site: Site, node: Node, version: str) -> None:
    """A rerun ends the change, the node is Ready with that version, and nothing is left over."""
    site.converge(edge_version=version)
    assert ready(node) == {NAME: True}
    assert site.distribution.kubelet(version) in node.kubectl("get", "nodes", "-o", "wide").stdout
    assert installed(site, node) == recorded(node) == version
    assert moments.ours(node) == []
    assert site.converge(edge_version=version).changed() == []


def test_cuts_during_an_installation(site: Site, node: Node) -> None:
    cut_at(moments.transferring, site, node)
    assert installed(site, node) == recorded(node) == ""
    cut_at(moments.writing, site, node)
    assert installed(site, node) in ("", site.distribution.version)
    healthy(site, node, site.distribution.version)


def test_a_cut_while_the_new_version_is_written(site: Site, node: Node) -> None:
    cut_at(moments.writing, site, node, edge_version=site.distribution.newer)
    assert not node.exists(f"/{moments.REDO}")
    assert installed(site, node) == recorded(node) or site.distribution.program
    healthy(site, node, site.distribution.newer)


def test_a_cut_while_a_change_waits_for_health(site: Site, node: Node) -> None:
    site.inputs.update(site.distribution.naming("cut.shop.example"))
    cut_at(moments.waiting, site, node, edge_version=site.distribution.newer)
    assert "cut.shop.example" in node.read(site.distribution.config)
    healthy(site, node, site.distribution.newer)


@pytest.mark.slow
def test_cuts_at_any_moment(site: Site, node: Node) -> None:
    healthy(site, node, site.distribution.newer)
    chance = random.Random(CUTS)
    names = [""]
    for turn in range(CUTS):
        names.append(f"turn{turn}.shop.example")
        site.inputs.update(site.distribution.naming(names[-1]))
        run = site.start(edge_version=site.distribution.newer)
        time.sleep(chance.uniform(0.5, 15))
        power.cut(node)
        run.kill()
        config = node.read(site.distribution.config)
        assert any(name in config for name in names[-2:])
        assert not node.exists(f"/{moments.REDO}")
        wait_for("the node after the boot", lambda: ready(node) == {NAME: True})
        if chance.random() < 0.5:
            healthy(site, node, site.distribution.newer)
            names = names[-1:]
    healthy(site, node, site.distribution.newer)
