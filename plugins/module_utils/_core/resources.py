# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files, links and units as wishes, and the steps from what was seen to them. Pure."""

from __future__ import annotations

import binascii
import typing as t

from .plan import Change, Phase, Plan, Step
from .records import dataclass, field

SHOWN = 64 * 1024  # bytes of a file that a diff shows at most


@dataclass(frozen=True)
class File:
    """A regular file that must be there.

    Exactly one of `data` and `sha256` says what it holds: `data` the bytes, `sha256` an artifact's
    digest (with `name` and `size` to find it). Neither: any content will do, only the mode counts, and an
    absent file is no concern of ours. `secret` keeps the content out of diffs. With `begins` it is written
    where there is none, and then belongs to who uses it.
    """

    path: str
    mode: int = 0o644
    data: bytes | None = field(default=None, repr=False)  # may be a secret
    sha256: str = ""
    name: str = ""
    size: int | None = None
    secret: bool = False
    restarts: tuple[str, ...] = ()
    what: str = ""  # for the summary: "the K3s configuration"
    begins: bool = False


@dataclass(frozen=True)
class Link:
    """A symbolic link that must be there. A foreign file in its place is left alone, with a warning."""

    path: str
    target: str


@dataclass(frozen=True)
class Absent:
    """A file or link that must not be there. `secret` keeps the content out of diffs."""

    path: str
    secret: bool = False
    restarts: tuple[str, ...] = ()
    what: str = ""


@dataclass(frozen=True)
class Unit:
    """How a systemd unit must be; None leaves that side alone."""

    name: str
    enabled: bool | None = None
    active: bool | None = None


Wish = t.Union[File, Link, Absent]


@dataclass(frozen=True)
class Seen:
    """What lies at a path; `data` only where a diff or comparison needs it."""

    kind: str
    mode: int = 0
    sha256: str = ""
    data: bytes | None = field(default=None, repr=False)  # may be a secret
    target: str = ""


@dataclass(frozen=True)
class SeenUnit:
    """The part of a unit's state that plans look at."""

    name: str
    load: str = "not-found"
    running: bool = False
    enabled: bool = False
    stale: bool = False
    masked: bool = False


def plan_paths(wishes: t.Sequence[Wish], seen: t.Mapping[str, Seen | None]) -> Plan:
    """Steps that make each wish true, given what lies at its path."""
    steps: list[Step] = []
    changes: list[Change] = []
    warnings: list[str] = []
    for wish in wishes:
        found = seen.get(wish.path)
        if isinstance(wish, File):
            _plan_file(wish, found, steps, changes)
        elif isinstance(wish, Link):
            _plan_link(wish, found, steps, warnings)
        elif found is not None:
            steps.append(
                Step(
                    Phase.FILES,
                    "remove",
                    wish.path,
                    f"remove {wish.what or wish.path}",
                    restarts=wish.restarts,
                )
            )
            before = "(secret)\n" if wish.secret else _shown(found.data)
            changes.append(Change(wish.path, before, ""))
    return Plan(tuple(steps), tuple(changes), tuple(warnings))


def _plan_file(wish: File, found: Seen | None, steps: list[Step], changes: list[Change]) -> None:
    label = wish.what or wish.path
    if wish.begins and found is not None and found.kind == "file":
        return
    if wish.data is None and not wish.sha256:
        if found is None or found.kind != "file" or found.mode == wish.mode:
            return
    elif found is None or found.kind != "file" or not _same_content(wish, found):
        steps.append(_content_step(wish, found, label))
        changes.append(_content_change(wish, found))
        return
    elif found.mode == wish.mode:
        return
    steps.append(
        Step(
            Phase.FILES,
            "mode",
            wish.path,
            f"set the mode of {label} to {wish.mode:04o}",
            {"mode": wish.mode},
        )
    )
    changes.append(Change(wish.path, f"mode {found.mode:04o}\n", f"mode {wish.mode:04o}\n"))


def _same_content(wish: File, found: Seen) -> bool:
    if wish.sha256:
        return found.sha256 == wish.sha256
    return found.data == wish.data


def _content_step(wish: File, found: Seen | None, label: str) -> Step:
    verb = "write" if found is None else "rewrite"
    if wish.sha256:
        place = {"mode": wish.mode, "sha256": wish.sha256, "name": wish.name, "size": wish.size}
        summary = f"{'place' if found is None else 'replace'} {label}"
        return Step(Phase.FILES, "place", wish.path, summary, place, wish.restarts)
    content = {
        "mode": wish.mode,
        "data": binascii.b2a_base64(wish.data or b"", newline=False).decode(),
    }
    return Step(Phase.FILES, "write", wish.path, f"{verb} {label}", content, wish.restarts)


def _content_change(wish: File, found: Seen | None) -> Change:
    if wish.sha256:
        before = f"sha256 {found.sha256}\n" if found is not None else ""
        return Change(wish.path, before, f"sha256 {wish.sha256}\n")
    if wish.secret:
        return Change(wish.path, "(secret)\n" if found is not None else "", "(new secret)\n")
    return Change(wish.path, _shown(found.data if found is not None else None), _shown(wish.data))


def _plan_link(wish: Link, found: Seen | None, steps: list[Step], warnings: list[str]) -> None:
    if found is not None and found.kind == "link" and found.target == wish.target:
        return
    if found is not None and found.kind != "link":
        warnings.append(f"{wish.path} is not a link of ours and is left alone")
        return
    steps.append(
        Step(
            Phase.FILES,
            "link",
            wish.path,
            f"link {wish.path} to {wish.target}",
            {"to": wish.target},
        )
    )


def _shown(data: bytes | None) -> str:
    if data is None:
        return ""
    if len(data) > SHOWN:
        return f"({len(data)} bytes)\n"
    return data.decode("utf-8", "replace")


def plan_units(
    wishes: t.Sequence[Unit],
    seen: t.Mapping[str, SeenUnit],
    because: Plan,
) -> Plan:
    """Steps for units, given the plan of the files: reload, enablement, start, stop and needed restarts."""
    steps: list[Step] = []
    reload_needed = any(step.target.startswith("/etc/systemd/system/") for step in because.steps)
    names = {wish.name for wish in wishes} | set(because.restarts)
    stale = sorted(name for name in names if name in seen and seen[name].stale)
    if reload_needed or stale:
        steps.append(Step(Phase.UNITS, "reload", "systemd", "make systemd read its units anew"))
    for wish in wishes:
        _plan_unit(wish, seen.get(wish.name, SeenUnit(wish.name)), steps)
    wanted = {wish.name: wish.active for wish in wishes}
    for name in tuple(dict.fromkeys((*because.restarts, *stale))):
        state = seen.get(name)
        if state is not None and state.running and wanted.get(name) is not False:
            steps.append(Step(Phase.SERVICE, "restart", name, f"restart {name}"))
    return Plan(tuple(steps))


def _plan_unit(wish: Unit, state: SeenUnit, steps: list[Step]) -> None:
    if state.masked and (wish.active or wish.enabled):
        steps.append(Step(Phase.UNITS, "unmask", wish.name, f"unmask {wish.name}"))
    if wish.enabled is not None and wish.enabled != state.enabled:
        verb = "enable" if wish.enabled else "disable"
        if wish.enabled or state.load != "not-found":
            steps.append(Step(Phase.UNITS, verb, wish.name, f"{verb} {wish.name}"))
    if wish.active and not state.running:
        steps.append(Step(Phase.SERVICE, "start", wish.name, f"start {wish.name}"))
    if wish.active is False and state.running:
        steps.append(Step(Phase.STOP, "stop", wish.name, f"stop {wish.name}"))
