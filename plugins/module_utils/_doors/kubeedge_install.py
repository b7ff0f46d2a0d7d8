# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""KubeEdge on one node."""

from __future__ import annotations

import typing as t

from . import options

COMPONENTS = {"cloudcore": "server", "edgecore": "agent"}
ARGS: dict[str, t.Any] = {
    "argument_spec": {
        "component": {"type": "str", "choices": list(COMPONENTS)},
        **options.NODE,
        **options.DISTRIBUTION,
        **options.PROFILE,
        **options.RESOURCES,
        **options.LOGGING,
    },
    "supports_check_mode": True,
}


def main(params: dict[str, t.Any], check: bool, diff: bool) -> dict[str, t.Any]:
    """Converge the node; see the module's documentation for the result."""
    from .nouns import run  # the controller loads this file for ARGS alone

    role = COMPONENTS.get(params.get("component") or "", params.get("role"))
    return run("kubeedge", {**params, "role": role}, check, diff)
