# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes of one site: an artifact crosses the uplink once, and what is wrong with a neighbour costs no transfer."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import socket
import threading
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._doors import node_lend, node_take
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host
from ansible_collections.lightk8s.edge.plugins.module_utils._host.http import Connection
from ansible_collections.lightk8s.edge.plugins.plugin_utils._transfer import carry, node_receive
from ansible_collections.lightk8s.edge.plugins.plugin_utils._transfer.neighbours import (
    WORTH,
    Neighbours,
    neighbours_of,
)

HOME = "var/lib/lightk8s"
DOORS = {"node_lend": node_lend, "node_take": node_take}


class Machine:
    """A node on a folder of its own; what it lends it lends by a real process on a real socket."""

    def __init__(self, folder: Path, name: str, ledger: Path, address: str = "127.0.0.1") -> None:
        self.base = folder / name / HOME
        self.base.mkdir(parents=True)
        self.host = Host(str(folder / name))
        self.said: list[str] = []
        self.near = Neighbours(name, address, ledger, self.run, self.said.append)
        self.carrier = carry.Carrier(self.receive, name)
        self.carrier.neighbours = self.near

    def run(self, door: str, params: dict[str, t.Any]) -> dict[str, t.Any]:
        module: t.Any = DOORS[door]
        result: dict[str, t.Any] = module.main(params, False, False, self.host)
        return result

    def receive(self, _name: str, request: dict[str, t.Any], data: bytes = b"") -> dict[str, t.Any]:
        return node_receive.main(request | {"base": str(self.base)}, io.BytesIO(data))

    def bring(self, *sources: Path) -> None:
        files = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in sources}
        needs = [{"sha256": key, "name": path.name} for key, path in files.items()]
        self.carrier.bring(needs, lambda need: files[need["sha256"]])

    def holds(self, source: Path) -> bool:
        digest = hashlib.sha256(source.read_bytes()).hexdigest()
        path = self.base / "artifacts" / digest
        return path.is_file() and path.read_bytes() == source.read_bytes()


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lenders go soon after a test."""
    monkeypatch.setattr(node_lend, "IDLE", 20.0)


Make = t.Callable[..., Machine]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    return lambda name, **more: Machine(tmp_path, name, tmp_path / "ledger", **more)


@pytest.fixture
def sources(tmp_path: Path) -> list[Path]:
    found = []
    for name, size in (("program", 3 * WORTH + 5), ("bundle", 2_500_000), ("note", WORTH - 1)):
        path = tmp_path / name
        path.write_bytes(os.urandom(size))
        found.append(path)
    return found


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_the_second_node_takes_from_the_first(
    make: Make, sources: list[Path], address: str
) -> None:
    if address == "::1" and not socket.has_ipv6:
        address = "127.0.0.1"
    first, second = make("a", address=address), make("b")
    first.bring(*sources)
    second.bring(*sources)
    assert all(second.holds(path) for path in sources)
    sizes = [path.stat().st_size for path in sources]
    assert first.carrier.report() == {"bytes": sum(sizes), "artifacts": 3}
    # What is small is sent again: to ask a neighbour would cost as much.
    assert second.carrier.report() == {
        "bytes": sizes[2],
        "artifacts": 3,
        "lan_bytes": sizes[0] + sizes[1],
    }


def test_what_an_import_has_removed_is_still_lent(make: Make, sources: list[Path]) -> None:
    first, second = make("a"), make("b")
    first.bring(sources[1])
    for path in (first.base / "artifacts").iterdir():
        path.unlink()
    second.bring(sources[1])
    assert second.carrier.sent == 0
    assert second.holds(sources[1])


def test_nobody_lends_from_a_machine_that_was_cleaned(
    make: Make, sources: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_lend, "IDLE", 600.0)
    first = make("a")
    first.bring(sources[0])
    shutil.rmtree(first.base)
    end = time.monotonic() + 60

    def lends() -> bool:
        with socket.socket() as link:
            return link.connect_ex(("127.0.0.1", first.near.port)) == 0

    while lends() and time.monotonic() < end:
        time.sleep(0.2)
    assert not lends()


def test_one_process_lends_all(make: Make, sources: list[Path]) -> None:
    first = make("a")
    first.bring(*sources[:2])
    ports = {first.near.port}
    first.bring()
    assert ports == {first.near.port}
    second = make("b")
    second.bring(sources[0])
    assert second.carrier.sent == 0


def test_nodes_at_the_same_time_share_the_work(make: Make, sources: list[Path]) -> None:
    nodes = [make(name) for name in "abc"]
    threads = [threading.Thread(target=node.bring, args=sources[:2]) for node in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert all(node.holds(path) for node in nodes for path in sources[:2])
    once = sum(path.stat().st_size for path in sources[:2])
    assert sum(node.carrier.sent for node in nodes) == once
    assert sum(node.carrier.taken for node in nodes) == 2 * once


def test_a_transfer_that_was_cut_goes_on_from_the_neighbour(
    make: Make, sources: list[Path]
) -> None:
    first, second = make("a"), make("b")
    first.bring(sources[1])
    digest = hashlib.sha256(sources[1].read_bytes()).hexdigest()
    (second.base / "artifacts").mkdir()
    partial = second.base / "artifacts" / f".partial-{digest}"
    partial.write_bytes(sources[1].read_bytes()[:1_000_000])
    answer = second.run("node_take", {**note_of(first), "sha256": digest, "name": "bundle"})
    assert answer == {"changed": True, "taken": 1_500_000}
    assert second.holds(sources[1])


def note_of(machine: Machine) -> dict[str, t.Any]:
    near = machine.near
    return {"address": near.address, "port": near.port, "token": near.token}


def test_a_closed_network_costs_one_try_and_is_told(
    make: Make, sources: list[Path], tmp_path: Path
) -> None:
    first, second = make("a"), make("b")
    first.bring(*sources[:2])
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # nobody listens
        port = closed.getsockname()[1]
        for note in (tmp_path / "ledger").glob("*.json"):
            note.write_text(
                note.read_text().replace(f'"port": {first.near.port}', f'"port": {port}')
            )
        second.bring(*sources[:2])
    assert second.carrier.taken == 0
    assert all(second.holds(path) for path in sources[:2])
    refused = [text for text in second.said if "does not come from a, so from here" in text]
    assert len(refused) == 1
    assert first.near.token not in "".join(second.said)


def test_what_a_neighbour_gives_must_be_what_was_asked_for(
    make: Make, sources: list[Path], tmp_path: Path
) -> None:
    first, second = make("a"), make("b")
    first.bring(sources[0])
    digest = hashlib.sha256(sources[0].read_bytes()).hexdigest()
    with (first.base / "artifacts" / digest).open("r+b") as file:
        file.seek(100)
        file.write(b"spoilt")
    second.bring(sources[0])
    assert second.holds(sources[0])
    assert second.carrier.sent == sources[0].stat().st_size


def test_an_address_that_is_not_the_nodes_lends_nothing(make: Make, sources: list[Path]) -> None:
    first, second = make("a", address="192.0.2.1"), make("b")
    first.bring(sources[0])
    assert "set edge_node_ip" in first.said[-1]
    second.bring(sources[0])
    assert second.carrier.sent == sources[0].stat().st_size


@pytest.mark.parametrize("path", ["/{wrong}/{digest}", "/{token}/..%2fx", "/{token}/", "/{digest}"])
def test_strangers_get_nothing(make: Make, sources: list[Path], path: str) -> None:
    first = make("a")
    first.bring(sources[0])
    digest = hashlib.sha256(sources[0].read_bytes()).hexdigest()
    asked = path.format(wrong="0" * 32, token=first.near.token, digest=digest)
    with Connection(f"http://127.0.0.1:{first.near.port}") as link:
        assert link.request("GET", asked).status == 404
        assert link.request("POST", asked).status == 404
        right = f"/{first.near.token}/{digest}"
        assert link.request("GET", right).body == sources[0].read_bytes()
        past = {"Range": f"bytes={1 << 30}-"}
        assert link.request("GET", right, headers=past).status == 416


def test_a_lender_that_nobody_asks_goes(
    make: Make, sources: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_lend, "IDLE", 0.5)
    first = make("a")
    first.bring(sources[0])

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", first.near.port or 0)) == 0

    for _try in range(600):
        if not listens():
            break
        time.sleep(0.1)
    assert not listens()


class Hostvars:
    """As core gives them."""

    def raw_get(self, _name: str) -> dict[str, t.Any]:
        return {"edge_node_ip": ["10.0.0.1", "fd00::1"]}


def play(*names: str, **variables: t.Any) -> dict[str, t.Any]:
    """Variables of node a of a site, while those names are in the play."""
    row = {"site": "shop", "alias_of": ""}
    places = dict.fromkeys(("a", "b"), row) | {
        "c": {**row, "alias_of": "a"},
        "d": {**row, "site": "other"},
    }
    return {
        "inventory_hostname": "a",
        "ansible_play_hosts": list(names),
        "edge_topology": {"places": places},
        "hostvars": Hostvars(),
        **variables,
    }


class Plain:
    """A templar of values that hold no templates."""

    def template(self, value: t.Any) -> t.Any:
        return value

    def copy_with_new_env(self, **_more: t.Any) -> Plain:
        return self


@pytest.mark.parametrize(
    ("variables", "lends"),
    [
        (play("a", "b"), True),
        (play("a", "b", edge_lan_transfer=False), False),
        (play("a"), False),
        (play("a", "c"), False),
        (play("a", "d"), False),
        ({"inventory_hostname": "a"}, False),
    ],
)
def test_only_nodes_of_one_site_in_one_play_are_neighbours(
    variables: dict[str, t.Any], lends: bool
) -> None:
    found = neighbours_of(variables, Plain(), lambda *_args: {}, lambda _text: None)
    assert (found is not None) == lends
    if found:
        assert found.address == "10.0.0.1"
