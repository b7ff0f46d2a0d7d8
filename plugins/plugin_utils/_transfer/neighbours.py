# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nodes of one site give each other, so that it crosses the site's uplink once.

Each artifact is carried to one node; that one lends it, and the others take it over the site's own network. All that
the workers of a run know of it lies in files that go with the run: a lock for each artifact, held by who carries it,
and a note of who lends it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ansible import constants

from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.hostvars import Hosts
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.inventory import address_of
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.places import place_of, places_of

# Bytes below which it costs as much to ask a neighbour as to send them.
WORTH = 16 << 10
C: t.Any = constants
Values = t.Mapping[str, t.Any]
Need = t.Mapping[str, t.Any]
Run = t.Callable[[str, dict[str, t.Any]], dict[str, t.Any]]


@dataclass
class Neighbours:
    """The other nodes of a site, for the node of one task.

    `run(door, params)` runs a door on this node; its result may be a failure, which never ends a transfer.
    """

    name: str
    address: str
    folder: Path
    run: Run
    say: t.Callable[[str], None]
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    port: int | None = None
    _closed: set[str] = field(default_factory=set)

    @contextlib.contextmanager
    def turn(self, need: Need) -> Iterator[None]:
        """Alone with the question whether the artifact has come to the site. Waits for who carries it."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / f"{need['sha256']}.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.say(f"{need['name']} is on its way to a neighbour")
                fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def lends(self, need: Need) -> bool:
        """Whether a neighbour has it that can be reached, as far as is known."""
        return self._lender(need) is not None

    def lend(self, need: Need) -> None:
        """Have this node give it to others, now that it is there."""
        given = {"address": self.address, "token": self.token, "port": self.port}
        answer = self.run("node_lend", {**given, "sha256": need["sha256"]})
        if answer.get("failed") or not answer.get("port"):
            self.say(f"its neighbours get {need['name']} from here: {answer.get('msg')}")
            return
        self.port = int(answer["port"])
        note = self._note(need)
        work = note.with_suffix(f".{os.getpid()}")
        with open(os.open(work, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            json.dump({"host": self.name, **given, "port": self.port}, file)
        work.replace(note)

    def take(self, need: Need) -> bool:
        """Have this node take it from the neighbour that lends it; whether it is there now."""
        lender = self._lender(need)
        if lender is None:
            return False
        given = {key: lender[key] for key in ("address", "port", "token")}
        answer = self.run(
            "node_take", {**given, "sha256": need["sha256"], "name": str(need["name"])}
        )
        if answer.get("failed"):
            self._closed.add(lender["host"])
            why = f"{answer.get('msg')}"
            self.say(f"{need['name']} does not come from {lender['host']}, so from here: {why}")
            return False
        self.say(f"{need['name']}: {answer.get('taken')} bytes from {lender['host']}")
        return True

    def _note(self, need: Need) -> Path:
        return self.folder / f"{need['sha256']}.json"

    def _lender(self, need: Need) -> dict[str, t.Any] | None:
        try:
            found = json.loads(self._note(need).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        lender = t.cast("dict[str, t.Any]", found)
        away = lender["host"] == self.name or lender["host"] in self._closed
        return None if away else lender


def has_neighbours(task_vars: Values, templar: t.Any) -> bool:
    """Whether the site of the task's node has another node in the play, and its nodes may lend."""
    place, places = place_of(task_vars), places_of(task_vars)
    wished = task_vars.get("edge_lan_transfer")
    if not place or place.get("alias_of") or (wished is not None and not templar.template(wished)):
        return False
    others = frozenset(task_vars.get("ansible_play_hosts") or ())
    others -= {str(task_vars.get("inventory_hostname"))}
    rows = [row for name, row in places.items() if name in others]
    return any(row["site"] == place["site"] and not row["alias_of"] for row in rows)


def neighbours_of(
    task_vars: Values, templar: t.Any, run: Run, say: t.Callable[[str], None]
) -> Neighbours | None:
    """Those of the task's node; None where it has none."""
    if not has_neighbours(task_vars, templar):
        return None
    name = str(task_vars.get("inventory_hostname"))
    address = address_of(name, Hosts(task_vars["hostvars"], templar)[name])
    site = hashlib.sha256(str(place_of(task_vars)["site"]).encode()).hexdigest()[:16]
    folder = Path(C.DEFAULT_LOCAL_TMP) / "lightk8s-lent" / site
    return Neighbours(name, address, folder, run, say)
