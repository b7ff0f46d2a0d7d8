# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way to a cluster's API from the controller, by a kubeconfig."""

from __future__ import annotations

import os
import typing as t
import urllib.parse
import urllib.request
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._core.records import replace
from ansible_collections.lightk8s.edge.plugins.module_utils._host.tls import Tls
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.kubeconfig import (
    Access,
    Unsupported,
    read_kubeconfig,
)


def access(path: str, context: str = "") -> Access:
    """What the kubeconfig at `path` says, with the proxy of the environment. EdgeError.

    What our own reader does not know (programs that log in, proxies, other forms of identity) is resolved
    by the package `kubernetes`.
    """
    place = os.path.abspath(os.path.expanduser(path))
    try:
        text = Path(place).read_text(encoding="utf-8")
    except OSError as exc:
        raise EdgeError(f"cannot read {place}: {exc.strerror}", kind="io") from exc
    try:
        found = read_kubeconfig(text, context=context, folder=os.path.dirname(place))
    except (Unsupported, ValueError) as exc:
        found = _resolved(place, context, exc)
    return found if found.proxy else replace(found, proxy=_proxy(found.server))


def _proxy(server: str) -> str:
    parts = urllib.parse.urlsplit(server)
    if urllib.request.proxy_bypass(parts.hostname or ""):
        return ""
    return urllib.request.getproxies().get(parts.scheme, "")


def _resolved(path: str, context: str, reason: Exception) -> Access:
    try:
        from kubernetes import client, config
    except ImportError:
        raise EdgeError(
            f"{path}: {reason}",
            kind="spec",
            hint="install the Python package kubernetes on the controller",
        ) from reason
    found: t.Any = client.Configuration()
    try:
        config.load_kube_config(path, context or None, found, persist_config=False)
    except config.ConfigException as exc:
        raise EdgeError(f"{path} cannot be used: {exc}", kind="spec") from exc
    if not found.verify_ssl:
        raise EdgeError(f"{path} turns off the check of the server's certificate", kind="spec")
    kind, dummy, token = str(found.api_key.get("authorization") or "").partition(" ")
    if kind and kind != "Bearer":
        raise EdgeError(f"{path} logs in with {kind}, which is not supported", kind="spec")
    tls = Tls.from_files(
        found.ssl_ca_cert or "",
        found.cert_file or "",
        found.key_file or "",
        getattr(found, "tls_server_name", None) or "",
    )
    return Access(str(found.host), tls, token, proxy=found.proxy or "")
