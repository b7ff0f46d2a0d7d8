# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way down, as the agent goes it: ask, judge, keep, carry out, and tell of each."""

from __future__ import annotations

import hashlib
import typing as t

from .._core.errors import EdgeError
from . import down, reach
from .document import Refused, read_document
from .document_store import DISTRUSTED
from .up import OFFLINE

if t.TYPE_CHECKING:
    from .._host.host import Host
    from .._host.http import Connection
    from .document_store import Store
    from .memory import Memory
    from .settings import Settings

Audit = t.Callable[[str, dict[str, t.Any]], None]
OURS = "sha256:"  # begins the name of a document whose publisher gives no ETag


class Puller:
    """Takes documents for one node. `audit(word, data)` has what was done told."""

    def __init__(
        self,
        host: Host,
        settings: Settings,
        memory: Memory,
        store: Store,
        audit: Audit,
        *,
        clock: t.Any,
    ) -> None:
        self.host = host
        self.settings = settings
        self.memory = memory
        self.store = store
        self._audit = audit
        self._clock = clock

    def due(self) -> str:
        """The URL to ask; empty where nobody is to be asked."""
        return "" if self.settings.mode == OFFLINE else reach.document_url(self.settings)

    def pull(self, url: str, link: Connection | None) -> None:
        """Ask for the site's document, and keep it where it is to be taken; None stands for no link."""
        if link is None:
            self.memory.answer = f"there is no link: {self.memory.link}"
            return
        trust = ",".join((*sorted(self.settings.keys), *sorted(self.settings.revoked)))
        if trust != self.memory.trust:
            self.memory.trust, self.memory.refused = trust, ""
        same_server = not self.settings.document_url or (
            reach.split(url)[0] == reach.split(self.settings.url or url)[0]
        )
        try:
            found = down.fetch(
                link,
                url,
                self._known(),
                reach.token(self.host, link) if same_server else "",
            )
        except EdgeError as exc:
            self.memory.answer = exc.message
            return
        self.memory.asked = self._clock.time()
        self.memory.answer = found.said
        if found.raw is not None:
            self.accept(found.raw, found.etag or OURS + hashlib.sha256(found.raw).hexdigest())

    def _known(self) -> tuple[str, str]:
        """ETags of what need not be sent: of what is held, and of what was refused."""
        ours = self.store.etag()
        digest, _space, theirs = self.memory.etag.partition(" ")
        refused = "" if self.memory.refused.startswith(OURS) else self.memory.refused
        return theirs if f'"{digest}"' == ours else ours, refused

    def accept(self, raw: bytes, etag: str = "") -> bool:
        """Judge a document, however it came; whether it is held now.

        `etag` tells whether it is the one that was refused already: the publisher's, else its digest.
        """
        try:
            accepted = down.judge(raw, self.settings, self.store, self._clock.time())
        except Refused as exc:
            self.memory.answer = exc.message
            if not etag or etag != self.memory.refused:
                self._audit("refused", down.reason(exc))
            self.memory.refused = etag
            self.memory.keep(self.host)
            return False
        named = etag and not etag.startswith(OURS)
        self.memory.etag = f"{accepted.envelope.digest} {etag}" if named else ""
        self.memory.refused = ""
        self.memory.answer = f"generation {accepted.document.generation} is held"
        if accepted.fresh:
            generation = accepted.document.generation
            data = {"generation": generation, "keys": list(accepted.keys), "clock": accepted.clock}
            self._audit("accepted", data)
        self.memory.keep(self.host)
        return True

    def _without(self, why: str) -> None:
        """Nothing is wanted; `why` where something was."""
        if why and why != self.memory.hindrance:
            self._audit("hindered", {"generation": 0, "why": why})
        if why or self.memory.hindrance == DISTRUSTED:
            self.memory.hindrance = why
            self.memory.keep(self.host)

    def converge(self, carry: down.Carry) -> None:
        """Bring the node to the document that is held."""
        envelope = self.store.wanted()
        if envelope is None:
            self._without(self.store.distrusted())
            return
        wanted = read_document(envelope.payload).generation
        done = down.carry_out(self.store, carry)
        if done.hindrance != self.memory.hindrance and done.hindrance:
            self._audit("hindered", {"generation": wanted, "why": done.hindrance})
        self.memory.hindrance = done.hindrance
        if done.failed:
            self._audit("failed", {"generation": wanted, "why": done.failed})
            if done.generation:
                data = {"generation": done.generation, "actions": list(done.actions)}
                self._audit("restored", data)
        elif done.actions or (not done.hindrance and self.memory.applied != done.generation):
            data = {"generation": done.generation, "actions": list(done.actions)}
            self._audit("applied", data)
        if done.generation and not done.hindrance:
            self.memory.applied = done.generation
            self.memory.applied_at = self._clock.time()
        self.memory.keep(self.host)
