# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate of k0s, with what `k0s status` says where it is not passed.

systemd alone does not tell: a worker whose token has expired stays active. `k0s status` may hang, so it
is bounded, and it is asked only once something is wrong.
"""

from __future__ import annotations

import json

from ..._core.errors import EdgeError
from ..._core.plan import Step
from ..._core.verbs import Verb
from ..._host.host import Host
from .. import gate
from ..release import BIN_DIRS
from . import paths

WAIT = 15.0


def _gate(host: Host, step: Step) -> None:
    try:
        gate.perform(host, step)
    except EdgeError as exc:
        if exc.kind == "health":
            said = asked(host)
            exc.message += f"\nk0s status: {said}" if said else ""
        raise


def asked(host: Host) -> str:
    """What k0s says of itself; empty where it runs well."""
    programs = [f"{folder}/{paths.PROGRAM}" for folder in BIN_DIRS]
    program = next((path for path in programs if host.inspect(path)), "")
    if not program:
        return ""
    try:
        done = host.run([host.path(program), "status", "-o", "json"], timeout=WAIT, check=False)
    except EdgeError as exc:
        return exc.message
    return judged(done.rc, done.out, done.err)


def judged(code: int, out: str, err: str) -> str:
    """What of an answer of `k0s status -o json` is not as it should be. Pure."""
    if code:
        return err.strip().removeprefix("Error: ")
    try:
        link = json.loads(out).get("WorkerToAPIConnectionStatus") or {}
    except (ValueError, AttributeError):
        return "no answer that can be read"
    return "" if link.get("Success") else f"no way to the API: {link.get('Message') or 'unknown'}"


VERBS: dict[str, Verb] = {"gate": _gate}
