# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report on one node. Reads only."""

from __future__ import annotations

import typing as t

from .._core import door
from .._core.errors import EdgeError
from .._host.host import Host
from .._info.observe import observe
from .._info.spec import Question, hosts
from . import options

MEMBERS: dict[str, t.Any] = {
    "type": "list",
    "elements": "dict",
    "default": [],
    "options": {
        "name": {"type": "str", "required": True},
        "node_name": {"type": "str"},
        "addresses": {"type": "list", "elements": "str", "default": []},
    },
}
KEYS = ("site", "role", "data_dir", "bin_dir", "node_name")
ARGS: dict[str, t.Any] = {
    "argument_spec": {
        **options.NAME,
        **{key: options.NODE[key] for key in KEYS},
        "members": MEMBERS,
    },
    "supports_check_mode": True,
}


def main(params: dict[str, t.Any], check: bool, diff: bool) -> dict[str, t.Any]:
    """Look; see the module's documentation for the result."""
    try:
        spec = options.distribution_spec(params["distribution"], params)
        found = observe(Host(), Question(spec, hosts(params.get("members") or [])))
    except EdgeError as exc:
        return {"changed": False, **door.failed(exc, params.get("site") or "")}
    return {"changed": False, "info": found}
