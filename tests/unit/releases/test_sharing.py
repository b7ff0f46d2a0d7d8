# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several processes on one cache, and processes that die in the middle."""

from __future__ import annotations

import multiprocessing
from multiprocessing.process import BaseProcess
from multiprocessing.queues import Queue
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.k3s import K3S
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.store import Store

from .bench import Bench
from .mirror import QUICK, TAG, Faults, serving, write_release

# As Ansible starts its workers.
FORK = multiprocessing.get_context("fork")


def fetch(cache: Path, mirror: str, said: Queue[str]) -> None:
    store = Store(cache, [mirror], K3S, patience=QUICK, progress=said.put)
    path = store.fetch(store.describe(TAG, arch="amd64").asset("binary", "amd64"))
    said.put(f"done {path}")


def start(count: int, cache: Path, mirror: str, said: Queue[str]) -> list[BaseProcess]:
    processes: list[BaseProcess] = [
        FORK.Process(target=fetch, args=(cache, mirror, said)) for dummy in range(count)
    ]
    for process in processes:
        process.start()
    return processes


def until(said: Queue[str], text: str) -> None:
    while text not in said.get(timeout=60):
        pass


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    return (write_release(tmp_path / "m", arches=["amd64"]) / "k3s").read_bytes()


def test_many_processes_download_once(tmp_path: Path, content: bytes) -> None:
    said: Queue[str] = FORK.Queue()
    faults = Faults(only="/k3s", hold=1_000_000)
    with serving(tmp_path / "m", faults) as server:
        processes = start(6, tmp_path / "cache", server.url, said)
        for dummy in range(5):
            until(said, "waiting for another process")
        faults.resume.set()
        for dummy in range(6):
            until(said, "done ")
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0] * 6
        assert server.asked("k3s") == [""]
        assert server.asked(".txt") == [""]
    bench = Bench(tmp_path, server.url)
    assert bench.fetch().read_bytes() == content


def test_a_killed_download_is_gone_on_with_by_who_waited(tmp_path: Path, content: bytes) -> None:
    said: Queue[str] = FORK.Queue()
    unheard: Queue[str] = FORK.Queue()
    faults = Faults(only="/k3s", hold=1_000_000)
    partial = tmp_path / "cache" / "objects"
    with serving(tmp_path / "m", faults) as server:
        (victim,) = start(1, tmp_path / "cache", server.url, unheard)
        assert server.held.wait(60)
        binary = Bench(tmp_path, server.url).binary()
        partial /= f"{binary.sha256}.partial"
        while not partial.exists() or partial.stat().st_size < 500_000:
            victim.join(0.01)
            assert victim.is_alive()
        (heir,) = start(1, tmp_path / "cache", server.url, said)
        until(said, "waiting for another process")
        left = partial.stat().st_size
        victim.kill()
        victim.join()
        faults.hold = None
        until(said, "done ")
        heir.join()
        first, second = server.asked("k3s")
        assert first == ""
        assert int(second.removeprefix("bytes=").rstrip("-")) >= left
    bench = Bench(tmp_path, server.url)
    assert bench.fetch().read_bytes() == content
    assert bench.objects() == [binary.sha256]


def test_a_fork_sees_what_its_parent_fetched(tmp_path: Path, content: bytes) -> None:
    said: Queue[str] = FORK.Queue()
    with serving(tmp_path / "m") as server:
        path = Bench(tmp_path, server.url).fetch()
        url = server.url
    (process,) = start(1, tmp_path / "cache", url, said)
    assert said.get(timeout=60) == f"done {path}"
    process.join()
    assert path.read_bytes() == content
