# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One round of the agent: look, keep what there is to tell, send, ask for the site's document, carry it out.

It knows nothing between two rounds but what lies on the disk, and each step is safe to be cut off.
"""

from __future__ import annotations

import random
import time
import typing as t

from .._core.errors import EdgeError
from . import collect, places, reach, up
from .document_store import Store
from .memory import Memory
from .pull import Puller
from .queue import Full, Queue
from .records import AUDIT, EVENT, STATE, Event
from .sender import Sender
from .up import Decision

if t.TYPE_CHECKING:
    from .._host.host import Host
    from .._host.http import Connection
    from .down import Carry
    from .settings import Settings

LONGEST_TURN = 300.0  # seconds that a round waits for its turn after the link came back
MEGABYTE = 1 << 20
MACHINE = "/etc/machine-id"


class Survey(t.NamedTuple):
    """What a look at the node has found; kinds in `unknown` could not be looked at."""

    report: t.Mapping[str, t.Any]
    workloads: t.Sequence[t.Mapping[str, t.Any]] = ()
    unknown: frozenset[str] = frozenset()


class Work(t.NamedTuple):
    """What the agent is lent: how to look at the node, and how to converge it."""

    survey: t.Callable[[], Survey]
    carry: Carry


def stamp(seconds: float) -> str:
    """RFC 3339 in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


class Agent:
    """The agent of one node. Its memory is read at the start and kept as it goes."""

    def __init__(
        self,
        host: Host,
        settings: Settings,
        work: Work,
        *,
        clock: t.Any = time,
        draw: t.Callable[[], float] = random.random,
    ) -> None:
        self.host = host
        self.settings = settings
        self.memory = Memory.read(host)
        self.store = Store(host.path(places.DOCUMENTS), settings.revoked)
        self._work = work
        self.carry = work.carry
        self.clock = clock
        self._draw = draw
        self._found: tuple[list[collect.Fact], frozenset[str]] = ([], frozenset())

    def reread(self) -> None:
        """Take in what another round has kept."""
        self.memory = Memory.read(self.host)

    def queue(self) -> Queue:
        """What the node has to tell. EdgeError(io) where the disk refuses."""
        limit = self.settings.queue_mb * MEGABYTE
        return Queue(self.host.path(places.QUEUE), limit, self._now)

    def _now(self) -> str:
        return stamp(self.clock.time())

    # ---- one round

    def round(self, *, patient: bool = True, converge: bool = True) -> Decision:
        """Do all there is to do now; why nothing is sent any more."""
        with self.queue() as queue:
            self._begin(queue)
            links: dict[str, Connection] = {}
            try:
                self.look(queue)
                if converge:
                    puller = self.puller(queue)
                    url = puller.due()
                    if url:
                        puller.pull(url, self.link(links, url))
                    puller.converge(self.carry)
                decision = self.send(queue, links, patient=patient)
                if self._make_up(queue):
                    decision = self.send(queue, links, patient=patient)
            finally:
                for link in links.values():
                    link.close()
            self.memory.began = 0.0
            self.memory.ended = self.clock.time()
            self.memory.keep(self.host)
            return decision

    def _begin(self, queue: Queue) -> None:
        stream, machine = self.settings.stream(), self.host.read_text(MACHINE).strip()
        source = f"{self.settings.site}/{stream} {machine}"
        # Other nodes may have been made from the same disk.
        if self.memory.source not in ("", source):
            queue.renew("the node bears another name, or is another machine")
        self.memory.source = source
        epoch = queue.status()["epoch"]
        if self.memory.epoch != epoch:
            self.memory.lost, self.memory.gone = 0, []
        since = self.clock.time() - self.memory.told_at
        if self.memory.epoch != epoch or not 0 <= since < collect.AGAIN:  # a clock may be set back
            self.memory.told = {}
            self.memory.told_at = self.clock.time()
        self.memory.epoch = epoch
        if self.memory.began:
            data = {"began": stamp(self.memory.began)}
            self.tell(queue, Event(EVENT, self._own, "lightk8s.edge.agent.cut", self._now(), data))
        self.memory.began = self.clock.time()
        self.memory.trouble = ""
        self.memory.keep(self.host)

    @property
    def _own(self) -> str:
        return f"agent/{self.settings.host}"

    # ---- what there is to tell

    def look(self, queue: Queue) -> None:
        """Keep what is another than it was told."""
        try:
            survey = self._work.survey()
        except EdgeError as exc:
            self.memory.trouble = exc.message
            survey = Survey({}, (), frozenset(("node", "workload", "images", "service")))
        found = collect.facts(survey.report, survey.workloads, self.settings.host)
        found.append(self._self(queue))
        self._found = found, survey.unknown
        self._tell_found(queue)

    def _tell_found(self, queue: Queue) -> None:
        found, unknown = self._found
        memory = self.memory
        rows = collect.events(found, memory.told, self._now(), unknown)
        if self.tell(queue, *rows):
            gone = set(memory.told) - set(told := collect.remembered(found, memory.told, unknown))
            memory.told = told
            memory.gone = sorted((gone | set(memory.gone)) - {fact.key for fact in found})
            memory.keep(self.host)

    def _make_up(self, queue: Queue) -> bool:
        """Where a full queue has lost states, tell all once there is room again; whether there was cause."""
        status = queue.status()
        lost = int(status["dropped"].get(STATE, 0))
        if lost == self.memory.lost or 2 * status["bytes"] > status["limit"]:
            if not queue.pending(1):
                self.memory.gone = []
            return False
        self.memory.lost = lost
        self.memory.told = {key: {"digest": "", "good": None} for key in self.memory.gone}
        self._tell_found(queue)
        return True

    def _self(self, queue: Queue) -> collect.Fact:
        """The agent's own state: what would not be another one merely because it was told."""
        from .._core.about import VERSION

        held, status = self.store.held(), queue.status()
        data: dict[str, t.Any] = {
            "version": VERSION,
            "mode": self.settings.mode,
            "generation": held.generation if held else 0,
            "applied": self.memory.applied,
            "failure": self.store.failure(),
            "hindrance": self.memory.hindrance,
            "trouble": self.memory.trouble,
            "dropped": sum(status["dropped"].values()),
            "damaged": len(status["set_aside"]),
        }
        return collect.Fact("agent", self.settings.host, data, not data["failure"])

    def tell(self, queue: Queue, *events: Event) -> bool:
        """Keep events; whether they are on disk, or counted as lost."""
        waits = self.settings.keeps_events or not self.memory.link
        rows = [event for event in events if waits or event.kind != EVENT]
        try:
            if rows:
                queue.append(rows)
        except Full as exc:
            self.memory.trouble = exc.message
        except EdgeError as exc:
            self.memory.trouble = exc.message
            return False
        return True

    def puller(self, queue: Queue) -> Puller:
        """What takes documents, and tells of them."""

        def audit(word: str, data: dict[str, t.Any]) -> None:
            kind = f"lightk8s.edge.desired.{word}"
            self.tell(queue, Event(AUDIT, f"desired/{self.settings.host}", kind, self._now(), data))

        return Puller(self.host, self.settings, self.memory, self.store, audit, clock=self.clock)

    # ---- up

    def sender(self, queue: Queue, link: Connection) -> Sender:
        """What sends this node's events."""
        return Sender(
            self.settings.site,
            queue,
            link,
            self.settings.policy(),
            node=self.settings.stream(),
            prefix=reach.split(self.settings.url)[1].rstrip("/"),
            token=reach.token(self.host, link),
            clock=self.clock,
            draw=self._draw,
        )

    def send(self, queue: Queue, links: dict[str, Connection], *, patient: bool = True) -> Decision:
        """Send what may be sent now."""
        if not self.settings.url:
            return Decision(False, "there is nobody to send to")
        policy, state, now = self.settings.policy(), self.memory.state(), self.clock.time()
        waiting, local = len(queue.pending(1)), self.clock.localtime
        ready = up.decide(policy, up.State(linked=True), now, waiting, local)
        if not ready.send:  # then nobody is called either
            return ready
        link = self.link(links, self.settings.url)
        state = up.link(state, link is not None, self.clock.time(), self._draw())
        self._keep(state)
        if link is None:
            return Decision(False, f"there is no link: {self.memory.link}")
        sender = self.sender(queue, link)
        state, decision = sender.run(state, self._keep)
        while patient and self._is_turn(decision):
            self.clock.sleep(max(0.0, (decision.at or 0.0) - self.clock.time()))
            state, decision = sender.run(state, self._keep)
        return decision

    def _is_turn(self, decision: Decision) -> bool:
        near = decision.at is not None and decision.at - self.clock.time() <= LONGEST_TURN
        return decision.why == "waiting a turn" and near

    def _keep(self, state: up.State) -> None:
        self.memory.up = state.to_json()
        self.memory.keep(self.host)

    def link(self, links: dict[str, Connection], url: str) -> Connection | None:
        """A connection that stands; None where there is no link, with the reason in the memory."""
        where = reach.split(url)[0]
        try:
            if where not in links:
                links[where] = reach.connection(self.host, self.settings, where)
                links[where].open()
        except EdgeError as exc:
            links.pop(where, None)
            self.memory.link = exc.message
            return None
        self.memory.link = ""
        return links[where]
