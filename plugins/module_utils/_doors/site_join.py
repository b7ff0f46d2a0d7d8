# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asked of a living server by the action plugin of a node that wants to join; not a module."""

from __future__ import annotations

import typing as t

from .._core import door
from .._core.errors import EdgeError
from .._distribution.registry import adapter_of
from .._host.host import Host
from . import options

ARGS: dict[str, t.Any] = {
    "argument_spec": {
        **options.NAME,
        "joiner": {"type": "str", "default": "agent", "choices": ["server", "agent"]},
        "used": {"type": "str", "no_log": True},
        **options.NODE,
    },
    "supports_check_mode": True,
}


def main(params: dict[str, t.Any], check: bool, diff: bool) -> dict[str, t.Any]:
    """{initialized: whether this server is part of a cluster that runs, token: what to join it with,
    give_back: whether to call again with `used`, the token, once the node has joined}.
    """
    host = Host()
    try:
        adapter = adapter_of(params["distribution"])
        spec = options.distribution_spec(params["distribution"], {**params, "role": "server"})
        if params.get("used"):
            adapter.take_back(host, spec, params["used"])
            return {"changed": True, "initialized": True, "token": ""}
        token = adapter.join_token(host, spec, params["joiner"])
    except EdgeError as exc:
        return {"changed": False, **door.failed(exc)}
    found = {"changed": False, "initialized": bool(token), "token": token}
    return {**found, "give_back": adapter.gives_tokens_back}
