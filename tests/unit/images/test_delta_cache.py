# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cache of deltas: made once for all who ask, within a budget of memory, whole or not there."""

from __future__ import annotations

import io
import multiprocessing
import os
import threading
import typing as t
from multiprocessing.queues import Queue
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._core.records import replace
from ansible_collections.lightk8s.edge.plugins.module_utils._images import rebuild
from ansible_collections.lightk8s.edge.plugins.plugin_utils._delta.cache import Deltas, reserved
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import Layer

from . import layers
from .making import digest, tar_of

# As Ansible starts its workers.
FORK = multiprocessing.get_context("fork")
OLD = tar_of({"a": bytes(range(256)) * 20})
NEW = tar_of({"a": bytes(range(256)) * 20 + b"new", "b": b"fresh"})


def layer(content: bytes) -> Layer:
    name = digest(content)
    return Layer(name, len(content), "tar", name, lambda: io.BytesIO(content))


def ask(folder: Path, said: Queue[str]) -> None:
    path = Deltas(folder, said.put).get([layer(OLD)], layer(NEW))
    said.put(f"done {path}")


def deltas_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_many_processes_make_a_delta_once(tmp_path: Path) -> None:
    said: Queue[str] = FORK.Queue()
    processes = [FORK.Process(target=ask, args=(tmp_path, said)) for dummy in range(5)]
    for process in processes:
        process.start()
    told = [said.get(timeout=120) for dummy in range(6)]
    for process in processes:
        process.join()
    assert len([line for line in told if line.startswith("made")]) == 1
    (path,) = {line.removeprefix("done ") for line in told if line.startswith("done")}
    old = layers.files_only(tmp_path / "base", {"a": bytes(range(256)) * 20})
    ways = {digest(OLD): str(old.root)}
    assert b"".join(rebuild.rebuilt(path, ways, digest(NEW))) == NEW


def test_pairs_and_directions_are_told_apart(tmp_path: Path) -> None:
    made: list[str] = []
    deltas = Deltas(tmp_path, made.append)
    one, other = layer(OLD), layer(NEW)
    asked: list[tuple[list[Layer], Layer]] = [
        ([one], other),
        ([other], one),
        ([], other),
        ([], one),
    ]
    paths = {deltas.get(bases, target) for bases, target in asked}
    assert paths == {deltas.get(bases, target) for bases, target in asked}
    assert (len(paths), len(made)) == (4, 4)
    # What nodes can do matters where there is a base alone.
    packed = {deltas.get(bases, target, pack=True) for bases, target in asked}
    assert (len(packed | paths), len(packed & paths), len(made)) == (6, 2, 6)


def test_a_damaged_layer_leaves_nothing(tmp_path: Path) -> None:
    bad = replace(layer(NEW), opener=lambda: io.BytesIO(NEW[:-1] + b"\1"))
    with pytest.raises(EdgeError) as caught:
        Deltas(tmp_path, print).get([layer(OLD)], bad)
    assert caught.value.kind == "artifact"
    assert deltas_in(tmp_path) == []


def test_what_a_killed_process_left_is_cleared(tmp_path: Path) -> None:
    waiting = FORK.Event()

    def stuck() -> t.BinaryIO:
        waiting.set()
        threading.Event().wait()
        return io.BytesIO()

    deltas = Deltas(tmp_path, lambda text: None)
    held = replace(layer(NEW), opener=stuck)
    victim = FORK.Process(target=deltas.get, args=([layer(OLD)], held))
    victim.start()
    assert waiting.wait(60)
    assert len(deltas_in(tmp_path)) == 1
    victim.kill()
    victim.join()
    path = deltas.get([layer(OLD)], layer(NEW))
    assert deltas_in(tmp_path) == [path.name]


def hold(folder: Path, needed: int, now: t.Any, most: t.Any) -> None:
    with reserved(folder, needed, 800):
        with now.get_lock():
            now.value += needed
            most.value = max(most.value, now.value)
        threading.Event().wait(0.05)
        with now.get_lock():
            now.value -= needed


def test_the_memory_of_all_together_is_bounded(tmp_path: Path) -> None:
    now, most = FORK.Value("i", 0), FORK.Value("i", 0)
    needs = [500, 300, 300, 800, 100, 500, 100]
    processes = [FORK.Process(target=hold, args=(tmp_path, need, now, most)) for need in needs]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * len(needs)
    assert now.value == 0
    assert most.value == 800


def test_who_needs_more_than_there_is_gets_all_of_it(tmp_path: Path) -> None:
    with reserved(tmp_path, 10_000, 800):
        pass


def test_when_a_delta_was_asked_for_last_is_remembered(tmp_path: Path) -> None:
    deltas = Deltas(tmp_path, lambda text: None)
    path = deltas.get([], layer(NEW))
    os.utime(path, (1e9, 1e9))
    assert deltas.get([], layer(NEW)) == path
    assert path.stat().st_mtime > 1e9
