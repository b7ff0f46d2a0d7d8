# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asked by the action plugin of edge_images of the node that gives images to its site's registry; not a module."""

from __future__ import annotations

import typing as t

from .._core import door
from .._core.errors import EdgeError
from .._host.host import Host
from .._host.http import Connection
from .._images.giving import SILENCE, Registry, missing
from .._images.runtime import Containerd
from . import options
from .site_images import layout_of

ARGS: dict[str, t.Any] = {
    "argument_spec": {
        **options.NAME,
        **{key: options.NODE[key] for key in ("site", "role", "data_dir", "bin_dir")},
        "names": {"type": "list", "elements": "str", "required": True},
        "registry": {"type": "str", "required": True},
    },
    "supports_check_mode": True,
}


def main(
    params: dict[str, t.Any], check: bool, diff: bool, host: Host | None = None
) -> dict[str, t.Any]:
    """{changed, actions}: the images are in the registry, under the paths that their own registries have for them."""
    here = host or Host()
    site = str(params.get("site") or "")
    url = params["registry"]
    try:
        runtime = layout_of(here, params).runtime
        if runtime is None:  # nothing here runs pods
            return {"changed": False, "actions": []}
        containerd = Containerd(here, runtime)
        records = containerd.records()
        wanted = params["names"]
        there = {name: records[name].target for name in wanted if name in records}
        with Connection(url, read_timeout=SILENCE) as link:
            registry = Registry(here, containerd, link)
            given = {name: target for name, target in there.items() if registry.takes(name, target)}
            lacking = missing(registry, given)
            for name in lacking if not check else ():
                registry.bring(name, given[name])
        away = [name for name in wanted if name not in there]
        if away and not check:
            raise EdgeError(f"{', '.join(away)}: not on the node that gives them", kind="artifact")
    except EdgeError as exc:
        return {"changed": False, **door.failed(exc, site)}
    actions = [f"give {name} to {url}" for name in (*lacking, *away)]
    found: dict[str, t.Any] = {"changed": bool(actions), "actions": actions}
    if len(given) < len(there):
        names = ", ".join(name for name in there if name not in given)
        found["warnings"] = [
            f"{names}: {url} gets what a tag names, or a digest that is whole here"
        ]
    return found
