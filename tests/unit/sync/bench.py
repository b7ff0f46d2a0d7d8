# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One node's agent against a hub on the loopback; the node itself is a report in the test."""

from __future__ import annotations

import base64
import itertools
import json
import time
import typing as t
from pathlib import Path

from ansible_collections.lightk8s.edge.extras.hub.lightk8s_hub import tables
from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host
from ansible_collections.lightk8s.edge.plugins.module_utils._host.tls import Tls
from ansible_collections.lightk8s.edge.plugins.module_utils._sync import places
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.agent import (
    Agent,
    Survey,
    Work,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document import Document
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.settings import Settings
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.signing import Signer, signed

from ..hub.conftest import Running
from ..kube.authority import Authority

NOW = int(time.time())


class Bench:
    """One node's agent, made anew for each round as a timer does."""

    def __init__(self, folder: Path, hub: Running) -> None:
        self.hub = hub
        self.signer = Signer.create(str(folder / "key.pem"))
        self.host = Host(str(folder / "node"))
        self.host.write(places.TOKEN, hub.token("site", "shop").encode(), 0o600)
        self.settings: dict[str, t.Any] = {
            "mode": "hybrid",
            "url": hub.url,
            "keys": (base64.b64encode(self.signer.public).decode(),),
            "pulls": True,
        }
        self.clock: t.Any = time
        self.draws: t.Iterator[float] = itertools.repeat(0.0)
        self.ready = True
        self.broken = ""
        self.carried: list[int] = []

    def survey(self) -> Survey:
        if self.broken:
            raise EdgeError(self.broken, kind="api")
        node = {"name": "n1", "ready": self.ready, "reason": "", "version": "v1", "roles": []}
        return Survey({"nodes": [node]})

    def carry(self, document: Document, generation: int) -> list[str]:
        if document.desired.get("bad"):
            raise EdgeError("the node is not healthy", kind="rolled_back")
        done = [] if self.carried[-1:] == [document.generation] else ["changed"]
        self.carried.append(document.generation)
        return done

    def agent(self, **more: t.Any) -> Agent:
        given = {"host": "n1", **self.settings, **more}
        settings = Settings("shop", node={"distribution": "k3s"}, **given)
        self.host.write(places.SETTINGS, settings.raw())
        work = Work(self.survey, self.carry)
        return Agent(self.host, settings, work, clock=self.clock, draw=lambda: next(self.draws))

    def round(self, **more: t.Any) -> str:
        return self.agent(**more).round().why

    def publish(
        self,
        generation: int,
        signer: Signer | None = None,
        tls: Authority | None = None,
        **desired: t.Any,
    ) -> None:
        now = int(self.clock.time())
        document = Document("shop", generation, now, now + 3600, desired)
        raw = signed(document, [signer or self.signer]).raw()
        token, way = self.hub.token("publisher"), Tls(tls.pair.cert) if tls else None
        assert self.hub.ask("PUT", "/v1/desired/shop", raw, token=token, tls=way).status == 200

    def waiting(self, **more: t.Any) -> list[str]:
        with self.agent(**more).queue() as queue:
            return [row.key for row in queue.pending(999)]

    def states(self) -> dict[str, t.Any]:
        return {row["subject"]: json.loads(row["data"]) for row in self.hub.rows(tables.states)}

    def told(self, kind: str = "audit") -> list[str]:
        rows = sorted(self.hub.rows(tables.events), key=lambda row: row["seq"])
        return [row["type"].removeprefix("lightk8s.edge.") for row in rows if row["class"] == kind]
