# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The noun "sync": the agent on a node, set up, moved to another version and removed."""

from __future__ import annotations

import contextlib
import sys
import typing as t
from importlib.util import find_spec

from .._core.engine import Noun
from .._core.errors import EdgeError
from .._core.looking import look_at_paths, look_at_units
from .._core.plan import Step
from .._core.records import replace
from .._core.resources import SeenUnit
from .._distribution.release import BIN_DIRS
from .._host.host import Host
from . import places
from .plan import Observation, plan_sync, wishes
from .spec import ABSENT, Spec

PYTHON = "/usr/bin/python3"


def observe(host: Host, spec: Spec) -> Observation:
    """Look; changes nothing. EdgeError(kind=preflight) where the node's Python cannot keep a queue."""
    wanted = spec.state != ABSENT
    if wanted and (find_spec("_sqlite3") is None or find_spec("sqlite3") is None):
        raise EdgeError(
            "this node's Python has no sqlite3, which the agent's queue needs",
            kind="preflight",
            hint="install the system's package of Python as a whole",
        )
    python, command = _python(host), _command(host)
    delivered = tuple(host.names(places.SECRETS))
    return Observation(
        look_at_paths(host, wishes(spec, python, command, delivered)),
        _units(host),
        python,
        command,
        delivered,
        host.inspect(places.FOLDER) is not None,
        left=_left(host) if spec.state == ABSENT else 0,
    )


def _units(host: Host) -> dict[str, SeenUnit]:
    """A unit without an [Install] section, such as a round's, is never enabled."""
    names = (places.SERVICE, places.TIMER)
    states = host.units(names)
    return {
        name: replace(unit, enabled=states[name].enabled.startswith("enabled"))
        for name, unit in look_at_units(host, names).items()
    }


def _python(host: Host) -> str:
    """The system's Python, else the one that runs this."""
    return PYTHON if host.inspect(PYTHON) else sys.executable or PYTHON


def _command(host: Host) -> str:
    found = [f"{folder}/{places.COMMAND}" for folder in BIN_DIRS]
    for path in found:
        if host.inspect(path):
            return path
    return next((p for p in found if host.writable(p.rpartition("/")[0])), found[-1])


def _left(host: Host) -> int:
    found = 0
    for name in filter(lambda name: name.endswith(places.EVENTS), host.names(places.LEFT)):
        with contextlib.suppress(OSError), open(host.path(f"{places.LEFT}/{name}"), "rb") as stream:
            found += sum(1 for dummy in stream)  # line by line: what a queue has left is large
    return found


def report(spec: Spec, seen: Observation) -> dict[str, t.Any]:
    """The part of the result that bears the noun's name."""
    if spec.settings is None or spec.state == ABSENT:
        found: dict[str, t.Any] = {"state": "present" if seen.folder else ABSENT}
        found["left"] = seen.left
        if seen.left:
            found["exported"] = places.LEFT
        return found
    code = seen.paths.get(places.CODE)
    return {
        "state": "absent" if code is None else "present",
        "mode": spec.settings.mode,
        "interval_minutes": spec.settings.interval_minutes,
        "pulls": spec.settings.pulls,
        "running": any(unit.running for unit in seen.units.values()),
    }


def drain(host: Host, step: Step) -> None:
    """Have what waits sent, and what is left kept in a file. EdgeError where neither can be done."""
    if not host.inspect(places.QUEUE):
        return
    seconds = int(step.params["seconds"])
    words = ["/bin/sh", places.LAUNCHER, "drain", str(seconds), places.LEFT]
    done = host.run(words, timeout=seconds + 300.0, check=False)
    if done.rc and not step.params["force"]:
        raise EdgeError(
            f"what waits could be neither sent nor kept: {done.said}",
            kind="io",
            hint="see `lightk8s-edge explain` on the node, or give force to lose it",
        )


def noun(spec: Spec) -> Noun:
    """The noun."""
    return Noun(
        "sync",
        observe,
        plan_sync,
        report,
        lambda: {"sync_drain": drain},
        lambda spec: (places.SERVICE, places.TIMER),
    )
