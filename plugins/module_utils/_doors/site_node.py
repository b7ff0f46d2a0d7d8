# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asked of a server by the action plugin of an agent, for what an agent may not change on its own Node;
not a module.
"""

from __future__ import annotations

import typing as t

from .._core import door
from .._core.errors import EdgeError
from .._core.plan import Phase, Step
from .._distribution import objects
from .._distribution.noun import gate_on
from .._host.host import Host
from . import options

ARGS: dict[str, t.Any] = {
    "argument_spec": {
        **options.NAME,
        "node": {"type": "str", "required": True},
        "labels": {"type": "dict"},
        "taints": {"type": "list", "elements": "str"},
        "owned": {"type": "dict"},
        **options.NODE,
    },
    "supports_check_mode": True,
}


def main(params: dict[str, t.Any], check: bool, diff: bool) -> dict[str, t.Any]:
    """Make the labels and taints of `node` as the agent has planned them."""
    host = Host()
    try:
        own = {**params, "role": "server", "labels": None, "taints": None}
        spec = options.distribution_spec(params["distribution"], own)
        wish = {key: params[key] for key in ("labels", "taints", "owned")}
        wish["kubeconfig"] = gate_on(host, spec).params["kubeconfig"]
        objects.perform(host, Step(Phase.OBJECTS, "node", params["node"], "", wish))
    except EdgeError as exc:
        return {"changed": False, **door.failed(exc)}
    return {"changed": True}
