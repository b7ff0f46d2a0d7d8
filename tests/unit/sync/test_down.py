# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying documents out: what becomes good, what is taken back, and who has the last word."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import KINDS, EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._core.plan import Plan
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host
from ansible_collections.lightk8s.edge.plugins.module_utils._sync import down, order, places
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document import (
    Document,
    Envelope,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document_store import Store
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document_verify import (
    Accepted,
    Held,
)


def accepted(generation: int) -> Accepted:
    document = Document("shop", generation, 1000 + generation, 9000, {})
    return Accepted(
        document, Envelope(document.payload(), (("key", b"x"),)), ("key",), True, "known"
    )


class Node:
    """Converges to any generation but those that fail with a kind of error."""

    def __init__(self, failing: t.Mapping[int, str] | None = None) -> None:
        self.failing = dict(failing or {})
        self.now = 0
        self.asked: list[tuple[int, int]] = []

    def carry(self, document: Document, generation: int) -> list[str]:
        self.asked.append((document.generation, generation))
        kind = self.failing.get(document.generation)
        if kind:
            raise EdgeError(f"generation {document.generation} fails", kind=kind)
        changed = self.now != document.generation
        self.now = document.generation
        return ["changed"] if changed else []


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(str(tmp_path))


@pytest.fixture
def store(host: Host) -> Store:
    return Store(host.path(places.DOCUMENTS))


def test_without_a_document_nothing_is_done(store: Store) -> None:
    node = Node()
    assert down.carry_out(store, node.carry).generation == 0
    assert node.asked == []


def test_it_is_carried_out_each_time_and_changes_what_differs(store: Store) -> None:
    node = Node()
    store.accept(accepted(5))
    assert down.carry_out(store, node.carry) == down.Carried(5, ("changed",))
    assert down.carry_out(store, node.carry) == down.Carried(5)
    node.now = 0
    assert down.carry_out(store, node.carry) == down.Carried(5, ("changed",))


@pytest.mark.parametrize("kind", sorted(set(KINDS) - set(down.PASSING)))
def test_a_document_that_fails_is_taken_back_once(store: Store, kind: str) -> None:
    node = Node({6: kind})
    store.accept(accepted(5))
    down.carry_out(store, node.carry)
    store.accept(accepted(6))
    node.now = 6  # half of it was done
    done = down.carry_out(store, node.carry)
    assert (done.generation, done.failed, node.now) == (5, "generation 6 fails", 5)
    assert down.carry_out(store, node.carry) == down.Carried(5)
    assert node.asked[-3:] == [(6, 6), (5, 6), (5, 6)]
    store.accept(accepted(7))
    assert down.carry_out(store, node.carry).generation == 7


@pytest.mark.parametrize("kind", down.PASSING)
def test_a_failure_that_may_pass_is_tried_again(store: Store, kind: str) -> None:
    node = Node({5: kind})
    store.accept(accepted(5))
    assert down.carry_out(store, node.carry).hindrance == "generation 5 fails"
    assert store.failure() == ""
    node.failing.clear()
    assert down.carry_out(store, node.carry) == down.Carried(5, ("changed",))


def test_without_an_earlier_document_a_failure_stays_as_it_is(store: Store) -> None:
    store.accept(accepted(5))
    done = down.carry_out(store, Node({5: "health"}).carry)
    assert (done.failed, bool(done.hindrance)) == ("generation 5 fails", True)


def test_a_newer_push_keeps_its_word(host: Host, store: Store) -> None:
    node = Node()
    host.write(places.SETTINGS, b"{}")
    store.accept(accepted(5))
    order.carry_note(host, order.note(9))
    assert store.held() == Held(9, order.PUSHED, 9)
    assert down.carry_out(store, node.carry).hindrance == "push 9 is newer"
    assert node.asked == []
    store.accept(accepted(10))
    assert down.carry_out(store, node.carry).generation == 10


def test_a_push_that_came_in_between_is_no_failure_of_the_document(
    host: Host, store: Store
) -> None:
    store.accept(accepted(5))

    def carry(document: Document, generation: int) -> list[str]:
        order.carry_note(host, order.note(9))
        raise EdgeError("generation 5 is older than 9", kind="refused")

    assert down.carry_out(store, carry).failed == ""
    assert store.failure() == ""


@pytest.mark.parametrize(
    ("held", "generation", "refused"),
    [
        (None, 1, False),
        (Held(5, "d", 5), 5, False),
        (Held(5, "d", 5), 6, False),
        (Held(5, "d", 5), 4, True),
        (Held(5, order.PUSHED, 5), 4, True),
    ],
)
def test_an_older_generation_is_refused_by_name(
    held: Held | None, generation: int, refused: bool
) -> None:
    if not refused:
        assert order.plan(generation, held) == Plan()
        return
    with pytest.raises(EdgeError, match=f"generation {generation} is older than 5") as raised:
        order.plan(generation, held)
    assert raised.value.kind == "refused"


def test_secrets_are_read_by_name_and_nothing_beside_them(host: Host) -> None:
    host.write(f"{places.SECRETS}/word", b"open")
    host.write(places.TOKEN, b"token")
    read = down.reader(host, places.SECRETS)
    given = {"a": [{"b": {"secret_ref": "word"}}], "c": 1}
    assert down.with_secrets(given, read) == {"a": [{"b": "open"}], "c": 1}
    for name in ("absent", "../token", "", ".", ".."):
        with pytest.raises(EdgeError, match="has not been delivered"):
            down.with_secrets({"secret_ref": name}, read)
