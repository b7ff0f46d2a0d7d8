# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bounds of logs on a node."""

from __future__ import annotations

import typing as t

from .._logging import noun as logging
from . import bounds, options

ARGS: dict[str, t.Any] = bounds.args(options.LOGGING)


def main(params: dict[str, t.Any], check: bool, diff: bool) -> dict[str, t.Any]:
    """Converge the bounds; see the module's documentation for the result."""
    read = options.logging_of
    return bounds.run(logging.noun, options.LOGGING, read, params, check=check, diff=diff)
