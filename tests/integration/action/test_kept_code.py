# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What lies on the node after a run, and what a run does with what lies there."""

from __future__ import annotations

import json
import shutil
import stat
import typing as t
from pathlib import Path

import pytest

from .relay import Relay
from .rig import ROOT, Node

NAMES = 40


@pytest.fixture
def code(node: Node) -> t.Iterator[Path]:
    """The folder of the code, absent at first."""
    shutil.rmtree(node.state, ignore_errors=True)
    yield node.state / "code"
    node.inventory(node.hosts())


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    return {path.name: (path.stat().st_mtime_ns, path.stat().st_ino) for path in folder.iterdir()}


def compiled(folder: Path) -> Path:
    (found,) = folder.glob("*.cpython-*")
    return found


def test_second_run_writes_nothing(node: Node, code: Path) -> None:
    node.play("plain")
    before = contents(code)
    assert sorted(name.partition(".")[2][:4] for name in before) == ["cpyt", "zip"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in code.iterdir()} == {0o600}
    assert stat.S_IMODE(code.stat().st_mode) == 0o700
    node.play("plain")
    assert contents(code) == before


def test_check_mode_writes_nothing(node: Node, code: Path) -> None:
    node.play("plain", "--check", "-e", json.dumps({"blob": "x" * 1000}))
    assert not node.state.exists()


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


DAMAGE: list[t.Callable[[Path], object]] = [
    flip,
    truncate,
    lambda path: path.write_bytes(b""),
    lambda path: path.chmod(0o666),
    lambda path: path.unlink(),
]


@pytest.mark.parametrize("which", ["*.cpython-*", "*"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_mended(
    node: Node, code: Path, damage: t.Callable[[Path], object], which: str
) -> None:
    node.play("plain")
    before = {path.name: path.read_bytes() for path in code.iterdir()}
    for path in list(code.glob(which)):
        damage(path)
    node.play("plain")
    assert {path.name: path.read_bytes() for path in code.iterdir()} == before
    assert stat.S_IMODE(compiled(code).stat().st_mode) == 0o600


def test_source_is_compiled_again_without_being_sent(node: Node, code: Path) -> None:
    node.play("plain")
    compiled(code).unlink()
    with Relay(node.port) as relay:
        node.inventory({"self": node.hosts()["self"] | {"ansible_port": relay.port}})
        node.play("plain")
        with_connection = relay.up
    shutil.rmtree(code)
    with Relay(node.port) as relay:
        node.inventory({"self": node.hosts()["self"] | {"ansible_port": relay.port}})
        node.play("plain")
        assert relay.up > with_connection + 5000
    assert compiled(code).exists()


def test_only_two_digests_stay(node: Node, code: Path) -> None:
    node.play("plain")
    tag = compiled(code).suffix
    compiled(code).unlink()
    for number in range(5):
        for suffix in (tag, ".zip"):
            (code / (f"{number}" * 64 + suffix)).write_text("older")
    node.play("plain")
    assert len(list(code.glob("*" + tag))) == 2
    assert len(list(code.glob("*.zip"))) == 2


def test_nowhere_to_write(node: Node, code: Path) -> None:
    node.state.parent.mkdir(exist_ok=True)
    node.state.write_text("a file where the folder should be")
    try:
        node.play("plain")
    finally:
        node.state.unlink()


@pytest.mark.parametrize("state", ["absent", "damaged"])
def test_many_at_once(node: Node, code: Path, state: str) -> None:
    if state == "damaged":
        node.play("plain")
        for path in code.iterdir():
            flip(path)
    name = "free" if ROOT else "self"
    node.inventory({f"n{number}": node.hosts()[name] for number in range(NAMES)})
    output = node.play("plain", "-e", "target=all", "-f", NAMES)
    assert output.count("ok=2 ") == NAMES
    assert sorted(path.name.partition(".")[2][:4] for path in code.iterdir()) == ["cpyt", "zip"]


def test_large_option_travels_once(node: Node, code: Path) -> None:
    blob = json.dumps({"blob": "".join(chr(33 + number % 90) for number in range(20_000))})
    folder = node.state / "spec"
    node.play("plain", "-e", blob)
    (kept,) = folder.iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    before = contents(folder)
    node.play("plain", "-e", blob)
    assert contents(folder) == before
    flip(kept)
    node.play("plain", "-e", blob)
    node.play("plain", "-e", blob)
    assert list(contents(folder)) == list(before)


def test_bytes_of_a_run_without_changes(node: Node, code: Path) -> None:
    """Both ways on the TCP connection, without the login: what one more run adds to it."""
    blob = {"blob": json.dumps({f"option-{number}": hex(number**9) for number in range(70)})}
    with Relay(node.port) as relay:
        host = node.hosts()["free" if ROOT else "self"] | {"ansible_port": relay.port}
        node.inventory({"self": host})
        for _warm in range(2):
            node.play("plain", "-e", json.dumps(blob))
        before = relay.up + relay.down
        node.play("plain", "-e", json.dumps(blob))
        used = relay.up + relay.down - before
    assert 500 < used < 2600
