# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the doors of bounds share: one noun of a node, which the distribution's run may take over."""

from __future__ import annotations

import typing as t

from .._core import door
from .._core.engine import Bound, Noun
from .._core.errors import EdgeError
from .._distribution.spec import Spec
from . import options

Inputs = t.Mapping[str, t.Any]


def args(inputs: Inputs) -> dict[str, t.Any]:
    """The arguments of a module of these inputs."""
    return {
        "argument_spec": {
            **options.NAME,
            **options.NODE,
            **options.PROFILE,
            **inputs,
            **options.HAND_ON,
        },
        "supports_check_mode": True,
    }


def run(
    noun: t.Callable[[t.Any], Noun],
    inputs: Inputs,
    read: t.Callable[[Spec, t.Mapping[str, t.Any]], t.Any],
    params: dict[str, t.Any],
    *,
    check: bool,
    diff: bool,
) -> dict[str, t.Any]:
    """Converge the noun to what `read` makes of the parameters, or hand its inputs on."""
    try:
        options.refuse_inputs(params["distribution"], params)
        base = options.distribution_spec(params["distribution"], params)
        spec = read(base, params)
    except EdgeError as exc:
        return {"changed": False, **door.failed(exc, params["site"])}
    bound = Bound(noun(spec), spec)
    if params.get("hand_on"):
        return options.hand_on(bound.noun.name, inputs, params)
    return door.answer([bound], check=check, diff=diff, site=base.site)
