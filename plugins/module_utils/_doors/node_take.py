# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asked by an action plugin of a node that takes an artifact from a neighbour; not a module."""

from __future__ import annotations

import fcntl
import os
import typing as t

from .._core import door
from .._core.errors import EdgeError
from .._core.verbs import ARTIFACTS, artifact_path
from .._host import files
from .._host.host import Host
from .._host.http import Connection
from .._sync import artifacts

CONNECT = 5.0  # seconds: on a network of one place, who does not answer by then is closed
ARGS: dict[str, t.Any] = {
    "argument_spec": {
        "sha256": {"type": "str", "required": True},
        "name": {"type": "str", "required": True},
        "address": {"type": "str", "required": True},
        "port": {"type": "int", "required": True},
        "token": {"type": "str", "required": True, "no_log": True},
    },
    "supports_check_mode": False,
}


def main(
    params: dict[str, t.Any], check: bool, diff: bool, host: Host | None = None
) -> dict[str, t.Any]:
    """{taken: bytes that came}; the artifact lies on the node then, checked by its digest."""
    here = host or Host()
    token, sha256, address = params["token"], params["sha256"], params["address"]
    where = f"[{address}]" if ":" in address else address
    base = f"http://{where}:{params['port']}"
    partial = f"{here.path(ARTIFACTS)}/.partial-{sha256}"

    def connect(url: str) -> Connection:
        return Connection(base, connect_timeout=CONNECT, read_timeout=artifacts.SILENCE_SECONDS)

    try:
        files.make_folder(here.path(ARTIFACTS), 0o700)
        handle = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            before = os.fstat(handle).st_size
            need = {"sha256": sha256, "name": params["name"]}
            artifacts.bring(here, need, [f"{base}/{token}/{sha256}"], connect, lambda size: None)
        finally:
            os.close(handle)
    except OSError as exc:
        exc_text = exc.strerror or str(exc)
        wrong = EdgeError(f"{params['name']} cannot be taken: {exc_text}", kind="io")
        return {"changed": False, **door.failed(wrong, secrets=[token])}
    except EdgeError as exc:
        exc.hint = "it comes from the controller instead"
        return {"changed": False, **door.failed(exc, secrets=[token])}
    info = here.inspect(artifact_path(sha256))
    return {"changed": True, "taken": max(0, (info.size if info else 0) - before)}
