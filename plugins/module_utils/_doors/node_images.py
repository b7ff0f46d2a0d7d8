# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asked of a site's nodes by the action plugin of edge_pod; not a module."""

from __future__ import annotations

import typing as t

from .._core import door
from .._core.errors import EdgeError
from .._distribution.registry import adapter_of
from .._host.host import Host
from .._images.runtime import Containerd
from .._workloads.images import normal
from . import options

ARGS: dict[str, t.Any] = {
    "argument_spec": {
        **options.NAME,
        **options.NODE,
        "images": {"type": "list", "elements": "str", "required": True},
    },
    "supports_check_mode": True,
}


def main(
    params: dict[str, t.Any], check: bool, diff: bool, host: Host | None = None
) -> dict[str, t.Any]:
    """{changed, node: the Node's name, images: those of `images` that its containerd has}."""
    here = host or Host()
    try:
        spec = options.distribution_spec(params["distribution"], params)
        adapter = adapter_of(spec.distribution)
        runtime = adapter.layout(spec, adapter.bin_dir(here, spec)).runtime
        if runtime is None:
            raise EdgeError("there is no kubelet on this node", kind="spec")
        listed = Containerd(here, runtime).records()
    except EdgeError as exc:
        return {"changed": False, **door.failed(exc, params.get("site") or "")}
    there = {normal(name) for name in listed}
    node = adapter.records(spec, adapter.config(here), here.hostname()).node
    found = [name for name in params["images"] if normal(name) in there]
    return {"changed": False, "node": node, "images": found}
