# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asked of a host that leaves its cluster by the action plugin; not a module."""

from __future__ import annotations

import typing as t

from .._core import door
from .._core.errors import EdgeError
from .._distribution.registry import adapter_of
from .._host.host import Host
from .._info.observe import installed_role
from . import options

ARGS: dict[str, t.Any] = {
    "argument_spec": {
        **options.NAME,
        "stop": {"type": "bool", "default": False},
        "removed": {"type": "bool", "default": False},
        **options.NODE,
    },
    "supports_check_mode": True,
}
STOP_SECONDS = 120.0


def main(params: dict[str, t.Any], check: bool, diff: bool) -> dict[str, t.Any]:
    """{node: its Node's name, unit, running}; with `stop` the service does not run afterwards.

    With `removed` a host from which the distribution was taken, but not its credentials, has a Node too.
    """
    host = Host()
    try:
        adapter = adapter_of(params["distribution"])
        spec = options.distribution_spec(params["distribution"], params)
        dummy, unit = installed_role(host, adapter, spec)
        records = adapter.records(spec, adapter.config(host), host.hostname())
        if params.get("stop") and unit.running and not check:
            host.systemctl("stop", unit.name, timeout=STOP_SECONDS)
    except EdgeError as exc:
        return {"changed": False, **door.failed(exc)}
    known = params.get("removed") and any(map(host.names, records.certificates))
    installed = unit.load != "not-found" or known
    return {
        "changed": bool(params.get("stop") and unit.running),
        "node": records.node if installed else "",
        "unit": unit.name,
        "running": unit.running,
    }
