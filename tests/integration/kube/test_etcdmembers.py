# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Member list, health and removal against real etcds, with etcdctl as second opinion."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._host.http import (
    CertificateExpired,
    HttpError,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.errors import ApiError
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.etcdmembers import (
    EtcdMembers,
    Identity,
    quorum_after_removal,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.retry import ONCE

from ...unit.kube.authority import DAY, Authority, Pair, now
from .cluster import Process, free_port, wait

pytestmark = pytest.mark.integration


class Trio:
    """Three etcds with the certificates and the three ports that K3s gives each."""

    def __init__(self, binary: Path, data_dir: Path) -> None:
        self.binary = binary
        self.data_dir = data_dir
        self.folder = data_dir / "server/tls/etcd"
        self.folder.mkdir(parents=True)
        self.client_ca, peer_ca = Authority("etcd-server-ca"), Authority("etcd-peer-ca")
        self._write("server-ca", self.client_ca.pair)
        self._write("peer-ca", peer_ca.pair)
        self._write("server-client", self.client_ca.issue("server", names=("127.0.0.1",)))
        self._write("client", self.client_ca.issue("client"))
        self._write("peer-server-client", peer_ca.issue("peer", names=("127.0.0.1",)))
        self.names = ("one", "two", "three")
        self.grpc = {name: free_port() for name in self.names}
        self.http = {name: free_port() for name in self.names}
        self.peer = {name: free_port() for name in self.names}
        self.processes = {name: self._process(name) for name in self.names}

    def _write(self, name: str, pair: Pair) -> None:
        (self.folder / f"{name}.crt").write_bytes(pair.cert)
        (self.folder / f"{name}.key").write_bytes(pair.key)

    def use_client(self, pair: Pair) -> None:
        self._write("client", pair)

    def _process(self, name: str) -> Process:
        peers = ",".join(f"{one}=https://127.0.0.1:{self.peer[one]}" for one in self.names)
        tls = self.folder
        flags = {
            "name": name,
            "data-dir": self.data_dir / name,
            "listen-client-urls": f"https://127.0.0.1:{self.grpc[name]}",
            "listen-client-http-urls": f"https://127.0.0.1:{self.http[name]}",
            "advertise-client-urls": f"https://127.0.0.1:{self.grpc[name]}",
            "listen-peer-urls": f"https://127.0.0.1:{self.peer[name]}",
            "initial-advertise-peer-urls": f"https://127.0.0.1:{self.peer[name]}",
            "initial-cluster": peers,
            "client-cert-auth": "true",
            "cert-file": tls / "server-client.crt",
            "key-file": tls / "server-client.key",
            "trusted-ca-file": tls / "server-ca.crt",
            "peer-client-cert-auth": "true",
            "peer-cert-file": tls / "peer-server-client.crt",
            "peer-key-file": tls / "peer-server-client.key",
            "peer-trusted-ca-file": tls / "peer-ca.crt",
        }
        text = [f"--{key}={value}" for key, value in flags.items()]
        return Process(self.binary, self.data_dir, "etcd", *text)

    def start(self) -> None:
        for process in self.processes.values():
            process.start()
        wait("etcd", self.is_healthy, self.processes["one"].log)

    def etcdctl(
        self, *arguments: str, names: tuple[str, ...] = ("one",)
    ) -> subprocess.CompletedProcess[str]:
        command = [str(self.binary), "etcdctl", *arguments]
        urls = [f"https://127.0.0.1:{self.grpc[name]}" for name in names]
        command += ["--endpoints=" + ",".join(urls)]
        command += [f"--cacert={self.folder}/server-ca.crt"]
        command += [f"--cert={self.folder}/server-client.crt"]
        command += [f"--key={self.folder}/server-client.key"]
        return subprocess.run(command, text=True, capture_output=True, check=False)

    def is_healthy(self) -> bool:
        return self.etcdctl("endpoint", "health", "--cluster").returncode == 0

    def members(self, *ports: int) -> EtcdMembers:
        urls = [f"https://127.0.0.1:{port}" for port in ports or (self.http["one"],)]
        return EtcdMembers.from_files(*self.identities(), endpoints=urls)

    def identities(self) -> tuple[Identity, Identity]:
        folder = f"{self.data_dir}/server/tls/etcd"
        client, peer = f"{folder}/client", f"{folder}/peer-server-client"
        return (
            (f"{folder}/server-ca.crt", f"{client}.crt", f"{client}.key"),
            (f"{folder}/peer-ca.crt", f"{peer}.crt", f"{peer}.key"),
        )

    def stop(self) -> None:
        for process in self.processes.values():
            process.kill()


@pytest.fixture
def trio(kube_binary: Path, tmp_path: Path) -> Iterator[Trio]:
    trio = Trio(kube_binary, tmp_path)
    try:
        trio.start()
        yield trio
    finally:
        trio.stop()


def test_a_dead_member_is_found_and_removed_while_quorum_holds(trio: Trio) -> None:
    with trio.members() as etcd:
        members = etcd.members()
        expected = json.loads(trio.etcdctl("member", "list", "-w", "json").stdout)["members"]
        assert {m["name"]: m["id"] for m in members} == {m["name"]: str(m["ID"]) for m in expected}
        assert [m["name"] for m in members] == ["one", "three", "two"]
        assert not any(member["learner"] for member in members)
        ids = {member["name"]: member["id"] for member in members}
        assert etcd.unhealthy(members) == {}
        status = etcd.status()
        assert status["id"] == ids["one"]
        assert status["leader"] in ids.values()
        assert status["db_size"] > 0

        # The hardest case: the dead one was the leader, and what it was asked is lost.
        trio.etcdctl("move-leader", f"{int(ids['three']):x}", names=trio.names)
        assert etcd.status()["leader"] == ids["three"]
        trio.processes["three"].kill()
        assert list(etcd.unhealthy(members)) == [ids["three"]]
        healthy = [ids["one"], ids["two"]]
        assert quorum_after_removal(members, healthy, ids["three"])
        assert etcd.remove(ids["three"])
        assert not etcd.remove(ids["three"])
        assert [member["name"] for member in etcd.members()] == ["one", "two"]
        assert trio.etcdctl("put", "after", "removal").returncode == 0

        trio.processes["two"].kill()
        left = etcd.members(agreed=False)
        assert not quorum_after_removal(left, [ids["one"]], ids["two"])
    with (
        EtcdMembers.from_files(
            *trio.identities(), endpoints=[f"https://127.0.0.1:{trio.http['one']}"], retry=ONCE
        ) as hasty,
        pytest.raises((ApiError, HttpError)),
    ):
        hasty.members()


def test_a_member_that_was_only_added_is_not_healthy(trio: Trio) -> None:
    url = f"https://127.0.0.1:{free_port()}"
    add = ("member", "add", "four", "--learner", f"--peer-urls={url}")
    # etcd refuses until its members have known each other for some seconds.
    wait("a learner", lambda: trio.etcdctl(*add).returncode == 0, trio.processes["one"].log)
    with trio.members() as etcd:
        members = etcd.members()
        new = next(member for member in members if not member["name"])
        assert new["learner"]
        assert new["peer_urls"] == [url]
        assert etcd.unhealthy(members) == {new["id"]: "it has not started yet"}
        assert etcd.remove(new["id"])


def test_the_port_that_speaks_http_is_found(trio: Trio) -> None:
    for ports in ((free_port(), trio.http["two"]), (trio.grpc["two"], trio.http["two"])):
        with trio.members(*ports) as etcd:
            assert len(etcd.members()) == 3


def test_an_expired_client_certificate_is_named(trio: Trio) -> None:
    trio.use_client(trio.client_ca.issue("client", before=now() - 9 * DAY, after=now() - DAY))
    with trio.members(trio.http["one"], trio.grpc["one"]) as etcd:
        with pytest.raises(CertificateExpired) as caught:
            etcd.members()
        assert caught.value.side == "client"
        assert caught.value.kind == "certificate"


def test_a_foreign_client_certificate_is_refused(trio: Trio) -> None:
    trio.use_client(Authority("etcd-server-ca").issue("client"))
    with trio.members() as etcd:
        with pytest.raises(HttpError) as caught:
            etcd.members()
        assert caught.value.reason in ("client_certificate_refused", "reset")
