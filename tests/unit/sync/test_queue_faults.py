# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes killed while they write, damaged files, disks that are full."""

from __future__ import annotations

import os
import random
import resource
import signal
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError

from .common import content, event, gap, marks, opened

KILLS = 20
COMMIT = struct.Struct("<q")


def write_for_ever(folder: Path, pipe: int, first: int) -> None:
    """Append groups of one to four events; tell the last mark of each commit, after it."""
    queue = opened(folder)
    mark = first
    while True:
        count = 1 + mark % 4
        queue.append([event("event", mark=mark + number) for number in range(count)])
        mark += count
        os.write(pipe, COMMIT.pack(mark - 1))


def killed_while_writing(folder: Path, first: int, chance: random.Random) -> int:
    """The last mark that a process was promised before kill -9."""
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(source)
            write_for_ever(folder, sink, first)
        finally:
            os._exit(1)
    os.close(sink)
    told = b""
    with os.fdopen(source, "rb", buffering=0) as stream:
        for _commit in range(chance.randrange(1, 12)):
            told = stream.read(COMMIT.size) or told
        time.sleep(chance.random() / 100)
        os.kill(child, signal.SIGKILL)
        _pid, status = os.waitpid(child, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL
        while more := stream.read(COMMIT.size):
            told = more
    return int(COMMIT.unpack(told)[0])


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    chance = random.Random(7)
    first = 0
    for _kill in range(KILLS):
        promised = killed_while_writing(tmp_path, first, chance)
        with opened(tmp_path) as queue:
            assert queue.begun == ""
            found = marks(queue.pending(1 << 20))
        assert found == list(range(len(found)))
        assert len(found) > promised
        first = len(found)


@pytest.mark.parametrize("harm", ["zeroes", "truncated", "emptied", "foreign", "page"])
def test_a_damaged_file_is_set_aside_and_told(tmp_path: Path, harm: str) -> None:
    with opened(tmp_path) as queue:
        queue.append([event("event", size=500) for _number in range(300)])
        epoch = queue.status()["epoch"]
    path = tmp_path / "sync" / "queue.db"
    whole = path.read_bytes()
    damaged = {
        "zeroes": b"\0" * 4096 + whole[4096:],
        "truncated": whole[: len(whole) // 2],
        "emptied": b"",
        "foreign": b"something else altogether\n" * 400,
        "page": whole[:8192] + os.urandom(8192) + whole[16384:],
    }[harm]
    path.write_bytes(damaged)
    with opened(tmp_path) as queue:
        assert "damaged" in queue.begun
        assert queue.status()["epoch"] != epoch
        [aside] = queue.status()["set_aside"]
        assert Path(aside).read_bytes() == damaged
        [row] = queue.pending(10)
        assert row.kind == "audit"
        assert aside in content(row)["reason"]
        assert queue.append([event()])[0] > 0


def test_only_the_latest_damaged_files_are_kept(tmp_path: Path) -> None:
    for number in range(5):
        opened(tmp_path).close()
        (tmp_path / "sync" / "queue.db").write_bytes(b"harm %d" % number)
    with opened(tmp_path) as queue:
        kept = [Path(name).read_bytes() for name in queue.status()["set_aside"]]
    assert kept == [b"harm 2", b"harm 3", b"harm 4"]


def test_a_start_that_was_cut_off_leaves_no_half_queue(tmp_path: Path) -> None:
    folder = tmp_path / "sync"
    folder.mkdir()
    (folder / "queue.db.new").write_bytes(b"half")
    with opened(tmp_path) as queue:
        assert queue.begun == "there was no queue"
        assert queue.status()["set_aside"] == []


def test_a_queue_that_lost_its_file_says_so(tmp_path: Path) -> None:
    with opened(tmp_path) as queue:
        epoch = queue.status()["epoch"]
    for name in (tmp_path / "sync").iterdir():
        name.unlink()
    with opened(tmp_path) as queue:
        assert queue.status()["epoch"] != epoch
        assert content(queue.pending(1)[0])["reason"] == "there was no queue"


@contextmanager
def files_no_longer_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, old)


def test_a_write_that_the_disk_refuses_counts_for_nothing_and_is_told_later(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as queue:
        kept = queue.append([event("event", mark=1)])
        with files_no_longer_than(1 << 16), pytest.raises(EdgeError) as error:
            queue.append([event("event", size=100_000), event("audit", size=100_000)])
        assert error.value.kind == "io"
        assert marks(queue.pending(10)) == [1]
        assert queue.append([event("event", mark=2)])[0] > kept[0]
        assert marks(queue.pending(10)) == [1, 2]
        assert gap(queue) == {"state": 0, "event": 1, "audit": 1}
    with opened(tmp_path) as queue:
        assert queue.begun == ""
        assert marks(queue.pending(10)) == [1, 2]
