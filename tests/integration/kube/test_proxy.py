# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API behind an HTTP proxy, which hands connections on and cannot read them."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._core.records import replace
from ansible_collections.lightk8s.edge.plugins.module_utils._host.http import HttpError
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.client import Client
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.kubeconfig import read_kubeconfig
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.retry import ONCE

from .cluster import Cluster

pytestmark = pytest.mark.integration


class Proxy:
    """CONNECT for those who know its password."""

    def __init__(self) -> None:
        self.heads: list[str] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                self._talk(self._listening.accept()[0])

    def _talk(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        self.heads.append(head.decode())
        if base64.b64encode(b"user:pass") not in head:
            client.sendall(
                b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
            )
            client.close()
            return
        host, dummy, port = head.split()[1].decode().rpartition(":")
        server = socket.create_connection((host, int(port)))
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        for one, other in ((client, server), (server, client)):
            threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while block := one.recv(65536):
            other.sendall(block)
        other.shutdown(socket.SHUT_WR)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    proxy = Proxy()
    yield proxy
    proxy.close()


def test_requests_go_through_the_proxy(cluster: Cluster, proxy: Proxy) -> None:
    direct = read_kubeconfig(cluster.admin)
    way = replace(direct, proxy=f"http://user:pass@127.0.0.1:{proxy.port}")
    with Client.connect(way) as client:
        assert client.readyz()["ready"]
        client.version()
    assert len(proxy.heads) == 1
    assert proxy.heads[0].startswith(f"CONNECT {direct.server.removeprefix('https://')} ")


def test_a_proxy_that_refuses_is_named_without_its_password(cluster: Cluster, proxy: Proxy) -> None:
    way = replace(
        read_kubeconfig(cluster.admin), proxy=f"http://user:wrong-word@127.0.0.1:{proxy.port}"
    )
    with Client.connect(way, retry=ONCE) as client, pytest.raises(HttpError) as caught:
        client.version()
    assert "status 407" in caught.value.message
    assert "wrong-word" not in caught.value.message


def test_another_kind_of_proxy_is_refused(cluster: Cluster) -> None:
    way = replace(read_kubeconfig(cluster.admin), proxy="socks5://127.0.0.1:1080")
    with Client.connect(way, retry=ONCE) as client, pytest.raises(EdgeError) as caught:
        client.version()
    assert caught.value.kind == "spec"
