# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client that asks a site's servers for /readyz all the time."""

from __future__ import annotations

import base64
import http.client
import ssl
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import yaml
from bed.node import Node

PAUSE = 0.3


class Readyz:
    """Asks while it is open: every 0.3 s all servers at once.

    `rounds` counts; `bad` holds, for each round in which no server said ok, what each of them said.
    """

    def __init__(self, servers: Sequence[Node], folder: Path) -> None:
        self.rounds = 0
        self.bad: list[dict[str, str]] = []
        self._servers = {node.name: node.ip for node in servers}
        self._context = _context(servers[0].read("/etc/rancher/k3s/k3s.yaml"), folder)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask_on, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _ask_on(self) -> None:
        while not self._ended.is_set():
            said: dict[str, str] = {}
            for name, ip in self._servers.items():
                said[name] = self._ask(ip)
                if said[name] == "ok":
                    break
            else:
                self.bad.append(said)
            self.rounds += 1
            time.sleep(PAUSE)

    def _ask(self, ip: str) -> str:
        connection = http.client.HTTPSConnection(ip, 6443, timeout=10, context=self._context)
        try:
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            return answer.read().decode() if answer.status == 200 else f"status {answer.status}"
        except OSError as error:
            return repr(error)
        finally:
            connection.close()


def _context(kubeconfig: str, folder: Path) -> ssl.SSLContext:
    """The administrator's credentials out of a kubeconfig."""
    config = yaml.safe_load(kubeconfig)
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    parts = (user["client-certificate-data"], user["client-key-data"])
    pair = folder / "client.pem"
    pair.write_bytes(b"".join(base64.b64decode(part) for part in parts))
    ca = base64.b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=ca)
    context.check_hostname = False
    context.load_cert_chain(pair)
    return context
