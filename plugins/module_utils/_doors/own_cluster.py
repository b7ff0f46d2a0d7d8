# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The administrator's kubeconfig that a distribution keeps on its servers."""

from __future__ import annotations

import posixpath
import typing as t

from .._core.errors import EdgeError
from .._distribution.registry import adapter_of
from .._host.host import Host
from . import options


def own_kubeconfig(params: t.Mapping[str, t.Any], host: Host) -> tuple[str, str]:
    """(its text, the folder where its relative paths start). EdgeError on an agent, and before it is there."""
    if params.get("role") == "agent":
        raise EdgeError(
            "an agent has no administrator's kubeconfig",
            kind="spec",
            hint="run the task on a server of the site, or give kubeconfig",
        )
    adapter = adapter_of(params["distribution"])
    spec = options.distribution_spec(params["distribution"], params)
    path = adapter.records(spec, adapter.config(host), host.hostname()).kubeconfig
    text = host.read_text(path)
    if not text:
        raise EdgeError(f"{path} is not there yet", kind="api", hint="bring the site up first")
    return text, host.path(posixpath.dirname(path))
