# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Artifacts on their way to a node: whole, once, and in spite of cuts."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import typing as t
from pathlib import Path

import pytest

from .relay import Relay
from .rig import ROOT, Node

STEP = 1 << 20
SIZE = 12 * STEP + 12345


@pytest.fixture
def artifact(node: Node) -> t.Iterator[tuple[Path, dict[str, t.Any]]]:
    """A file on the controller, its need, and a node that has nothing."""
    shutil.rmtree(node.state, ignore_errors=True)
    source = node.folder / "artifact"
    source.write_bytes(os.urandom(SIZE))
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    yield source, {"sha256": digest, "name": "binary", "size": SIZE, "source": str(source)}
    node.inventory(node.hosts())


def arguments(target: str, need: dict[str, t.Any], **more: t.Any) -> list[str]:
    return ["-e", json.dumps({"target": target, "needs": [need], **more})]


def sent(output: str) -> int:
    match = re.search(r'"bytes": (\d+)', output)
    return int(match.group(1)) if match else -1


def arrived(node: Node, need: dict[str, t.Any]) -> bytes:
    path: Path = node.state / "artifacts" / str(need["sha256"])
    return path.read_bytes()


TARGETS = ["self", "here", "nopipe"] + (["free", "asked", "tty", "su"] if ROOT else [])


@pytest.mark.parametrize("target", TARGETS)
def test_brings(node: Node, artifact: tuple[Path, dict[str, t.Any]], target: str) -> None:
    source, need = artifact
    output = node.play("needs", *arguments(target, need))
    assert arrived(node, need) == source.read_bytes()
    assert sent(output) == SIZE
    assert ": 12.6 MB of 12.6 MB, " in output
    assert [path.name for path in (node.state / "artifacts").iterdir()] == [need["sha256"]]
    assert sent(node.play("needs", *arguments(target, need))) == -1


def test_check_mode_only_counts(node: Node, artifact: tuple[Path, dict[str, t.Any]]) -> None:
    _source, need = artifact
    output = node.play("needs", "--check", *arguments("self", need))
    assert f'"bytes_to_send": {SIZE}' in output
    assert not node.state.exists()


@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_cut_costs_one_step(
    node: Node, artifact: tuple[Path, dict[str, t.Any]], share: float
) -> None:
    """On a link that is slower than the node, as every uplink is; 2 % are ssh's own bytes."""
    source, need = artifact
    node.play("plain")
    with Relay(node.port, limit=int(SIZE * share), rate=6 * STEP, settle=3) as relay:
        node.inventory({"self": node.hosts()["self"] | {"ansible_port": relay.port}})
        done = node.start_play("needs", *arguments("self", need))
        assert "unreachable=1" in done.stdout
        output = node.play("needs", *arguments("self", need))
        assert 0 < sent(output) <= SIZE * (1.02 - share) + STEP
        assert relay.up <= SIZE * 1.02 + STEP
    assert arrived(node, need) == source.read_bytes()


def test_cut_on_a_link_faster_than_the_node(
    node: Node, artifact: tuple[Path, dict[str, t.Any]]
) -> None:
    """What waited in sshd is lost as well, but the rerun still continues and ends whole."""
    source, need = artifact
    node.play("plain")
    with Relay(node.port, limit=int(SIZE * 0.9)) as relay:
        node.inventory({"self": node.hosts()["self"] | {"ansible_port": relay.port}})
        assert "unreachable=1" in node.start_play("needs", *arguments("self", need)).stdout
        assert 0 < sent(node.play("needs", *arguments("self", need))) < SIZE
    assert arrived(node, need) == source.read_bytes()


def test_partial_with_wrong_bytes(node: Node, artifact: tuple[Path, dict[str, t.Any]]) -> None:
    source, need = artifact
    folder = node.state / "artifacts"
    folder.mkdir(parents=True)
    part = bytearray(source.read_bytes()[: 6 * STEP + 99])
    part[3 * STEP + 5] ^= 1
    (folder / f".partial-{need['sha256']}").write_bytes(part)
    output = node.play("needs", *arguments("self", need))
    assert sent(output) == SIZE - 3 * STEP
    assert arrived(node, need) == source.read_bytes()


def test_many_names_of_one_node(node: Node, artifact: tuple[Path, dict[str, t.Any]]) -> None:
    source, need = artifact
    node.inventory({f"n{number}": node.hosts()["self"] for number in range(8)})
    output = node.play("needs", *arguments("all", need))
    assert output.count("failed=0") == 8
    assert arrived(node, need) == source.read_bytes()
    assert [path.name for path in (node.state / "artifacts").iterdir()] == [need["sha256"]]


def test_artifact_that_rotted_is_sent_again(
    node: Node, artifact: tuple[Path, dict[str, t.Any]]
) -> None:
    source, need = artifact
    folder = node.state / "artifacts"
    folder.mkdir(parents=True)
    (folder / need["sha256"]).write_bytes(b"rotten")
    done = node.start_play("needs", *arguments("self", need, again=True))
    assert "asks for it again" in done.stdout + done.stderr
    assert arrived(node, need) == source.read_bytes()


def test_wrong_file_on_the_controller(node: Node, artifact: tuple[Path, dict[str, t.Any]]) -> None:
    source, need = artifact
    source.write_bytes(b"something else")
    done = node.start_play("needs", *arguments("self", need))
    assert done.returncode == 2
    assert f"instead of {need['sha256']}" in done.stdout + done.stderr
    assert not (node.state / "artifacts").exists()


if ROOT:

    def test_no_room(node: Node, artifact: tuple[Path, dict[str, t.Any]]) -> None:
        _source, need = artifact
        folder = node.state / "artifacts"
        folder.mkdir(parents=True)
        inside = "/var/lib/lightk8s/artifacts"
        node.run("mount", "-t", "tmpfs", "-o", "size=20m", "none", inside)
        try:
            done = node.start_play("needs", *arguments("self", need))
            assert "no room for binary" in done.stdout + done.stderr
            assert sent(done.stdout) == -1
        finally:
            node.run("umount", inside)
