# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bounds of what pods may use on a node."""

from __future__ import annotations

import typing as t

from .._resources import noun as resources
from . import bounds, options

ARGS: dict[str, t.Any] = bounds.args(options.RESOURCES)


def main(params: dict[str, t.Any], check: bool, diff: bool) -> dict[str, t.Any]:
    """Converge the bounds; see the module's documentation for the result."""
    read = options.resources_of
    return bounds.run(resources.noun, options.RESOURCES, read, params, check=check, diff=diff)
