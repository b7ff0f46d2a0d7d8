# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The administrator's way into a cluster, for the action plugin alone: its answer is a secret."""

from __future__ import annotations

import base64
import typing as t

from .._core import door
from .._core.errors import EdgeError
from .._host.host import Host
from . import options
from .own_cluster import own_kubeconfig

ARGS: dict[str, t.Any] = {
    "argument_spec": {
        **options.NAME,
        **{key: options.NODE[key] for key in ("site", "role", "data_dir")},
        "dest": {"type": "path", "required": True},
        "api_endpoint": {"type": "str"},
        "context": {"type": "str"},
    },
    "supports_check_mode": True,
}


def main(params: dict[str, t.Any], check: bool, diff: bool) -> dict[str, t.Any]:
    """{port: the API's, and as base64 ca, cert, key}. Fails with kind spec on an agent, else kind api."""
    try:
        found = access(Host(), params)
    except EdgeError as exc:
        return {"changed": False, **door.failed(exc, params.get("site") or "")}
    return {"changed": False, **found}


def access(host: Host, params: dict[str, t.Any]) -> dict[str, t.Any]:
    """What `main` returns, from the kubeconfig that the distribution keeps on its servers."""
    from urllib.parse import urlsplit

    from .._kube.kubeconfig import read_kubeconfig

    text, folder = own_kubeconfig(params, host)
    found = read_kubeconfig(text, folder=folder)
    parts = {"ca": found.tls.ca, "cert": found.tls.cert, "key": found.tls.key}
    answer: dict[str, t.Any] = {
        name: base64.b64encode(data).decode() for name, data in parts.items()
    }
    return {"port": urlsplit(found.server).port or 443, **answer}
