# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the engine does before a change, and after one that fails. Real files, verbs that only fail or not."""

from __future__ import annotations

import base64
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.engine import (
    Bound,
    Noun,
    converge,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import (
    EdgeError,
    NeedsArtifacts,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._core.plan import (
    Phase,
    Plan,
    Step,
    merge,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._host.commands import Done
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host
from ansible_collections.lightk8s.edge.plugins.module_utils._host.systemd import UnitState

CONFIG = "/etc/x/config"
UNIT = "x.service"
LOGS = Step(Phase.SERVICE, "restart", "systemd-journald.service", "restart it")
GATE = Step(Phase.GATE, "gate", UNIT, "wait", {"timeout": 1, "version": ""})


def write(text: str) -> Step:
    data = base64.b64encode(text.encode()).decode()
    return Step(Phase.FILES, "write", CONFIG, "write it", {"mode": 0o600, "data": data})


def nothing(host: Host, step: Step) -> None:
    """A verb that succeeds."""


def refuses(host: Host, step: Step) -> None:
    raise EdgeError(f"{step.verb} says no", kind="health")


def bound(*steps: Step, **verbs: t.Any) -> list[Bound]:
    plan = Plan(steps)
    known = {"start": nothing, "restart": nothing, "gate": nothing, "look": nothing, **verbs}
    noun = Noun(
        "x", lambda host, spec: None, lambda spec, seen: plan, lambda spec, seen: {}, lambda: known
    )
    return [Bound(noun, None)]


@pytest.mark.parametrize("check", [True, False])
def test_what_is_found_wrong_beforehand_changes_nothing(tmp_path: Path, check: bool) -> None:
    host = Host(str(tmp_path))
    look = Step(Phase.CHECK, "look", CONFIG, "look at it")
    with pytest.raises(EdgeError, match="look says no"):
        converge(bound(look, write("new"), look=refuses), host, check=check)
    assert host.read(CONFIG) is None
    assert host.names("/var/lib/lightk8s/tx") == []


def test_a_look_is_no_change() -> None:
    look = Step(Phase.CHECK, "look", CONFIG, "look at it")
    assert not Plan((look, GATE)).changed
    assert Plan((look, GATE, write("x"))).actions() == ["write it"]


def test_a_first_start_that_fails_has_nothing_to_go_back_to(tmp_path: Path) -> None:
    """Though a service of the system's own, which runs anyway, is restarted in the same run."""
    host = Host(str(tmp_path))
    start = Step(Phase.SERVICE, "start", UNIT, "start it")
    with pytest.raises(EdgeError, match="gate says no") as error:
        converge(bound(write("new"), start, LOGS, GATE, gate=refuses), host, check=False)
    assert error.value.kind == "health"
    assert host.read(CONFIG) == b"new"


def test_a_service_that_could_not_start_again_is_not_stopped(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    with pytest.raises(EdgeError, match="restart says no"):
        converge(bound(write("new"), LOGS, may_start=refuses), host, check=False)
    assert host.read(CONFIG) is None


class Running(Host):
    """A machine on which the unit runs, and orders to systemd are only noted."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.orders: list[tuple[str, ...]] = []

    def units(self, names: t.Sequence[str]) -> dict[str, UnitState]:
        return {name: UnitState(name, "loaded", "active") for name in names}

    def systemctl(self, *words: str, timeout: float = 120) -> Done:
        self.orders.append(words)
        return Done(("systemctl", *words), 0, "", "")


def test_what_is_no_file_is_taken_back_before_the_files(tmp_path: Path) -> None:
    host = Running(str(tmp_path))
    host.write(CONFIG, b"old")
    seen: list[bytes | None] = []
    renew = Step(Phase.SERVICE, "renew", "x", "renew it", {}, starts=(UNIT,))
    gates = iter((refuses, nothing))

    def gate(host: Host, step: Step) -> None:
        next(gates)(host, step)

    def undo(host: Host, step: Step) -> None:
        seen.append(host.read(CONFIG))

    steps = bound(write("new"), renew, GATE, gate=gate, renew=nothing, undo_renew=undo)
    with pytest.raises(EdgeError) as error:
        converge(steps, host, check=False)
    assert error.value.kind == "rolled_back"
    assert seen == [b"new"]
    assert host.read(CONFIG) == b"old"
    assert ("restart", "--no-block", UNIT) in host.orders


JOIN = Step(Phase.SERVICE, "join", "x", "join it", {}, starts=(UNIT,), irreversible=True)


def test_an_irreversible_step_that_fails_leaves_what_runs_alone(tmp_path: Path) -> None:
    host = Running(str(tmp_path))
    host.write(CONFIG, b"old")
    steps = bound(write("new"), JOIN, GATE, join=refuses, gate=refuses)
    with pytest.raises(EdgeError, match=r"^join says no$") as error:
        converge(steps, host, check=False)
    assert error.value.kind == "health"
    assert host.read(CONFIG) == b"old"
    assert host.orders == [("daemon-reload",)]
    assert host.names("/var/lib/lightk8s/tx") == []


def test_what_ran_anew_before_an_irreversible_step_failed_runs_as_before(tmp_path: Path) -> None:
    host = Running(str(tmp_path))
    host.write(CONFIG, b"old")
    steps = bound(write("new"), LOGS, JOIN, GATE, join=refuses, restart=nothing)
    with pytest.raises(EdgeError, match=r"^join says no$"):
        converge(steps, host, check=False)
    assert host.orders == [("daemon-reload",), ("restart", "--no-block", LOGS.target)]


def test_nothing_leads_back_from_an_irreversible_step(tmp_path: Path) -> None:
    host = Running(str(tmp_path))
    host.write(CONFIG, b"old")
    steps = bound(write("new"), JOIN, GATE, join=nothing, gate=refuses)
    with pytest.raises(EdgeError, match=r"^gate says no$") as error:
        converge(steps, host, check=False)
    assert error.value.kind == "health"
    assert host.read(CONFIG) == b"new"
    assert host.orders == []


def test_a_step_that_starts_a_unit_itself_spares_the_restart() -> None:
    renew = Step(Phase.SERVICE, "renew", "x", "renew it", {}, starts=(UNIT,))
    restart = Step(Phase.SERVICE, "restart", UNIT, "restart it")
    assert merge([Plan((restart, LOGS)), Plan((renew,))]).steps == (LOGS, renew)


def test_a_step_asks_for_what_it_needs_on_the_node(tmp_path: Path) -> None:
    need = {"sha256": "a" * 64, "name": "x.snap", "size": 1}
    step = Step(Phase.SERVICE, "renew", "x", "renew it", {"artifacts": [need]})
    with pytest.raises(NeedsArtifacts) as error:
        converge(bound(step, renew=nothing), Host(str(tmp_path)), check=False)
    assert error.value.needs == [need]
