# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry of a site: Debian's own, on one of its nodes. Its log and skopeo say what it was asked and what it has."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bed.node import Node

from .site import wait_for

PACKAGE = "docker-registry"  # that the node must have
PORT = 5000
STORE = "/var/lib/docker-registry"
_CONFIG = "/etc/docker/registry/config.yml"
_PAIR = ("/etc/docker/registry/own.crt", "/etc/docker/registry/own.key")
_ASKED = r'"([A-Z]+) (\S+) HTTP/1\.1" (\d+) '
Asked = tuple[str, str, int]  # method, path without the query, status


@dataclass(frozen=True)
class Depot:
    """The registry of that node."""

    node: Node

    @property
    def url(self) -> str:
        return f"http://{self.node.ip}:{PORT}"

    def begin(self, **more: Mapping[str, Any]) -> None:
        """Start it, with these settings beside the usual ones; what it holds stays."""
        settings: dict[str, Any] = {
            "version": "0.1",
            "log": {"level": "info"},
            "storage": {"filesystem": {"rootdirectory": STORE}},
            "http": {"addr": f":{PORT}"},
        }
        for key, value in more.items():
            settings[key] = {**settings.get(key, {}), **value}
        self.node.write(_CONFIG, json.dumps(settings))
        self.node.run(f"install -d -o {PACKAGE} -g {PACKAGE} {STORE}")
        self.node.run(["systemctl", "restart", PACKAGE])
        look = f"curl -sk -o /dev/null {self.url}/v2/ || curl -sk -o /dev/null https://{self.node.ip}:{PORT}/v2/"
        wait_for("the registry", lambda: self.node.run(look, check=False).returncode == 0)

    def begin_with_tls(self, certificate: bytes, key: bytes) -> str:
        """The same with TLS; its URL."""
        for path, data in zip(_PAIR, (certificate, key), strict=True):
            self.node.write(path, data)
        self.begin(http={"tls": dict(zip(("certificate", "key"), _PAIR, strict=True))})
        return f"https://{self.node.ip}:{PORT}"

    def stop(self) -> None:
        self.node.run(["systemctl", "stop", PACKAGE])

    def forget(self) -> None:
        """Lose all that it holds."""
        self.stop()
        self.node.run(f"rm -rf {STORE}/docker")
        self.begin()

    def asked(self) -> list[Asked]:
        """All that it was ever asked, by its own log."""
        said = self.node.run(["journalctl", "-u", PACKAGE, "-o", "cat", "--no-pager"]).stdout
        found = re.findall(_ASKED, said)
        return [(method, path.partition("?")[0], int(status)) for method, path, status in found]

    def digest(self, reference: str) -> str:
        """Of the manifest below the repository and its `:tag` or `@digest`; empty where it has none."""
        raw = self._skopeo("inspect", "--raw", "--tls-verify=false", self._address(reference))
        return f"sha256:{hashlib.sha256(raw).hexdigest()}" if raw else ""

    def config(self, reference: str) -> str:
        """Digest of the config that the manifest there names."""
        raw = self._skopeo("inspect", "--raw", "--tls-verify=false", self._address(reference))
        return str(json.loads(raw)["config"]["digest"])

    def blobs(self, reference: str) -> set[str]:
        """Digests of config and layers, all of which were fetched and are right."""
        with tempfile.TemporaryDirectory() as folder:
            words = ("--quiet", "--preserve-digests", "--src-tls-verify=false")
            self._skopeo("copy", *words, self._address(reference), f"dir:{folder}")
            found = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
        blobs = {name: data for name, data in found.items() if re.fullmatch("[0-9a-f]{64}", name)}
        assert all(hashlib.sha256(data).hexdigest() == name for name, data in blobs.items())
        return {f"sha256:{name}" for name in blobs}

    def _address(self, reference: str) -> str:
        return f"docker://{self.node.ip}:{PORT}/{reference}"

    def _skopeo(self, *words: str) -> bytes:
        """What it prints; nothing where the registry does not know the manifest."""
        done = subprocess.run(
            ["skopeo", "--insecure-policy", *words], capture_output=True, check=False
        )
        if done.returncode and b"manifest unknown" in done.stderr:
            return b""
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout
