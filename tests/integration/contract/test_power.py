# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Power cuts in the middle of a run: a node is as before or as wanted, and a rerun ends it.

LIGHTK8S_POWER_CUTS sets how many cuts at random moments the slow test makes.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import random
import re
import tarfile
import time
from pathlib import Path

import pytest
from bed import power
from bed.node import Node

from ..conftest import MakeFleet, mirror_of
from ..lib import ground
from ..lib.distributions import Distribution
from ..lib.site import Site, wait_for
from . import moments

CUTS = int(os.environ.get("LIGHTK8S_POWER_CUTS", "20"))


@pytest.fixture(scope="module")
def site(
    distribution: Distribution, make_fleet: MakeFleet, tmp_path_factory: pytest.TempPathFactory
) -> Site:
    site = ground.lone(distribution, make_fleet, name="cut", node="disk=4g")
    site.inputs["edge_cache_dir"] = str(tmp_path_factory.mktemp("cache"))
    return site


@pytest.fixture(scope="module")
def node(site: Site) -> Node:
    return site.lone


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
    found = digests(site.distribution).get(digest)
    assert found, f"{program} is no release's: {digest}"
    return found


def digests(distribution: Distribution) -> dict[str, str]:
    """Digest -> version of each program in the mirror, as its checksums say or as its archive has it."""
    found = {}
    mirror = mirror_of(distribution.name)
    for sums in mirror.glob(f"*/{distribution.sums or '-'}"):
        for word in re.findall(r"\b[0-9a-f]{64}\b", sums.read_text(encoding="utf-8")):
            found[word] = sums.parent.name
    for path in mirror.glob(f"*/{distribution.archive or '-'}"):
        found[packed(path, Path(distribution.binary).name)] = path.parent.name
    return found


@functools.cache
def packed(archive: Path, name: str) -> str:
    """The digest of the program of that name in an archive."""
    with tarfile.open(archive) as tar:
        member = next(m for m in tar if m.name.endswith(f"/{name}"))
        content = tar.extractfile(member)
        assert content is not None
        return hashlib.sha256(content.read()).hexdigest()


def recorded(node: Node) -> str:
    path = "/var/lib/lightk8s/state/distribution.json"
    return str(json.loads(node.read(path))["version"]) if node.exists(path) else ""


def owed(site: Site, node: Node) -> bool:
    """Whether the former program runs while the journal still has the command that brings the new one."""
    if not site.distribution.program or installed(site, node) != site.distribution.version:
        return False
    return recorded(node) in node.read(f"/{moments.JOURNAL}")


def healthy(site: Site, node: Node, version: str) -> None:
    """A rerun ends the change, the node is Ready with that version, and nothing is left over."""
    site.converge(edge_version=version)
    wait_for("all nodes", site.is_ready)
    words = ("get", "node", node.name, "-o", "jsonpath={.status.nodeInfo.kubeletVersion}")
    assert site.server.kubectl(*words).stdout == site.distribution.kubelet(version)
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
    assert recorded(node) == site.distribution.newer
    assert installed(site, node) == recorded(node) or owed(site, node)
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
    before = "cut.shop.example"
    for turn in range(CUTS):
        wanted = f"turn{turn}.shop.example"
        site.inputs.update(site.distribution.naming(wanted))
        run = site.start(edge_version=site.distribution.newer)
        time.sleep(chance.uniform(0.5, 15))
        power.cut(node)
        run.kill()
        config = node.read(site.distribution.config)
        assert (before in config) != (wanted in config)
        assert not node.exists(f"/{moments.REDO}")
        wait_for("the node after the boot", site.is_ready)
        if chance.random() < 0.5:
            healthy(site, node, site.distribution.newer)
            config = node.read(site.distribution.config)
            assert wanted in config
        before = wanted if wanted in config else before
    healthy(site, node, site.distribution.newer)
