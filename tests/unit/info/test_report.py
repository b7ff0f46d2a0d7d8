# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report says, from certificates, objects and services."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.adapter import Records
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host
from ansible_collections.lightk8s.edge.plugins.module_utils._host.systemd import UnitState
from ansible_collections.lightk8s.edge.plugins.module_utils._info import cluster, machine

from ..kube.authority import DAY, Authority, now


@pytest.fixture
def node(tmp_path: Path) -> Host:
    return Host(str(tmp_path))


def put(host: Host, path: str, data: bytes) -> None:
    host.write(path, data, 0o600)


def test_certificates(node: Host) -> None:
    authority = Authority()
    for name, left in (("client-admin", 200), ("serving", 10), ("gone", -3)):
        pair = authority.issue(name, before=now() - 400 * DAY, after=now() + left * DAY)
        put(node, f"/tls/{name}.crt", pair.cert)
        put(node, f"/tls/{name}.key", pair.key)
    put(node, "/tls/server-ca.crt", authority.pair.cert)
    put(node, "/tls/damaged.crt", b"no certificate")
    found = machine.certificates(node, ["/tls", "/absent"])
    assert found["expired"] == ["/tls/gone.crt"]
    assert (found["nearest"], found["unreadable"]) == ("/tls/gone.crt", ["/tls/damaged.crt"])
    assert found["days"] in (-4, -3)
    assert found["authority"] == "/tls/server-ca.crt"
    assert found["authority_days"] in (399, 400)
    assert [row["path"] for row in found["files"]] == [
        "/tls/gone.crt",
        "/tls/serving.crt",
        "/tls/client-admin.crt",
    ]


def test_no_certificates(node: Host) -> None:
    assert machine.certificates(node, ["/absent"]) == {"files": [], "expired": []}


STORES = {
    "etcd": ("/db/etcd", "/db/etcd/db"),
    "external": ("/token",),
    "sqlite": ("/db/state.db", "/db/state.db", "/db/state.db-wal"),
}


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, {}),
        ({"/db/state.db": 100}, {"kind": "sqlite", "bytes": 100}),
        ({"/db/state.db": 100, "/db/state.db-wal": 50}, {"kind": "sqlite", "bytes": 150}),
        ({"/db/etcd/db": 7, "/db/state.db": 100}, {"kind": "etcd", "bytes": 7}),
        ({"/token": 9}, {"kind": "external"}),
    ],
)
def test_datastore(node: Host, files: dict[str, int], found: dict[str, object]) -> None:
    for path, size in files.items():
        put(node, path, b"x" * size)
    records = Records("one", "/kubeconfig", "/", datastores=STORES)
    assert machine.datastore(node, records) == found


def test_services(node: Host) -> None:
    assert machine.service(node, UnitState("k.service")) == {"name": "k.service", "state": "absent"}
    stopped = UnitState("k.service", load="loaded", enabled="enabled", restarts=3)
    assert machine.service(node, stopped) == {
        "name": "k.service",
        "state": "stopped",
        "enabled": True,
        "restarts": 3,
    }
    failed = UnitState("k.service", load="loaded", active="failed")
    assert machine.service(node, failed)["state"] == "failed"
    up = UnitState("k.service", load="loaded", active="active", pid=7, since=1_000_000)
    found = machine.service(node, up)
    assert (found["state"], found["pid"], found["since"][-1]) == ("running", 7, "Z")


def test_images() -> None:
    listed = [
        {"names": ["reg/a@sha256:1", "reg/a:1"], "sizeBytes": 10},
        {"names": ["reg/b@sha256:2"], "sizeBytes": 5},
        {"sizeBytes": 1},
    ]
    found = cluster.images({"status": {"images": listed}})
    assert found == {"count": 3, "bytes": 16, "names": ["reg/a:1", "reg/b@sha256:2"]}
    assert cluster.images({}) == {"count": 0, "bytes": 0, "names": []}


def test_pods() -> None:
    phases = ["Running", "Running", "Pending", "Succeeded", "Failed", None]
    pods = [{"status": {"phase": phase}} for phase in phases]
    assert cluster.count_pods(pods) == {"bound": 4, "running": 2}
