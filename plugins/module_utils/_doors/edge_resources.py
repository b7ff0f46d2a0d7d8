# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bounds of what pods may use on a node."""

from __future__ import annotations

import typing as t

from .._core import door
from .._core.engine import Bound
from .._core.errors import EdgeError
from .._resources import noun as resources
from . import options

ARGS: dict[str, t.Any] = {
    "argument_spec": {
        **options.NAME,
        **options.NODE,
        **options.PROFILE,
        **options.RESOURCES,
        **options.HAND_ON,
    },
    "supports_check_mode": True,
}


def main(params: dict[str, t.Any], check: bool, diff: bool) -> dict[str, t.Any]:
    """Converge the bounds; see the module's documentation for the result."""
    try:
        options.refuse_inputs(params["distribution"], params)
        base = options.distribution_spec(params["distribution"], params)
        spec = options.resources_of(base, params)
    except EdgeError as exc:
        return {"changed": False, **door.failed(exc, params["site"])}
    if params.get("hand_on"):
        return options.hand_on("resources", options.RESOURCES, params)
    bounds = [Bound(resources.noun(spec), spec)]
    return door.answer(bounds, check=check, diff=diff, site=base.site)
