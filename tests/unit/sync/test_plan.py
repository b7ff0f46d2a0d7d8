# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From any agent to any other: what is done, in which order, and that nothing is left to do."""

from __future__ import annotations

import binascii
import itertools
import typing as t

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.plan import Phase, Plan
from ansible_collections.lightk8s.edge.plugins.module_utils._core.resources import Seen, SeenUnit
from ansible_collections.lightk8s.edge.plugins.module_utils._sync import places
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.plan import (
    UNIT_FILES,
    Observation,
    plan_sync,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.settings import Settings
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.spec import ABSENT, Spec

COMMAND = "/usr/local/bin/lightk8s-edge"
MODES = ("online", "offline", "hybrid")


def spec(mode: str = "hybrid", sha256: str = "a" * 64, **more: t.Any) -> Spec:
    settings = Settings("shop", "n1", {}, mode=mode, url="https://hub")
    given = {"files": {places.TOKEN: "word", places.CA: None}, **more}
    return Spec("present", settings, sha256, 9, **given)


GONE = Spec(ABSENT)


class Node:
    """What steps leave, without a disk."""

    def __init__(self) -> None:
        self.files: dict[str, Seen] = {}
        self.enabled: set[str] = set()
        self.running: set[str] = set()

    def see(self) -> Observation:
        units = {
            name: SeenUnit(
                name,
                "loaded" if path in self.files else "not-found",
                name in self.running,
                name in self.enabled,
            )
            for path, name in zip(UNIT_FILES, (places.SERVICE, places.TIMER), strict=True)
        }
        delivered = tuple(
            path.rpartition("/")[2] for path in self.files if path.startswith(places.SECRETS)
        )
        folder = any(path.startswith(places.FOLDER) for path in self.files)
        return Observation(self.files, units, "/usr/bin/python3", COMMAND, delivered, folder)

    def plan(self, wanted: Spec) -> Plan:
        return plan_sync(wanted, self.see())

    def apply(self, wanted: Spec) -> Plan:
        plan = self.plan(wanted)
        for step in plan.steps:
            getattr(self, f"do_{step.verb}")(step)
        return plan

    def do_write(self, step: t.Any) -> None:
        data = binascii.a2b_base64(step.params["data"])
        self.files[step.target] = Seen("file", step.params["mode"], data=data)

    def do_place(self, step: t.Any) -> None:
        sha256 = step.params["sha256"]
        self.files[step.target] = Seen("file", step.params["mode"], sha256=sha256)

    def do_link(self, step: t.Any) -> None:
        self.files[step.target] = Seen("link", target=step.params["to"])

    def do_remove(self, step: t.Any) -> None:
        del self.files[step.target]

    def do_remove_tree(self, step: t.Any) -> None:
        self.files = {k: v for k, v in self.files.items() if not k.startswith(f"{step.target}/")}

    def do_stop(self, step: t.Any) -> None:
        self.running.remove(step.target)

    def do_start(self, step: t.Any) -> None:
        assert f"{places.UNITS}/{step.target}" in self.files
        self.running.add(step.target)

    def do_restart(self, step: t.Any) -> None:
        assert step.target in self.running

    def do_enable(self, step: t.Any) -> None:
        assert f"{places.UNITS}/{step.target}" in self.files
        self.enabled.add(step.target)

    def do_disable(self, step: t.Any) -> None:
        assert f"{places.UNITS}/{step.target}" in self.files
        self.enabled.remove(step.target)

    def do_reload(self, step: t.Any) -> None:
        """Nothing that is seen here."""

    def do_sync_drain(self, step: t.Any) -> None:
        assert places.SERVICE not in self.running
        assert places.LAUNCHER in self.files


@pytest.mark.parametrize(("before", "after"), list(itertools.product((*MODES, ""), repeat=2)))
def test_any_mode_follows_any_other_and_the_second_run_finds_nothing(
    before: str, after: str
) -> None:
    node = Node()
    for mode in (before, after):
        wanted = spec(mode) if mode else GONE
        node.apply(wanted)
        assert node.plan(wanted).empty
    unit = {"online": {places.SERVICE}, "": set()}.get(after, {places.TIMER})
    assert (node.running, node.enabled) == (unit, unit)
    if not after:
        assert node.files == {}


def test_a_round_that_runs_is_not_ended_by_a_change() -> None:
    node = Node()
    node.apply(spec())
    node.running.add(places.SERVICE)
    plan = node.plan(spec(sha256="b" * 64))
    assert [step.verb for step in plan.steps] == ["place"]


def test_a_service_begins_anew_with_other_code_or_another_token() -> None:
    node = Node()
    node.apply(spec("online"))
    for changed in (spec("online", "b" * 64), spec("online", files={places.TOKEN: "other"})):
        assert [step.verb for step in node.plan(changed).steps][-1] == "restart"


def test_a_removal_sends_first_and_removes_last() -> None:
    node = Node()
    node.apply(spec("online"))
    steps = node.plan(GONE).steps
    assert [step.verb for step in steps if step.phase == Phase.STOP] == [
        "stop",
        "disable",
        "sync_drain",
    ]
    assert (steps[-1].verb, steps[-1].target) == ("remove_tree", places.FOLDER)


def test_secrets_that_are_named_no_more_go_and_unset_leaves_them() -> None:
    node = Node()
    node.apply(spec(secrets={"one": "1", "two": "2"}))
    assert node.plan(spec()).empty
    plan = node.apply(spec(secrets={"two": "2"}))
    assert [(step.verb, step.target) for step in plan.steps] == [
        ("remove", f"{places.SECRETS}/one")
    ]


def test_no_secret_is_in_a_diff_or_a_sentence() -> None:
    wanted = spec(secrets={"one": "the-secret"}, files={places.TOKEN: "the-token"})
    plan = Node().plan(wanted)
    shown = repr(plan.diff()) + repr(plan.actions()) + repr(wanted)
    assert "the-secret" not in shown
    assert "the-token" not in shown
    assert sorted(wanted.words()) == ["the-secret", "the-token"]
