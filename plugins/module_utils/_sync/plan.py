# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the agent that is on a node to the one that is wanted. Pure."""

from __future__ import annotations

import typing as t

from .._core.plan import Phase, Plan, Step, merge
from .._core.records import dataclass
from .._core.resources import (
    Absent,
    File,
    Link,
    Seen,
    SeenUnit,
    Unit,
    Wish,
    plan_paths,
    plan_units,
)
from . import places, units
from .settings import Settings
from .spec import ABSENT, Spec
from .up import ONLINE

STOP_SECONDS = 300  # a round that converges the node is let end
UNIT_FILES = (f"{places.UNITS}/{places.SERVICE}", f"{places.UNITS}/{places.TIMER}")


@dataclass(frozen=True)
class Observation:
    """What the plan is made from. `delivered` are names of secrets that are on the node."""

    paths: t.Mapping[str, Seen | None]
    units: t.Mapping[str, SeenUnit]
    python: str
    command: str  # where the link to the launcher belongs
    delivered: tuple[str, ...] = ()
    folder: bool = False
    left: int = 0


def wishes(spec: Spec, python: str, command: str, delivered: t.Sequence[str]) -> tuple[Wish, ...]:
    """Files and links as they must be."""
    if spec.settings is None or spec.state == ABSENT:
        return (*map(Absent, UNIT_FILES), Absent(command, what=f"the command {places.COMMAND}"))
    online = spec.settings.mode == ONLINE
    restarts = (places.SERVICE,) if online else ()
    code = File(
        places.CODE, 0o600, sha256=spec.sha256, name="agent.zip", size=spec.size,
        restarts=restarts, what="the agent's code",
    )  # fmt: skip
    settings = spec.settings.raw()
    found: list[Wish] = [
        code,
        File(places.LAUNCHER, 0o755, data=units.launcher(python), what="the agent's launcher"),
        File(places.SETTINGS, 0o600, data=settings, restarts=restarts, what="the agent's settings"),
        Link(command, places.LAUNCHER),
        *_secrets(spec, delivered, restarts),
        *_unit_files(spec.settings, online),
    ]
    return tuple(found)


def _secrets(spec: Spec, delivered: t.Sequence[str], restarts: tuple[str, ...]) -> t.Iterator[Wish]:
    for path, text in spec.files.items():
        what = f"the agent's {path.rpartition('/')[2]}"
        if text:
            data = text.rstrip("\n").encode() + b"\n"
            yield File(path, 0o600, data=data, secret=True, restarts=restarts, what=what)
        else:
            yield Absent(path, secret=True, restarts=restarts, what=what)
    if spec.secrets is None:
        return
    for name, text in spec.secrets.items():
        path = f"{places.SECRETS}/{name}"
        yield File(path, 0o600, data=text.encode(), secret=True, what=f"the secret {name}")
    for name in delivered:
        if name not in spec.secrets:
            yield Absent(f"{places.SECRETS}/{name}", secret=True, what=f"the secret {name}")


def _unit_files(settings: Settings, online: bool) -> tuple[Wish, ...]:
    service, timer = UNIT_FILES
    first = File(
        service, data=units.service(online), restarts=(places.SERVICE,) if online else (),
        what=f"the unit {places.SERVICE}",
    )  # fmt: skip
    if online:
        return first, Absent(timer, what=f"the unit {places.TIMER}")
    text = units.timer(settings.interval_minutes)
    return first, File(timer, data=text, restarts=(places.TIMER,), what=f"the unit {places.TIMER}")


def wanted_units(spec: Spec) -> tuple[Unit, ...]:
    """The timer, or in online mode the service. A round that runs just now is left to its end."""
    if spec.settings is None or spec.state == ABSENT:
        return ()
    return (Unit(places.SERVICE if spec.settings.mode == ONLINE else places.TIMER, True, True),)


def plan_sync(spec: Spec, seen: Observation) -> Plan:
    """Steps to the agent that is wanted."""
    files = plan_paths(wishes(spec, seen.python, seen.command, seen.delivered), seen.paths)
    ending = Plan(tuple(_ending(spec, seen.units)))
    plans = [ending, files, plan_units(wanted_units(spec), seen.units, files)]
    if spec.state != ABSENT or not seen.folder:
        return merge(plans)
    export = {"seconds": spec.drain_seconds, "force": spec.force}
    what = f"send what waits, and keep what cannot be sent below {places.LEFT}"
    steps = (
        Step(Phase.STOP, "sync_drain", places.QUEUE, what, export),
        Step(Phase.CLEAN, "remove_tree", places.FOLDER, "remove the agent"),
    )
    return merge([*plans, Plan(steps)])


def _ending(spec: Spec, units: t.Mapping[str, SeenUnit]) -> t.Iterator[Step]:
    """Units that are wanted no more end, and are forgotten, while their files are still there."""
    wanted = {unit.name for unit in wanted_units(spec)}
    for name in (places.TIMER, places.SERVICE):
        unit = units.get(name, SeenUnit(name))
        if name in wanted or unit.load == "not-found":
            continue
        # In the modes with a timer the service runs while a round does: that is not for us to end.
        if unit.running and (name == places.TIMER or unit.enabled or spec.state == ABSENT):
            yield Step(Phase.STOP, "stop", name, f"stop {name}", {"timeout": STOP_SECONDS})
        if unit.enabled:
            yield Step(Phase.STOP, "disable", name, f"disable {name}")
