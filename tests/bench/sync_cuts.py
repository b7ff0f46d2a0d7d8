# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Power cuts and kills of a process that has something to tell.

A cut: the queue lies on ext4 in a loop-mounted file. While events are written, at any point of a
write, the file system stops writing, its journal too; what it has not written is gone. What was ever
acknowledged has to be there when a machine boots from that disk, and the writer goes on with it.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bed import power
from sqlalchemy import Engine, select

from ansible_collections.lightk8s.edge.extras.hub.lightk8s_hub import ingest, tables
from ansible_collections.lightk8s.edge.plugins.module_utils._sync import cloudevents
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.queue import Queue
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.records import Event

from ..unit.sync.common import event, opened
from ..unit.sync.test_queue_faults import killed_while_writing

WRITER = Path(__file__).with_name("sync_writer.py")
SIZE = "256M"
BATCH = 500
SITE = "shop"


class Harm(NamedTuple):
    """Of all cuts: events that were lost, files that were damaged, effects that came twice."""

    cuts: int
    lost: int
    corrupt: int
    doubled: int
    cuts_with_loss: int


class Receiver:
    """A hub's database. What it is told has its effect once, however often it comes."""

    def __init__(self, folder: Path) -> None:
        self._engine: Engine = tables.opened(f"sqlite:///{folder / 'hub.db'}")

    def take(self, queue: Queue) -> int:
        """All that the queue holds, in batches; the number up to which that is."""
        rows = queue.pending(1 << 20)
        epoch, upto = queue.status()["epoch"], 0
        for start in range(0, len(rows), BATCH):
            content = cloudevents.batch(SITE, epoch, rows[start : start + BATCH])
            upto = ingest.take(self._engine, ingest.read(content), "", 0.0)
        return upto

    def marks(self) -> list[int]:
        with self._engine.begin() as connection:
            query = select(tables.events.c.data).where(tables.events.c["class"] == "event")
            return [json.loads(row.data)["mark"] for row in connection.execute(query)]


def events(first: int, count: int) -> list[Event]:
    """As many events with marks from `first` on, of about 270 bytes each."""
    return [event("event", mark=first + number, size=170) for number in range(count)]


def environment() -> dict[str, str]:
    """What a writer needs to find the collection."""
    return {**os.environ, "PYTHONPATH": os.environ["ANSIBLE_COLLECTIONS_PATH"]}


def run(*words: str | Path) -> None:
    subprocess.run([str(word) for word in words], check=True, capture_output=True)


@contextmanager
def mounted(image: Path, place: Path) -> Iterator[Path]:
    place.mkdir(exist_ok=True)
    run("mount", "-o", "loop", image, place)
    try:
        yield place
    finally:
        run("umount", place)


@contextmanager
def disk(folder: Path) -> Iterator[tuple[Path, Path]]:
    """(the file that holds a new ext4, where it is mounted)."""
    image = _new_disk(folder)
    with mounted(image, image.with_suffix("")) as place:
        yield image, place


def _new_disk(folder: Path) -> Path:
    image = folder / "disk.img"
    image.unlink(missing_ok=True)
    run("truncate", "--size", SIZE, image)
    run("mkfs.ext4", "-q", "-F", image)
    return image


def cut(folder: Path, cuts: int, kind: str = "ours", python: str = sys.executable) -> Harm:
    """Lose the power `cuts` times while events are written to a queue of that kind."""
    chance = random.Random(cuts)
    receiver = Receiver(folder)
    counter = folder / "counter"
    counter.write_bytes(bytes(8))
    image = _new_disk(folder)
    lost = corrupt = with_loss = 0
    for _number in range(cuts):
        began = _count(counter)
        acknowledged = _write_until_cut(
            image, [python, str(WRITER), "write", kind], counter, chance
        )
        found = _recovered(folder, image, kind, python, receiver)
        missing = _missing(found, began, acknowledged)
        corrupt += found is None
        lost += missing
        with_loss += missing > 0
        if found is None or missing:
            image = _new_disk(folder)  # so that a loss is counted once
        _go_on_from(counter, found, acknowledged)
    marks = receiver.marks()
    return Harm(cuts, lost, corrupt, len(marks) - len(set(marks)), with_loss)


def _write_until_cut(image: Path, command: list[str], counter: Path, chance: random.Random) -> int:
    """How many events had been acknowledged when the power went."""
    with mounted(image, image.with_suffix("")) as place:
        began = _count(counter)
        words = [*command, str(place), str(counter)]
        # It ends with an error about its disk, which is what a cut looks like from inside.
        writer = subprocess.Popen(words, env=environment(), stderr=subprocess.DEVNULL)
        try:
            _wait_for_events(writer, counter, began)
            time.sleep(0.02 + chance.random() / 5)
            assert writer.poll() is None, "the writer has ended"
            # Read before: a process lives on for a moment on a file system that has been stopped, and
            # an fsync under way may end well there. A machine without power acknowledges nothing.
            acknowledged = _count(counter)
            power.stop_writing(place)
        finally:
            writer.kill()
            writer.wait()
    return acknowledged


def _go_on_from(counter: Path, found: list[int] | None, acknowledged: int) -> None:
    """Marks of the next writer are new ones: an event may be on disk that nobody has acknowledged."""
    last = found[-1] + 1 if found else 0
    counter.write_bytes(max(acknowledged, last).to_bytes(8, "little"))


def _wait_for_events(writer: subprocess.Popen[bytes], counter: Path, began: int) -> None:
    while _count(counter) == began:
        assert writer.poll() is None, "the writer did not begin"
        time.sleep(0.01)


def _count(counter: Path) -> int:
    return int.from_bytes(counter.read_bytes(), "little")


def _missing(found: list[int] | None, began: int, acknowledged: int) -> int:
    """Events that had been acknowledged and are not there. What was delivered before may be gone."""
    if found is None:
        return 0
    if not found:
        return acknowledged - began
    holes = found[-1] - found[0] + 1 - len(set(found))
    return holes + max(0, acknowledged - 1 - found[-1])


def _recovered(
    folder: Path, image: Path, kind: str, python: str, receiver: Receiver
) -> list[int] | None:
    """What a machine finds that boots from the disk; None where the file is damaged."""
    power.check(image)
    copy = folder / "copy.img"  # some queues can only be read by taking everything out
    run("cp", "--sparse=always", image, copy)
    with mounted(copy, folder / "after") as place:
        if kind != "ours":
            command = [python, str(WRITER), "read", kind, str(place)]
            told = subprocess.run(command, capture_output=True, text=True, check=False)
            return None if told.returncode else sorted(json.loads(told.stdout))
        with opened(place) as queue:
            if queue.begun:
                return None
            rows = [json.loads(row.body)["data"] for row in queue.pending(1 << 20)]
            receiver.take(queue)
            return [row["mark"] for row in rows if "mark" in row]


def kill(folder: Path, kills: int) -> Harm:
    """Kill -9 the writer; what is left is delivered, and half of the answers get lost."""
    chance = random.Random(kills)
    receiver = Receiver(folder)
    following = corrupt = lost = with_loss = 0
    for _number in range(kills):
        promised = killed_while_writing(folder, following, chance)
        with opened(folder) as queue:
            corrupt += bool(queue.begun)
            upto = receiver.take(queue)
            rows = queue.pending(1 << 20)
            last = json.loads(rows[-1].body)["data"]["mark"] if rows else following - 1
            if chance.random() < 0.5:
                queue.acknowledge(queue.status()["epoch"], upto)
        lost += max(0, promised - last)
        with_loss += promised > last
        following = last + 1
    marks = receiver.marks()
    lost += following - len(set(marks))
    return Harm(kills, lost, corrupt, len(marks) - len(set(marks)), with_loss)
