# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many sites over bad links to a hub that is killed: what arrives, once, in order; what sites ask for."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import select

from ansible_collections.lightk8s.edge.extras.hub.lightk8s_hub import access, tables
from ansible_collections.lightk8s.edge.plugins.module_utils._core.records import replace
from ansible_collections.lightk8s.edge.plugins.module_utils._host.http import (
    Connection,
    HttpError,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._sync import cloudevents, up
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.queue import Queue
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.records import Event

REPOSITORY = Path(__file__).resolve().parents[2]
TIME = "2026-11-21T10:00:00Z"
UP = 0.3  # of the time a link is up
BATCH = 500
LONGEST_LINK = 9  # batches
LONGEST_KILL = 0.4  # seconds after the site began: before, while and after batches are written
REPORT = 100_000  # events between two lines of progress
KEYS = 20  # things that each site tells of


class HubProcess:
    """The hub as it is started by systemd, on SQLite; it can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.database = f"sqlite:///{folder / 'hub.db'}"
        self.url = f"http://127.0.0.1:{port}"
        self._settings = folder / "hub.toml"
        self._settings.write_text(f'database = "{self.database}"\nport = {port}\n')
        self.engine = tables.opened(self.database)
        self.kills = 0
        self._start()

    def _start(self) -> None:
        command = [sys.executable, "-m", "lightk8s_hub", str(self._settings), "serve"]
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "extras" / "hub")}
        self._process = subprocess.Popen(command, env=environment)
        while not self._answers():
            assert self._process.poll() is None, "the hub has ended"
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            with Connection(self.url) as connection:
                return connection.request("GET", "/healthz").status == 200
        except HttpError:
            return False

    @contextmanager
    def killed_after(self, seconds: float) -> Iterator[None]:
        """Kill it so long after what is done here has begun; then it is started again."""
        timer = threading.Timer(seconds, self._process.kill)
        timer.start()
        try:
            yield
        finally:
            timer.join()
        self.kills += 1
        self.stop()
        self._start()

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def hub(folder: Path) -> Iterator[HubProcess]:
    made = HubProcess(folder)
    try:
        yield made
    finally:
        made.stop()


class Delivery(NamedTuple):
    """Of all events: lost, doubled, and out of the order of their key."""

    events: int
    lost: int
    doubled: int
    disordered: int
    kills: int
    posts: int


class Site:
    """A site with its queue; what it has sent may be lost, come twice, or come late."""

    def __init__(self, name: str, folder: Path, receiver: HubProcess, total: int) -> None:
        self.name = name
        self.queue = Queue(str(folder / name / "queue.db"), 1 << 30, lambda: TIME)
        self._token = access.issue(receiver.engine, "site", name)
        self._total = total
        self.told = 0
        self._connection = Connection(receiver.url)
        self._late: list[bytes] = []
        self.posts = 0

    def tell(self, count: int) -> None:
        count = min(count, self._total - self.told)
        marks = range(self.told, self.told + count)
        if count:
            self.queue.append(
                [Event("event", f"k/{m % KEYS}", "t.bench", TIME, {"m": m}) for m in marks]
            )
        self.told += count

    def send(self, chance: random.Random) -> None:
        """While the link is up, what waits goes out, as far as it gets."""
        for _number in range(chance.randrange(1, LONGEST_LINK)):
            if not self._step(chance):
                return

    def _step(self, chance: random.Random) -> bool:
        """One batch, and what becomes of it on the way; whether there was one."""
        rows = self.queue.pending(BATCH)
        if not rows:
            return False
        epoch = self.queue.status()["epoch"]
        body = cloudevents.compressed(cloudevents.batch(self.name, epoch, rows))
        fate = chance.random()
        if fate < 0.05:
            self._late.append(body)  # on its way; something newer is faster
            return True
        upto = self._post(body)
        if fate < 0.15:
            self._post(body)
        if fate > 0.9 and self._late:
            self._post(self._late.pop(0))
        if upto and fate < 0.85:  # else the answer is lost
            self.queue.acknowledge(epoch, upto)
        return True

    def _post(self, body: bytes) -> int:
        headers = {"Content-Encoding": "gzip", "Authorization": f"Bearer {self._token}"}
        self.posts += 1
        try:
            found = self._connection.request("POST", "/v1/events", headers=headers, body=body)
        except HttpError:
            return 0
        return int(json.loads(found.body)["acknowledged"]) if found.status == 200 else 0

    @property
    def done(self) -> bool:
        return self.told == self._total and not self.queue.pending(1)


def deliver(folder: Path, events: int, sites: int = 20, kills: float = 0.03) -> Delivery:
    """Bring `events` from all sites to the hub, which is killed in one of 1 / `kills` times that a link is up.

    Processes are killed and no machine is, so `folder` may lie in memory.
    """
    chance = random.Random(sites)
    said = 0
    with hub(folder) as receiver:
        each = events // sites
        waiting = [Site(f"site{n}", folder, receiver, each) for n in range(sites)]
        everyone = list(waiting)
        while waiting:
            for site in waiting:
                site.tell(chance.randrange(1, 2 * BATCH))
                if chance.random() >= UP:
                    continue
                killed = chance.random() < kills
                moment = receiver.killed_after(chance.random() * LONGEST_KILL)
                with moment if killed else nullcontext():
                    site.send(chance)
            waiting = [site for site in waiting if not site.done]
            told = sum(site.told for site in everyone)
            if told // REPORT > said:
                said = told // REPORT
                print(f"{told} of {events} events told", file=sys.stderr, flush=True)
        posts = sum(site.posts for site in everyone)
        return _judged(receiver, each * sites, each, posts)


def _judged(receiver: HubProcess, events: int, each: int, posts: int) -> Delivery:
    table = tables.events
    kept = table.c["class"] == "event"
    query = select(table.c.site, table.c.subject, table.c.data).where(kept)
    found: dict[str, Counter[int]] = {}
    newest: dict[tuple[str, str], int] = {}
    disordered = 0
    with receiver.engine.begin() as connection:
        for row in connection.execute(query.order_by(table.c.site, table.c.epoch, table.c.seq)):
            mark = json.loads(row.data)["m"]
            found.setdefault(row.site, Counter())[mark] += 1
            disordered += mark <= newest.get((row.site, row.subject), -1)
            newest[row.site, row.subject] = mark
    once = sum(sum(mark < each for mark in counts) for counts in found.values())
    doubled = sum(counts.total() - len(counts) for counts in found.values())
    return Delivery(events, events - once, doubled, disordered, receiver.kills, posts)


class Return(NamedTuple):
    """How sites come back after an outage, by the rules of the agent and a clock of numbers."""

    sites: int
    steady: float
    peak: float
    minutes: float

    @property
    def load(self) -> float:
        return self.peak / self.steady


def reconnect(
    sites: int = 1000, interval: int = 60, hours: float = 8.0, spread: float = 840.0
) -> Return:
    """Requests per second (over ten seconds) as all links come back at once, beside those of every day.

    Each site has a few events every `interval` seconds; what it kept goes in full batches, one after the
    other. `spread` is what the hub has told them before.
    """
    chance = random.Random(sites)
    policy = up.Policy()
    events = 10
    requests: Counter[int] = Counter()
    last = 0.0
    for _number in range(sites):
        state = replace(up.State(), spread=spread)
        state = up.link(state, True, 0.0, chance.random())
        backlog = int(hours * 3600 / interval) * events
        now = state.not_before
        while backlog > 0:
            decision = up.decide(policy, state, now, backlog, time.localtime)
            assert decision.send
            requests[int(now // 10)] += 1
            backlog -= decision.most
            answer = up.Answer(200, progress=True, spread=spread)
            state = up.answered(policy, state, answer, now, chance.random())
            now += 0.2
        last = max(last, now)
        while now < 900:
            now += interval
            requests[int(now // 10)] += 1
    steady = sites / interval
    return Return(sites, steady, max(requests.values()) / 10, last / 60)
