# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images as a noun of edge_site: looked at in the run that looks at everything else.

What that look found is remembered as long as containerd's database stays the same file, so that a node that is right
costs a stat, and loads no code of images.
"""

from __future__ import annotations

import json
import typing as t

from .._core import kept
from .._core.errors import EdgeError
from .._core.records import replace
from .._distribution.registry import adapter_of
from .._distribution.spec import PRESENT
from .._host.host import Host
from . import options

if t.TYPE_CHECKING:
    from .._distribution.adapter import Layout

DATABASE = (
    "io.containerd.metadata.v1.bolt/meta.db"  # below containerd's root; all but content is in it
)
Params = t.Mapping[str, t.Any]
Result = dict[str, t.Any]


def add(result: Result, params: Params, check: bool, host: Host | None = None) -> Result:
    """`result`, which is no failure, with the images as they are.

    `images_pending` tells that the controller has to ask for more; nothing is changed here. A node that is about
    to be changed is not looked at: its containerd may not even be there.
    """
    if params.get("wanted") is None or params.get("state") not in (None, PRESENT):
        return result
    if check and result.get("changed"):
        return {**result, "images_pending": True}
    here = host or Host()
    try:
        found = _look(here, params)
    except EdgeError:
        return {**result, "images_pending": True}  # whoever brings them says why
    if not check or params.get("planning"):
        here.keep_digests()
    return {**result, "images": found["images"], "images_pending": found["pending"]}


def _look(host: Host, params: Params) -> Result:
    """{wanted: digest of what was asked, images, pending}. EdgeError."""
    asked = {"images": params["wanted"], "prune": bool(params.get("images_prune"))}
    wanted = kept.digest(asked)
    runtime = layout_of(host, params).runtime
    if runtime is None:  # nothing here runs pods
        return {"wanted": wanted, "images": [], "pending": False}

    def look() -> str:
        from . import edge_images

        given = {name: params.get(name) for name in edge_images.ARGS["argument_spec"]}
        given.update(wanted=params["wanted"], prune=asked["prune"], work=None)
        found = edge_images.main(given, True, False, host)
        if found.get("failed"):
            raise EdgeError(str(found.get("msg")), kind="internal")
        pending = bool(found.get("pending") or found.get("warnings"))
        return json.dumps({"wanted": wanted, "images": found["images"], "pending": pending})

    place = f"{runtime.root}/{DATABASE}"
    full = params.get("verify") == "full"
    known = _read(host.derived(place, "images", look, full=full))
    if known.get("wanted") != wanted:
        known = _read(host.derived(place, "images", look, full=True))
    return known


def _read(text: str) -> Result:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def layout_of(host: Host, params: Params) -> Layout:
    """Where things are on this node; a data directory that was chosen at installation is heeded."""
    adapter = adapter_of(params["distribution"])
    spec = options.distribution_spec(params["distribution"], {**params, "state": None})
    if not spec.data_dir:
        records = adapter.records(spec, adapter.config(host), host.hostname())
        spec = replace(spec, data_dir=records.data_dir or None)
    return adapter.layout(spec, adapter.bin_dir(host, spec))
