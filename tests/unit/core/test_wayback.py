# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A change that somebody else has the last word on: held, then accepted or taken back. Real files."""

from __future__ import annotations

import base64
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core import wayback
from ansible_collections.lightk8s.edge.plugins.module_utils._core.engine import (
    Bound,
    Noun,
    converge,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._core.plan import Phase, Plan, Step
from ansible_collections.lightk8s.edge.plugins.module_utils._core.transaction import pending
from ansible_collections.lightk8s.edge.plugins.module_utils._host.commands import Done
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host

CONFIG, UNIT = "/etc/x/config", "x.service"
DATA = base64.b64encode(b"new").decode()
WRITE = Step(Phase.FILES, "write", CONFIG, "write it", {"mode": 0o600, "data": DATA})
RESTART = Step(Phase.SERVICE, "restart", UNIT, "restart it")
START = Step(Phase.SERVICE, "start", UNIT, "start it")
GATE = Step(Phase.GATE, "gate", UNIT, "wait", {"timeout": 1, "version": "v2"})
SICK = EdgeError("the cluster does not see it", kind="health")


class Quiet(Host):
    """A host whose systemd does what it is told."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.told: list[str] = []

    def systemctl(self, *words: str, timeout: float = 120) -> Done:
        self.told.append(" ".join(words))
        return Done(words, 0, "", "")


def nothing(host: Host, step: Step) -> None:
    """A verb that succeeds."""


VERBS = {"start": nothing, "restart": nothing, "gate": nothing}


def change(host: Host, *steps: Step, hold: bool = True) -> bool:
    """Whether the change is held; nothing is left to do after it."""

    def plan(spec: t.Any, seen: t.Any) -> Plan:
        return Plan() if host.read(CONFIG) == b"new" else Plan(steps)

    noun = Noun("x", lambda host, spec: None, plan, lambda spec, seen: {}, lambda: VERBS)
    return converge([Bound(noun, None)], host, check=False, hold=hold).held


@pytest.fixture
def host(tmp_path: Path) -> Quiet:
    found = Quiet(str(tmp_path))
    found.write(CONFIG, b"old", 0o600)
    return found


def test_a_held_change_is_accepted(host: Quiet) -> None:
    assert change(host, WRITE, RESTART, GATE)
    assert pending(host)
    assert wayback.settle(host, VERBS, None)
    assert host.read(CONFIG) == b"new"
    assert not pending(host)


def test_a_held_change_is_taken_back(host: Quiet) -> None:
    seen: list[str] = []
    change(host, WRITE, RESTART, GATE)
    verbs = {**VERBS, "gate": lambda host, step: seen.append(step.params["version"])}
    with pytest.raises(EdgeError, match="the former state is back") as error:
        wayback.settle(host, verbs, SICK)
    assert error.value.kind == "rolled_back"
    assert host.read(CONFIG) == b"old"
    assert host.told[-1] == f"restart --no-block {UNIT}"
    assert seen == [""]
    assert not pending(host)


@pytest.mark.parametrize("steps", [(WRITE,), (WRITE, START, GATE)])
def test_what_has_no_former_state_is_not_held(host: Quiet, steps: tuple[Step, ...]) -> None:
    assert not change(host, *steps)
    assert not pending(host)
    assert not wayback.settle(host, VERBS, SICK)
    assert host.read(CONFIG) == b"new"


def test_nothing_is_held_unless_it_is_asked_for(host: Quiet) -> None:
    assert not change(host, WRITE, RESTART, GATE, hold=False)
    assert not pending(host)


def test_a_change_that_nobody_settles_is_completed_by_the_next_run(host: Quiet) -> None:
    change(host, WRITE, RESTART, GATE)
    assert not change(host, WRITE, RESTART, GATE, hold=False)
    assert host.read(CONFIG) == b"new"
    assert not pending(host)
