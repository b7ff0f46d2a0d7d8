# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kubeconfig files: server, trust and identity of one context.

Format: the v1 Config of client-go (kubernetes.io, "Organizing cluster access using kubeconfig").
"""

from __future__ import annotations

import base64
import json
import os
from contextlib import suppress
from typing import Any

from .._core.errors import EdgeError
from .._core.records import dataclass, field
from .._host.http import Tls

# Ways to log in, or to reach a cluster, that this client lacks: refused, not skipped.
_UNSUPPORTED_USER = ("exec", "auth-provider", "username", "password", "as", "tokenFile")
_UNSUPPORTED_CLUSTER = ("insecure-skip-tls-verify", "proxy-url")


class Unsupported(EdgeError):
    """The kubeconfig is right, and asks for what this client cannot do."""


@dataclass(frozen=True)
class Access:
    """How to reach an API server."""

    server: str
    tls: Tls
    token: str = field(default="", repr=False)
    proxy: str = field(default="", repr=False)  # http://[user:password@]name:port


def read_kubeconfig(text: str, *, context: str = "", folder: str = "") -> Access:
    """Read a kubeconfig (YAML or JSON); `context` defaults to its current one.

    `folder` is where its relative paths start. Raises EdgeError: spec for a file that cannot be
    used, io for a certificate file that it names and that cannot be read.
    """
    config = _parse(text)
    chosen = context or str(config.get("current-context") or "")
    entry = _named(config, "contexts", "context", chosen)
    cluster = _named(config, "clusters", "cluster", str(entry.get("cluster") or ""))
    user = _named(config, "users", "user", str(entry.get("user") or ""))
    _refuse(cluster, _UNSUPPORTED_CLUSTER)
    _refuse(user, _UNSUPPORTED_USER)
    tls = Tls(
        ca=_bytes(cluster, "certificate-authority", folder),
        cert=_bytes(user, "client-certificate", folder),
        key=_bytes(user, "client-key", folder),
        server_name=str(cluster.get("tls-server-name") or ""),
    )
    if not cluster.get("server"):
        raise _unusable("its cluster names no server")
    return Access(str(cluster["server"]), tls, str(user.get("token") or ""))


def _unusable(why: str) -> EdgeError:
    return EdgeError(f"the kubeconfig cannot be used: {why}", kind="spec")


def _parse(text: str) -> dict[str, Any]:
    config = None
    if text.lstrip().startswith("{"):
        with suppress(ValueError):  # YAML's own flow form begins like this too
            config = json.loads(text)
    if config is None:
        from .._core.yamlish import load

        config = load(text)
    if not isinstance(config, dict):
        raise _unusable("it is not a mapping")
    return config


def _named(config: dict[str, Any], group: str, part: str, name: str) -> dict[str, Any]:
    entries = config.get(group)
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and entry.get("name") == name:
            inner = entry.get(part)
            return inner if isinstance(inner, dict) else {}
    raise _unusable(f"it has no {part} named {name or '(empty)'}")


def _refuse(section: dict[str, Any], keys: tuple[str, ...]) -> None:
    for key in keys:
        if section.get(key):
            text = f"the kubeconfig cannot be used: {key} is not supported"
            raise Unsupported(text, kind="spec")


def _bytes(section: dict[str, Any], key: str, folder: str) -> bytes:
    inline = section.get(key + "-data")
    if inline:
        try:
            return base64.b64decode(str(inline), validate=True)
        except ValueError as exc:
            raise _unusable(f"{key}-data is not base64") from exc
    path = section.get(key)
    if not path:
        return b""
    return Tls.from_files("", cert=os.path.join(folder, str(path))).cert
