# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site of three servers with embedded etcd: one story, from bare nodes to a replaced machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from bed import inventory
from bed.fleet import Fleet
from bed.node import Node
from bed.plays import Run

from .ha_probe import Readyz
from .ha_site import (
    Controller,
    members,
    messages,
    ready,
    replace_machine,
    started,
    starts,
    uids,
    until,
)

NAMES = ("ha-server1", "ha-server2", "ha-server3")


@pytest.fixture(scope="module")
def fleet(make_fleet: Callable[..., Fleet]) -> Fleet:
    return make_fleet("ha=server,server,server")


@pytest.fixture(scope="module")
def servers(fleet: Fleet) -> list[Node]:
    return [fleet[name] for name in NAMES]


@pytest.fixture(scope="module")
def site(
    fleet: Fleet, release_mirror: Path, tmp_path_factory: pytest.TempPathFactory
) -> Controller:
    return Controller(fleet, release_mirror, tmp_path_factory.mktemp("cache"))


def some(fleet: Fleet, names: tuple[str, ...]) -> Path:
    """An inventory that has some of the site's servers only."""
    built = inventory.build(fleet.name, [fleet[name] for name in names])
    return inventory.write(fleet.root / f"hosts-{len(names)}", built)


def bare(node: Node) -> bool:
    return not (node.exists("/usr/local/bin/k3s") or node.exists("/etc/rancher"))


def whole(servers: list[Node], asked: Node) -> bool:
    """All Nodes are Ready and all of them are voting members."""
    voters = [m for m in members(asked) if m.get("name") and not m.get("isLearner")]
    return ready(asked) == dict.fromkeys(NAMES, True) and len(voters) == len(servers)


def test_an_even_number_of_servers_is_refused(site: Controller, servers: list[Node]) -> None:
    run = site.converge(inventory=some(site.fleet, NAMES[:2]), check=False)
    said = messages(run)
    assert run.code
    assert "ha" in said
    assert "use an odd number of servers" in said
    assert all(bare(node) for node in servers)


def test_sqlite_for_several_servers_is_refused(site: Controller, servers: list[Node]) -> None:
    run = site.converge(edge_storage_type="sqlite", check=False)
    assert run.code
    assert "sqlite cannot serve 3 servers" in messages(run)
    assert "edge_storage_type: etcd" in messages(run)
    assert all(bare(node) for node in servers)


def test_a_server_without_a_living_one_to_join_is_refused(
    site: Controller, servers: list[Node]
) -> None:
    run = site.converge("--limit", NAMES[2], edge_partial_site=True, check=False)
    assert run.code
    assert "no server of the site runs" in messages(run)
    assert "bring up the site's first server" in messages(run)
    assert bare(servers[2])


def test_a_first_server_does_not_begin_while_its_peers_are_away(
    site: Controller, servers: list[Node]
) -> None:
    for node in servers[1:]:
        node.kill()
    try:
        run = site.converge(check=False)
    finally:
        for node in servers[1:]:
            node.start()
    assert run.code
    assert "cannot tell whether this site runs already" in messages(run)
    assert "make the other servers reachable" in messages(run)
    assert bare(servers[0])


def test_three_bare_nodes_become_one_cluster(site: Controller, servers: list[Node]) -> None:
    site.play("site")
    until("three members", lambda: whole(servers, servers[0]))


def test_a_second_run_changes_nothing(site: Controller, servers: list[Node]) -> None:
    before = [started(node) for node in servers]
    for play in ("converge", "site"):
        assert site.play(play).changed() == []
    assert [started(node) for node in servers] == before


def test_a_change_takes_the_servers_one_by_one(
    site: Controller, servers: list[Node], tmp_path: Path
) -> None:
    counts = [starts(node) for node in servers]
    site.inputs["edge_tls_sans"] = ["ha.shop.example"]
    with Readyz(servers, tmp_path) as probe:
        site.converge()
    assert probe.rounds > 10
    assert probe.bad == []
    assert [starts(node) for node in servers] == [count + 1 for count in counts]
    assert whole(servers, servers[0])


def left_alone(run: Run) -> dict[str, str]:
    reasons = [(task.host, str(task.result.get("skip_reason", ""))) for task in run.of()]
    return {host: reason for host, reason in reasons if "left alone" in reason}


def test_a_dead_server_holds_nobody_up(site: Controller, servers: list[Node]) -> None:
    dead, living = servers[2], servers[:2]
    before = [started(node) for node in living]
    dead.kill()
    try:
        run = site.converge(check=False)
        assert run.stats[dead.name]["unreachable"] == 1
        assert run.failed() == []
        assert [started(node) for node in living] == before
        until("the API without it", lambda: ready(living[0])[living[1].name])
        for play, *args in (("converge",), ("site", "--check"), ("site",)):
            run = site.play(play, *args, check=False, edge_tls_sans=["other.shop.example"])
            assert run.stats[dead.name]["unreachable"] == 1
            assert (run.failed(), run.changed()) == ([], [])
            assert [started(node) for node in living] == before
            said = left_alone(run)
            assert set(said) == {node.name for node in living}
            assert f"etcd would stop while {dead.name} is away (bring it back" in said[NAMES[0]]
    finally:
        dead.start()


def test_it_comes_back(site: Controller, servers: list[Node]) -> None:
    until("three members", lambda: whole(servers, servers[0]))
    assert site.converge().changed() == []


@pytest.mark.parametrize("place", [2, 0], ids=["the last", "the first"])
def test_a_replaced_machine_joins_under_its_name(
    site: Controller, servers: list[Node], place: int
) -> None:
    """The first one too: it must not begin a second cluster."""
    lost, asked = servers[place], servers[1]
    cluster = asked.kubectl("get", "ns", "kube-system", "-o", "jsonpath={.metadata.uid}").stdout
    before = uids(asked)
    lost.kill()
    left = site.play("remove_node", check=False, edge_leave=[lost.name])
    assert left.failed() == []
    assert len(members(asked)) == 2
    replace_machine(site.fleet, lost)
    site.converge()
    until("three members", lambda: whole(servers, asked))
    after = uids(asked)
    assert {name for name in NAMES if after[name] != before[name]} == {lost.name}
    here = lost.kubectl("get", "ns", "kube-system", "-o", "jsonpath={.metadata.uid}").stdout
    assert here == cluster
    assert site.converge().changed() == []
