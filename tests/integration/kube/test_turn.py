# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turns of a site's nodes, by a Lease of a real API server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.client import Client
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.turn import (
    NAME,
    NAMESPACE,
    SECONDS,
    Seen,
    turn,
)

from .cluster import Cluster

NOW = 1_800_000_000.0
UP = 5000.0


class Node:
    """One who waits, with its memory."""

    def __init__(self, name: str, client: Client) -> None:
        self.name = name
        self.client = client
        self.seen = Seen()

    def goes(self, up: float = UP, now: float = NOW) -> str:
        """Empty where the node had its turn, else why not."""
        try:
            with turn(self.client, self.name, now, self.seen, self.remember, up=up):
                return ""
        except EdgeError as exc:
            return exc.message if exc.kind == "busy" else f"{exc.kind}: {exc.message}"

    def remember(self, seen: Seen) -> None:
        self.seen = seen


@pytest.fixture
def nodes(client: Client, cluster: Cluster) -> Iterator[tuple[Node, Node]]:
    yield Node("a", client), Node("b", client.from_kubeconfig(cluster.admin))
    client.delete("Lease", NAMESPACE, NAME)


def test_one_goes_while_the_other_waits_and_then_it_goes(nodes: tuple[Node, Node]) -> None:
    a, b = nodes
    with turn(a.client, "a", NOW, a.seen, a.remember, up=UP):
        assert b.goes() == "it is the turn of a"
        assert b.goes(UP + SECONDS - 1) == "it is the turn of a"
    assert b.goes() == ""
    assert a.goes() == ""


def test_a_node_that_was_cut_off_goes_on_with_its_own_turn(nodes: tuple[Node, Node]) -> None:
    a, b = nodes
    # It ends when nobody refers to it any more.
    held = turn(a.client, "a", NOW, a.seen, a.remember, up=UP)
    held.__enter__()
    assert b.goes() == "it is the turn of a"
    assert a.goes() == ""
    assert b.goes() == ""


def test_a_node_that_died_is_waited_for_by_the_time_since_the_own_start(
    nodes: tuple[Node, Node],
) -> None:
    a, b = nodes
    held = turn(a.client, "a", NOW + 9e6, a.seen, a.remember, up=UP)  # whatever its clock says
    held.__enter__()
    assert b.goes() == "it is the turn of a"
    assert b.goes(UP + SECONDS - 1) == "it is the turn of a"
    assert b.goes(UP + 60, NOW + 9e8) == "it is the turn of a"  # its clock was set right meanwhile
    assert b.goes(UP + SECONDS) == ""


def test_two_who_take_it_at_once_are_one(
    nodes: tuple[Node, Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = nodes
    assert a.goes() == ""
    stale = a.client.read("Lease", NAMESPACE, NAME)
    assert stale is not None
    assert b.goes() == ""

    monkeypatch.setattr(a.client, "read", lambda *words: stale)
    assert a.goes() == "it is the turn of another node"
