# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in of KubeEdge, against what was recorded of the original, and at work on nodes."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from bed import mirror, paths
from bed.fleet import Fleet
from bed.packing import ARCH

from .kubeedge_pair import EDGE, VERSION, Pair, pod

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def releases() -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TESTBED_RELEASES", "standin")
        return mirror.ensure(paths.cache_root(), distribution="kubeedge")


@pytest.fixture(scope="module")
def pair(make_fleet: Callable[..., Fleet], releases: Path, release_mirror: Path) -> Pair:
    pair = Pair(
        make_fleet("cloud=server; edge=agent:packages=containerd containernetworking-plugins")
    )
    pair.start_cloud(release_mirror, releases)
    pair.give_edge(releases)
    return pair


@pytest.fixture(scope="module")
def joined(pair: Pair) -> Pair:
    pair.join()
    pair.apply(pod("tokenless", token=False), pod("default"))
    pair.until("both pods", lambda: pair.phases() == {"tokenless": "Running", "default": "Running"})
    return pair


def test_releases_are_laid_out_as_on_github(releases: Path) -> None:
    inside = {
        "kubeedge": {"version", "cloud/cloudcore/cloudcore", "edge/edgecore"},
        "keadm": {"version", "keadm/keadm"},
    }
    for name, files in inside.items():
        tarball = releases / VERSION / f"{name}-{VERSION}-linux-{ARCH}.tar.gz"
        with tarball.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha512").hexdigest()
        sums = releases / VERSION / f"checksum_{tarball.name}.txt"
        assert sums.read_text() == f"{digest}\n"
        with tarfile.open(tarball) as tar:
            top = f"{name}-{VERSION}-linux-{ARCH}/"
            assert {member.removeprefix(top) for member in tar.getnames()} == files
    assert len(list((releases / VERSION / "build" / "crds").rglob("*.yaml"))) == 13


def test_an_edge_registers_as_recorded(joined: Pair) -> None:
    node = joined.node()
    assert node["status"]["nodeInfo"]["kubeletVersion"] == f"v1.32.10-kubeedge-{VERSION}"
    roles = {"node-role.kubernetes.io/edge": "", "node-role.kubernetes.io/agent": ""}
    assert node["metadata"]["labels"].items() >= {**roles, "site": "shop"}.items()
    assert node["metadata"]["annotations"]["cloudcore"] == joined.cloud.ip
    ready = next(c for c in node["status"]["conditions"] if c["type"] == "Ready")
    assert (ready["status"], ready["reason"]) == ("True", "EdgeReady")
    assert ready["message"] == "edge is posting ready status"
    cert = "openssl x509 -in /etc/kubeedge/certs/server.crt -noout -subject"
    assert joined.edge.run(cert).stdout == f"subject=O = system:nodes, CN = system:node:{EDGE}\n"
    assert joined.edge.run("curl -s http://127.0.0.1:10350/healthz").stdout == "ok"
    items = json.loads(joined.edge.run("curl -s http://127.0.0.1:10350/pods").stdout)["items"]
    assert {item["metadata"]["name"] for item in items} == {"tokenless", "default"}
    sums = joined.edge.run("sha256sum /etc/kubeedge/config/edgecore.yaml").stdout
    joined.edge.run("systemctl restart edgecore")
    assert joined.edge.run("sha256sum /etc/kubeedge/config/edgecore.yaml").stdout == sums


def test_the_database_has_the_tables_of_the_original(joined: Pair) -> None:
    assert joined.tables() == {
        "device": "id name description state last_online",
        "device_attr": "id deviceid name description value optional attr_type metadata",
        "device_twin": "id deviceid name description expected actual expected_meta actual_meta "
        "expected_version actual_version optional attr_type metadata",
        "sub_topics": "topic",
        "meta": "key type value",
        "meta_v2": "key group_version_resource namespace name resource_version value",
    }
    rows = joined.rows()
    assert {f"null/node/{EDGE}", "default/pod/default", "default/podpatch/default"} <= rows
    assert f"kube-node-lease/lease/{EDGE}" in rows
