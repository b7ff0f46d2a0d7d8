# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Takes a host out of its cluster, from a living server of its site."""

from __future__ import annotations

import typing as t

from .._core import door
from .._core.errors import EdgeError
from .._distribution.spec import SERVER
from .._host.host import Host
from .._info.spec import hosts
from .._leave.run import leave
from .._leave.spec import STAGES, Wish
from . import options

MEMBER: dict[str, t.Any] = {
    "type": "dict",
    "options": {
        "name": {"type": "str", "required": True},
        "node_name": {"type": "str"},
        "addresses": {"type": "list", "elements": "str", "default": []},
    },
}
ARGS: dict[str, t.Any] = {
    "argument_spec": {
        **options.NAME,
        "site": {"type": "str", "default": ""},
        "data_dir": {"type": "path"},
        "member": MEMBER,
        "servers": {"type": "list", "elements": "str", "default": []},
        "leave_timeout": {"type": "int", "default": 120},
        "leave_force": {"type": "bool", "default": False},
        "stage": {"type": "str", "default": "all", "choices": list(STAGES)},
    },
    "supports_check_mode": True,
}


def main(params: dict[str, t.Any], check: bool, diff: bool) -> dict[str, t.Any]:
    """Remove the member; see the module's documentation for the result."""
    site = params.get("site") or ""
    try:
        wish = _wish(params)
        outcome = leave(Host(), wish, check=check)
    except EdgeError as exc:
        return {"changed": False, **door.failed(exc, site)}
    return door.result(outcome, diff=diff)


def _wish(params: dict[str, t.Any]) -> Wish:
    member = params.get("member")
    if not member:
        raise EdgeError(
            "nobody is named who should leave",
            kind="spec",
            hint="run the module for an inventory host by its action plugin, or give member",
        )
    server = options.distribution_spec(params["distribution"], {**params, "role": SERVER})
    return Wish(
        server=server,
        leaver=hosts([member])[0],
        stage=params["stage"],
        timeout=params["leave_timeout"],
        force=params["leave_force"],
    )
