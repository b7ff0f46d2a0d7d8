# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asked by the action plugin of edge_images of the node that gives images to its site's registry; not a module."""

from __future__ import annotations

import typing as t

from .._core import door
from .._core.errors import EdgeError
from .._host.host import Host
from .._host.http import Connection, HttpError
from .._images.giving import SILENCE, Registry
from .._images.runtime import Containerd
from . import options
from .site_images import layout_of

ARGS: dict[str, t.Any] = {
    "argument_spec": {
        **options.NAME,
        **{key: options.NODE[key] for key in ("site", "role", "data_dir", "bin_dir")},
        "published": {"type": "dict", "required": True},
        "registry": {"type": "str", "required": True},
    },
    "supports_check_mode": True,
}
_TRUST = (
    "see to it that the system of this node trusts the certificate, and that it names this address"
)
_LATER = "run again when it answers: the node's own images do not depend on it"
Found = dict[str, t.Any]


def main(
    params: dict[str, t.Any], check: bool, diff: bool, host: Host | None = None
) -> dict[str, t.Any]:
    """{changed, actions}: the images are in the registry, under the paths that their own registries have for them.

    `published` are their digests by their names: of the manifest, and of the index above it.
    """
    here = host or Host()
    try:
        return _given(here, params, params["registry"], check=check)
    except EdgeError as exc:
        return {"changed": False, **door.failed(exc, str(params.get("site") or ""))}


def _given(host: Host, params: dict[str, t.Any], url: str, *, check: bool) -> Found:
    runtime = layout_of(host, params).runtime
    if runtime is None:  # nothing here runs pods
        text = f"{url} gets no images: the server that begins this site runs no pods, and has none"
        return {"changed": False, "actions": [], "warnings": [text]}
    containerd = Containerd(host, runtime)
    records = containerd.records()
    there = {name: records[name].target for name in params["published"] if name in records}
    try:
        with Connection(url, read_timeout=SILENCE) as link:
            registry = Registry(host, containerd, link)
            lacking = [
                name
                for name, published in params["published"].items()
                if not registry.has(name, published, there.get(name, ""))
            ]
            away = [name for name in lacking if name not in there]
            if away and not check:
                text = f"{', '.join(away)}: not on the node that gives them"
                raise EdgeError(text, kind="artifact")
            given = [name for name in lacking if name in away or registry.takes(name, there[name])]
            for name in given if not check else ():
                registry.bring(name, there[name])
    except HttpError as exc:
        text = f"the registry of the site gets no images: {exc.message}"
        if exc.kind == "certificate":
            raise EdgeError(text, kind=exc.kind, hint=_TRUST) from exc
        raise EdgeError(text, kind="artifact", hint=_LATER) from exc
    found: Found = {"changed": bool(given), "actions": [f"give {name} to {url}" for name in given]}
    if len(given) < len(lacking):
        names = ", ".join(name for name in lacking if name not in given)
        text = f"{names}: {url} gets what a tag names, or a digest that is whole here"
        found["warnings"] = [text]
    return found
