# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of one image that are brought to a K3s node, and what ctr and kubectl say of them there."""

from __future__ import annotations

import json
import tarfile
from functools import partial
from pathlib import Path
from typing import Any

from bed.node import Node
from bed.plays import Run

from ..conftest import MakeFleet, mirror_of
from . import images
from .distributions import K3S
from .site import Site, common_inputs, wait_for

SERVER = "shop-server1"
NAME = "shop.example/till"
ARTIFACTS = "/var/lib/lightk8s/artifacts"
SNAPSHOTS = "/var/lib/rancher/k3s/agent/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots"
LOOSE = "shop.example/loose:1"
CHANGED = 40  # bytes that differ from one version of the data to the next
UNKNOWN = "4"  # the version of which nothing is known anywhere
OTHER_GZIP = "5"  # the version that is compressed by another gzip than containerd's
REACHING_OUT = "6"  # the version with an entry outside of its layer
Versions = dict[str, images.Made]


def data(version: int) -> bytes:
    if str(version) == UNKNOWN:
        return images.noise(8, 6_000_000)
    return images.noise(7, 3_000_000, CHANGED * (version - 1))


def file_of(version: int) -> str:
    """Where the data lie: what has a path of its own is compared with nothing."""
    return "opt/fresh" if str(version) == UNKNOWN else "opt/data"


def versions(folder: Path) -> Versions:
    """The test bed's probe below, a few bytes of incompressible data on top."""
    probe = images.program(mirror_of(K3S.name).parent / "images" / "probe.tar")
    found = {}
    for number in range(1, 7):
        version = str(number)
        more = {"opt/../../root/.profile": b"exit"} if version == REACHING_OUT else {}
        top = images.tar_of(
            {file_of(number): data(number), "opt/version": version.encode(), **more}
        )
        packed = images.by_python if version == OTHER_GZIP else images.by_go
        found[version] = images.make(folder / version, [probe, top], ["/probe"], packed)
    return found


def top_blob(made: Versions, version: str) -> Path:
    """The published blob of the upper layer."""
    return made[version].folder / "blobs" / "sha256" / made[version].blobs()[-1][7:]


def load_loose(node: Node, folder: Path) -> None:
    """An image that somebody has loaded by hand, and nobody keeps."""
    loose = images.make(folder / "loose", [images.tar_of({"opt/loose": b"loose"})], ["/none"])
    with tarfile.open(folder / "loose.tar", "w") as archive:
        archive.add(loose.folder, ".")
    node.write("/root/loose.tar", (folder / "loose.tar").read_bytes())
    node.run(f"k3s ctr images import --index-name {LOOSE} /root/loose.tar")
    assert LOOSE in listed(node)


def node(make_fleet: MakeFleet, cache: Path, **options: Any) -> Site:
    """A site of one node that has no route, with a cache of its own."""
    inputs = {**common_inputs(K3S, mirror_of(K3S.name)), "edge_node_ip": "{{ ansible_host }}"}
    site = Site(make_fleet("shop=server", airgap=True, **options), K3S, inputs)
    assert site.converge().failed() == []
    wait_for("the node", site.is_ready)
    site.inputs["edge_cache_dir"] = str(cache)
    return site


def play(*rows: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    task = {"name": "Bring images", "lightk8s.edge.edge_images": {"images": list(rows), **more}}
    return [{"hosts": "all", "gather_facts": False, "tasks": [task]}]


def row(made: Versions, version: str) -> dict[str, Any]:
    return {"name": f"{NAME}:{version}", "source": str(made[version].folder)}


def absent(version: str) -> dict[str, Any]:
    return {"name": f"{NAME}:{version}", "state": "absent"}


def result(run: Run) -> dict[str, Any]:
    return dict(run.of(SERVER, action="edge_images")[-1].result)


def listed(node: Node) -> dict[str, str]:
    """Names of images and what they lead to, as ctr says."""
    lines = node.run("k3s ctr images ls").stdout.splitlines()[1:]
    return {line.split()[0]: line.split()[2] for line in lines}


def snapshots(node: Node) -> set[str]:
    lines = node.run("k3s ctr snapshots ls").stdout.splitlines()[1:]
    return {line.split()[0] for line in lines}


def is_complete(node: Node, made: Versions, version: str) -> bool:
    """Whether both names are there, and all that they lead to."""
    names = {f"{NAME}:{version}", f"{NAME}@{made[version].digest}"}
    checked = node.run("k3s ctr images check").stdout.splitlines()
    whole = {line.split()[0] for line in checked if " complete " in line and line.endswith("true")}
    return names <= whole and names <= set(listed(node))


def is_whole(node: Node, made: Versions, version: str) -> bool:
    """The same; and nothing is left of the transfer, nor of what was tried."""
    assert node.run(f"ls -A {ARTIFACTS}").stdout == ""
    assert not any("lightk8s" in key for key in snapshots(node))
    assert node.run("k3s ctr -n lightk8s content ls -q").stdout == ""
    assert not node.exists("/var/lib/lightk8s/state/imports.json")
    return is_complete(node, made, version)


def runs(node: Node, name: str) -> bool:
    said = node.kubectl("get", "pod", name, "-o", "json", check=False)
    found = json.loads(said.stdout)["status"] if said.returncode == 0 else {}
    return bool(found.get("phase") == "Running")


def start_pod(node: Node, name: str, image: str, policy: str = "IfNotPresent", **more: Any) -> None:
    """Start a pod of that image and wait until it runs; `more` goes into its spec."""
    container = {
        "name": "till",
        "image": image,
        "command": ["/probe", "-listen", ""],
        "imagePullPolicy": policy,
    }
    spec = {"containers": [container], "terminationGracePeriodSeconds": 1, **more}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
    node.write(f"/root/{name}.json", json.dumps(body))
    node.kubectl("apply", "-f", f"/root/{name}.json")
    wait_for(f"the pod {name}", partial(runs, node, name))
