# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of version: forward, back after a bad one, and those that are refused.

The tests tell one story, in this order.
"""

from __future__ import annotations

import hashlib
import re
import tarfile
from pathlib import Path

import pytest
from bed.node import Node

from ..conftest import MakeFleet
from ..lib import ground
from ..lib.distributions import Distribution
from ..lib.site import Site, actions, failure, files, phase, run_pod, starts

WATCHED = ("/etc", "/usr/local", "/var/lib/lightk8s/state", "/var/lib/lightk8s/tx")
# Seconds for a version that never becomes ready; enough for one that does on a busy machine.
PATIENCE = 75


@pytest.fixture(scope="module")
def site(distribution: Distribution, make_fleet: MakeFleet) -> Site:
    site = ground.lone(distribution, make_fleet)
    site.converge()
    site.server.kubectl("create", "configmap", "kept", "--from-literal=a=b")
    run_pod(site, "lasting")
    return site


@pytest.fixture(scope="module")
def node(site: Site) -> Node:
    return site.lone


def _kubelet(site: Site) -> str:
    words = ("get", "node", site.lone.name, "-o", "jsonpath={.status.nodeInfo.kubeletVersion}")
    return site.server.kubectl(*words).stdout


def _kept(site: Site) -> str:
    return site.server.kubectl("get", "configmap", "kept", "-o", "jsonpath={.data.a}").stdout


def _container(site: Site) -> str:
    words = ("get", "pod", "lasting", "-o", "jsonpath={.status.containerStatuses[0].containerID}")
    return site.server.kubectl(*words).stdout


def _stores(site: Site) -> list[str]:
    """Path and inode of each datastore on the node: the files are those that were there."""
    rows = site.lone.run(["stat", "-c", "%F %n %i", *site.distribution.stores], check=False)
    return [row for row in rows.stdout.splitlines() if row.startswith("regular file")]


def _sum(node: Node, path: str) -> str:
    return node.run(["sha256sum", path]).stdout.split()[0]


@pytest.mark.parametrize("step", ["rebuilt", "newer"])
def test_a_newer_version_is_one_restart(site: Site, node: Node, step: str) -> None:
    version, pod = getattr(site.distribution, step), _container(site)
    stores = _stores(site)
    nodes = site.fleet.nodes.values()
    began = [starts(n, site.unit(n)) for n in nodes]
    predicted = site.converge("--check", edge_version=version)
    run = site.converge(edge_version=version)
    for n in nodes:
        assert actions(run, n.name) == actions(predicted, n.name)
    assert [starts(n, site.unit(n)) for n in nodes] == [number + 1 for number in began]
    assert (_container(site), _stores(site)) == (pod, stores)
    assert _kubelet(site) == site.distribution.kubelet(version)
    assert _kept(site) == "b"
    assert phase(site.server, "lasting") == "Running"
    site.inputs["edge_version"] = version
    assert site.converge().changed() == []


@pytest.mark.parametrize("bad", ["no_start", "never_ready"])
def test_a_bad_version_is_rolled_back(site: Site, node: Node, bad: str) -> None:
    version = getattr(site.distribution, bad)
    before = _sum(node, site.distribution.binary), _content(site, node)
    pod = _container(site)
    run = site.converge(check=False, edge_version=_there(site, version), edge_wait_timeout=PATIENCE)
    assert run.code != 0
    found = failure(run, node.name)
    assert found["kind"] == "rolled_back", found
    assert "its last log lines" in found["message"], found
    after = _sum(node, site.distribution.binary), _content(site, node)
    assert after == before
    assert _kubelet(site) == site.distribution.kubelet(site.inputs["edge_version"])
    assert _kept(site) == "b"
    assert (_container(site), phase(site.server, "lasting")) == (pod, "Running")
    began = site.main(node)
    assert site.converge().changed() == []
    assert site.main(node) == began
    assert node.run("ls /var/lib/lightk8s/tx").stdout == ""


def _there(site: Site, version: str) -> str:
    """The version for the node with the kubelet; another node of its site stays at its own."""
    kept = site.inputs["edge_version"]
    return f"{{{{ {version!r} if edge_role == {site.lone.spec.role!r} else {kept!r} }}}}"


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
    _under_another_name(site.distribution, source, tmp_path / version)
    run = site.converge(check=False, edge_version=version, edge_release_mirrors=[str(tmp_path)])
    assert failure(run, node.name)["kind"] == "refused"
    assert (site.main(node), files(node, *WATCHED)) == before


def _under_another_name(distribution: Distribution, source: Path, target: Path) -> None:
    """The files of one version as if they were those of another; some have it in their names."""
    target.mkdir()
    packed = list(source.glob(distribution.archive or "-"))
    for path in source.iterdir():
        other = target / path.name.replace(source.name, target.name)
        if _is_sums(path):
            text = path.read_text(encoding="ascii")
            other.write_text(text.replace(source.name, target.name), encoding="ascii")
        elif path not in packed:
            other.symlink_to(path)
    for path in packed:
        other = target / path.name.replace(source.name, target.name)
        _repack(path, other, source.name, target.name)
        digest = hashlib.sha512(other.read_bytes()).hexdigest()
        (target / f"checksum_{other.name}.txt").write_text(f"{digest}\n", encoding="ascii")


def _repack(source: Path, target: Path, version: str, other: str) -> None:
    """An archive whose members are named after another version."""
    with tarfile.open(source) as tar, tarfile.open(target, "w:gz", compresslevel=1) as out:
        for member in tar:
            content = tar.extractfile(member)
            member.name = member.name.replace(version, other)
            out.addfile(member, content)


def test_a_damaged_download_is_refused_before_anything_stops(
    site: Site, node: Node, tmp_path: Path
) -> None:
    version = site.distribution.next_minor
    before = site.main(node), files(node, *WATCHED)
    source = Path(site.inputs["edge_release_mirrors"][0]) / version
    folder = tmp_path / "mirror" / version
    folder.mkdir(parents=True)
    for path in source.iterdir():
        if _is_sums(path):
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
    found = failure(run, node.name)
    # What lies in an archive is known only when the archive is there.
    assert found["kind"] == ("release" if site.distribution.archive else "artifact")
    assert "wrong checksum" in found["message"]
    assert (site.main(node), files(node, *WATCHED)) == before


def _is_sums(path: Path) -> bool:
    return path.name.lower().startswith(("sha256sum", "checksum_"))


def _other_sums(text: str) -> str:
    """Other digests, as long as those that were there."""
    return re.sub(r"\b[0-9a-f]{64,128}\b", lambda found: found[0][1:] + _next(found[0][0]), text)


def _next(digit: str) -> str:
    return f"{(int(digit, 16) + 1) % 16:x}"


def test_a_mirror_that_cannot_be_read_is_named(site: Site, node: Node, tmp_path: Path) -> None:
    before = site.main(node), files(node, *WATCHED)
    run = site.converge(
        check=False,
        edge_version=site.distribution.next_minor,
        edge_release_mirrors=[str(tmp_path / "absent")],
        edge_cache_dir=str(tmp_path / "cache"),
    )
    found = failure(run, node.name)
    assert found["kind"] == "release"
    assert str(tmp_path / "absent") in found["message"] + found["hint"]
    assert "Traceback" not in run.output
    assert (site.main(node), files(node, *WATCHED)) == before


def test_the_next_minor_version(site: Site, node: Node) -> None:
    version = site.distribution.next_minor
    began = starts(node, site.unit(node))
    site.converge(edge_version=version)
    assert starts(node, site.unit(node)) == began + 1
    assert _kubelet(site) == site.distribution.kubelet(version)
    assert _kept(site) == "b"
    assert site.converge(edge_version=version).changed() == []
