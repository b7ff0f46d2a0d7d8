# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of version: forward, back after a bad one, and those that are refused.

The tests tell one story, in this order.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from bed.node import Node

from ..conftest import MakeFleet, mirror_of
from ..lib.distributions import Distribution
from ..lib.site import Site, actions, common_inputs, failure, files, phase, run_pod, starts

SERVER = "shop-server1"
WATCHED = ("/etc", "/usr/local", "/var/lib/lightk8s/state", "/var/lib/lightk8s/tx")
# Seconds for a version that never becomes ready; enough for one that does on a busy machine.
PATIENCE = 75


@pytest.fixture(scope="module")
def site(distribution: Distribution, make_fleet: MakeFleet) -> Site:
    site = Site(
        make_fleet("shop=server", packages=distribution.packages),
        distribution,
        common_inputs(distribution, mirror_of(distribution.name)),
    )
    site.converge()
    node = site.fleet[SERVER]
    node.kubectl("create", "configmap", "kept", "--from-literal=a=b")
    run_pod(site, node, "lasting")
    return site


@pytest.fixture(scope="module")
def node(site: Site) -> Node:
    return site.fleet[SERVER]


def _kubelet(node: Node) -> str:
    words = ("get", "node", SERVER, "-o", "jsonpath={.status.nodeInfo.kubeletVersion}")
    return node.kubectl(*words).stdout


def _kept(node: Node) -> str:
    return node.kubectl("get", "configmap", "kept", "-o", "jsonpath={.data.a}").stdout


def _sum(node: Node, path: str) -> str:
    return node.run(["sha256sum", path]).stdout.split()[0]


@pytest.mark.parametrize("step", ["rebuilt", "newer"])
def test_a_newer_version_is_one_restart(site: Site, node: Node, step: str) -> None:
    version = getattr(site.distribution, step)
    began = starts(node, site.unit(node))
    predicted = site.converge("--check", edge_version=version)
    run = site.converge(edge_version=version)
    assert actions(run, SERVER) == actions(predicted, SERVER)
    assert starts(node, site.unit(node)) == began + 1
    assert _kubelet(node) == site.distribution.kubelet(version)
    assert _kept(node) == "b"
    assert phase(node, "lasting") == "Running"
    site.inputs["edge_version"] = version
    assert site.converge().changed() == []


@pytest.mark.parametrize("bad", ["no_start", "never_ready"])
def test_a_bad_version_is_rolled_back(site: Site, node: Node, bad: str) -> None:
    version = getattr(site.distribution, bad)
    before = _sum(node, site.distribution.binary), _content(site, node)
    run = site.converge(check=False, edge_version=version, edge_wait_timeout=PATIENCE)
    assert run.code != 0
    found = failure(run, SERVER)
    assert found["kind"] == "rolled_back", found
    assert "its last log lines" in found["message"]
    after = _sum(node, site.distribution.binary), _content(site, node)
    assert after == before
    assert _kubelet(node) == site.distribution.kubelet(site.inputs["edge_version"])
    assert _kept(node) == "b"
    assert phase(node, "lasting") == "Running"
    began = site.main(node)
    assert site.converge().changed() == []
    assert site.main(node) == began
    assert node.run("ls /var/lib/lightk8s/tx").stdout == ""


def _content(site: Site, node: Node) -> dict[str, str]:
    """Path -> type, mode, owner and size: what is put back has new times."""
    found = files(node, "/etc", "/usr/local")
    return {
        path: " ".join(row.split()[:4])
        for path, row in found.items()
        if not row.startswith("d") and not path.startswith(site.distribution.passing)
    }


@pytest.mark.parametrize("wanted", ["version", "skipped_minor"])
def test_back_and_too_far_are_refused_before_anything_stops(
    site: Site, node: Node, tmp_path: Path, wanted: str
) -> None:
    version = getattr(site.distribution, wanted)
    before = site.main(node), files(node, *WATCHED)
    source = Path(site.inputs["edge_release_mirrors"][0]) / site.distribution.version
    _under_another_name(source, tmp_path / version)
    run = site.converge(check=False, edge_version=version, edge_release_mirrors=[str(tmp_path)])
    assert failure(run, SERVER)["kind"] == "refused"
    assert (site.main(node), files(node, *WATCHED)) == before


def _under_another_name(source: Path, target: Path) -> None:
    """The files of one version as if they were those of another; some have it in their names."""
    target.mkdir()
    for path in source.iterdir():
        other = target / path.name.replace(source.name, target.name)
        if path.name.lower().startswith("sha256sum"):
            text = path.read_text(encoding="ascii")
            other.write_text(text.replace(source.name, target.name), encoding="ascii")
        else:
            other.symlink_to(path)


def test_a_damaged_download_is_refused_before_anything_stops(
    site: Site, node: Node, tmp_path: Path
) -> None:
    version = site.distribution.next_minor
    before = site.main(node), files(node, *WATCHED)
    source = Path(site.inputs["edge_release_mirrors"][0]) / version
    folder = tmp_path / "mirror" / version
    folder.mkdir(parents=True)
    for path in source.iterdir():
        if path.name.lower().startswith("sha256sum"):
            text = path.read_text(encoding="ascii")
            (folder / path.name).write_text(_other_sums(text), encoding="ascii")
        else:
            (folder / path.name).symlink_to(path)
    run = site.converge(
        check=False,
        edge_version=version,
        edge_release_mirrors=[str(tmp_path / "mirror")],
        edge_cache_dir=str(tmp_path / "cache"),
    )
    assert failure(run, SERVER)["kind"] == "artifact"
    assert (site.main(node), files(node, *WATCHED)) == before


def _other_sums(text: str) -> str:
    rows = [line.split() for line in text.splitlines()]
    return "".join(f"{hashlib.sha256(row[0].encode()).hexdigest()}  {row[1]}\n" for row in rows)


def test_a_mirror_that_cannot_be_read_is_named(site: Site, node: Node, tmp_path: Path) -> None:
    before = site.main(node), files(node, *WATCHED)
    run = site.converge(
        check=False,
        edge_version=site.distribution.next_minor,
        edge_release_mirrors=[str(tmp_path / "absent")],
        edge_cache_dir=str(tmp_path / "cache"),
    )
    found = failure(run, SERVER)
    assert found["kind"] == "release"
    assert str(tmp_path / "absent") in found["message"] + found["hint"]
    assert "Traceback" not in run.output
    assert (site.main(node), files(node, *WATCHED)) == before


def test_the_next_minor_version(site: Site, node: Node) -> None:
    version = site.distribution.next_minor
    began = starts(node, site.unit(node))
    site.converge(edge_version=version)
    assert starts(node, site.unit(node)) == began + 1
    assert _kubelet(node) == site.distribution.kubelet(version)
    assert _kept(node) == "b"
    assert site.converge(edge_version=version).changed() == []
