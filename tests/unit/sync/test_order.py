# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pushes beside published documents: one order, kept by the engine's own run on real files."""

from __future__ import annotations

import base64
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.engine import (
    Bound,
    Noun,
    Outcome,
    converge,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._core.plan import Phase, Plan, Step
from ansible_collections.lightk8s.edge.plugins.module_utils._doors import nouns
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host
from ansible_collections.lightk8s.edge.plugins.module_utils._sync import order, places
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document_verify import Held

CONFIG = "/etc/x/config"


def content(host: Host, text: str) -> Bound:
    """A noun that wants a file."""

    def plan(spec: str, seen: bytes | None) -> Plan:
        if seen == spec.encode():
            return Plan()
        data = base64.b64encode(spec.encode()).decode()
        step = Step(Phase.FILES, "write", CONFIG, "write it", {"mode": 0o600, "data": data})
        return Plan((step,))

    noun = Noun("x", lambda host, spec: host.read(CONFIG), plan, lambda spec, seen: {})
    return Bound(noun, text)


def push(host: Host, text: str, generation: int, *, check: bool = False) -> Outcome:
    bounds = [content(host, text), Bound(order.noun(), generation)]
    held = order.held(host)
    old = held is not None and held.generation >= generation
    along: tuple[t.Any, ...] = () if old else (order.note(generation),)
    return converge(bounds, host, check=check, along=along)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    made = Host(str(tmp_path))
    made.write(places.SETTINGS, b"{}")
    return made


def test_a_push_that_changes_something_is_the_latest_word(host: Host) -> None:
    foretold = push(host, "new", 5, check=True)
    assert order.held(host) is None
    done = push(host, "new", 5)
    assert done.plan.actions() == foretold.plan.actions()
    assert order.held(host) == Held(5, order.PUSHED, 5)
    assert host.read(CONFIG) == b"new"


def test_a_push_that_changes_nothing_writes_nothing(host: Host) -> None:
    push(host, "new", 5)
    again = push(host, "new", 6)
    assert (again.plan.empty, order.held(host)) == (True, Held(5, order.PUSHED, 5))


def test_the_same_generation_may_go_on(host: Host) -> None:
    push(host, "new", 5)
    push(host, "newer", 5)
    assert host.read(CONFIG) == b"newer"


@pytest.mark.parametrize("check", [True, False])
def test_an_older_push_changes_nothing(host: Host, check: bool) -> None:
    push(host, "new", 5)
    with pytest.raises(EdgeError, match="generation 4 is older than 5, which a push has brought"):
        push(host, "old", 4, check=check)
    assert host.read(CONFIG) == b"new"


def test_a_word_that_came_while_the_lock_was_waited_for_counts(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = host.lock

    def late(wait: float = 0) -> t.Any:
        order.carry_note(host, order.note(9))
        return lock(wait)

    monkeypatch.setattr(host, "lock", late)
    with pytest.raises(EdgeError, match="generation 5 is older than 9"):
        push(host, "new", 5)
    assert host.read(CONFIG) is None


def test_without_an_agent_there_is_no_order(tmp_path: Path) -> None:
    assert order.held(Host(str(tmp_path))) is None
    bounds: list[Bound] = []
    assert nouns._in_order(bounds, {"generation": 5}, Host(str(tmp_path))) == ()
    assert bounds == []


def test_the_push_that_brings_an_agent_is_the_latest_word_too(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    bounds = [content(host, "new")]
    given = {"generation": 5, "revoked_keys": []}
    outcome = converge(bounds, host, check=False, along=nouns._in_order(bounds, given, host))
    assert outcome.plan.changed
    assert [bound.noun.name for bound in bounds] == ["x", "generation"]
    assert order.held(host) == Held(5, order.PUSHED, 5)
    with pytest.raises(EdgeError, match="generation 4 is older than 5"):
        push(host, "old", 4)
