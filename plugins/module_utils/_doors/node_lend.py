# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asked by an action plugin of a node that others of its site may take artifacts from; not a module."""

from __future__ import annotations

import typing as t

from .._core import door
from .._core.errors import EdgeError
from .._core.verbs import ARTIFACTS
from .._host.host import Host
from .._host.http import Connection, HttpError

IDLE = 600.0  # seconds for which nobody has asked, after which it ends: nodes of one site come in ranks
ASK = 5.0
ARGS: dict[str, t.Any] = {
    "argument_spec": {
        "address": {"type": "str", "required": True},
        "token": {"type": "str", "required": True, "no_log": True},
        "port": {"type": "int"},
        "sha256": {"type": "str", "required": True},
    },
    "supports_check_mode": False,
}


def main(
    params: dict[str, t.Any], check: bool, diff: bool, host: Host | None = None
) -> dict[str, t.Any]:
    """{port} of the process that lends the artifact: the one that lends others already, or a new one."""
    here = host or Host()
    address, token, sha256 = params["address"], params["token"], params["sha256"]
    try:
        if params.get("port") and _added(address, int(params["port"]), f"/{token}/{sha256}"):
            return {"changed": False, "port": params["port"]}
        from .._host.lending import lend

        try:
            port = lend(address, token, here.path(ARTIFACTS), [sha256], IDLE)
        except OSError as exc:
            raise EdgeError(
                f"nothing can be lent at {address}: {exc.strerror}",
                kind="io",
                hint="set edge_node_ip to the address by which the nodes of the site reach this one",
            ) from exc
    except EdgeError as exc:
        return {"changed": False, **door.failed(exc, secrets=[token])}
    return {"changed": False, "port": port}


def _added(address: str, port: int, path: str) -> bool:
    where = f"[{address}]" if ":" in address else address
    try:
        with Connection(f"http://{where}:{port}", connect_timeout=ASK, read_timeout=ASK) as link:
            return link.request("POST", path).status == 200
    except HttpError:
        return False
