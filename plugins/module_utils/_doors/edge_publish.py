# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Desired states, published by the controller. Nodes never run this."""

from __future__ import annotations

import typing as t

from .._core import door
from .._core.errors import EdgeError

ARGS: dict[str, t.Any] = {
    "argument_spec": {
        "to": {"type": "str"},
        "keys": {"type": "list", "elements": "path", "no_log": False},
        "key_password": {"type": "str", "no_log": True},
        "token": {"type": "str", "no_log": True},
        "ca": {"type": "path"},
        "client_cert": {"type": "path"},
        "client_key": {"type": "path", "no_log": False},
        "valid_days": {"type": "int", "default": 90},
        "arch": {"type": "list", "elements": "str", "default": ["amd64"]},
        "artifacts": {"type": "bool", "default": True},
        "only_configured": {"type": "bool", "default": False},
    },
    "supports_check_mode": True,
}


def main(params: dict[str, t.Any], check: bool, diff: bool) -> dict[str, t.Any]:
    """Say that the work is done by the action plugin."""
    text = "edge_publish runs on the controller, by its action plugin only"
    return {"changed": False, **door.failed(EdgeError(text, kind="spec"))}
