# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Brings artifacts to a node, by content: checked before they leave and after they arrive."""

from __future__ import annotations

import hashlib
import sys
import time
import typing as t
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.utils.display import Display

from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.progress import progress_line
from ansible_collections.lightk8s.edge.plugins.plugin_utils._transfer.neighbours import (
    WORTH,
    Neighbours,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._transfer.pace import Pace

STEP = 1 << 20  # the node's unit, see node_receive
FIRST = 2 << 20  # bytes in the first exec; the node writes in STEPs, so a cut costs one STEP
LARGEST = 32 << 20  # bytes in one exec at most: they are held in memory by each worker
AIM = 4.0  # seconds that one exec should take: often enough to report, rare enough to cost little
PATIENCE = 600  # seconds without a byte of progress while another run writes the same artifact
TRIES = 3  # sendings in vain: damaged on the way, or another run was faster
PAUSE = 1.0
# Seconds between progress lines; asked at import, in the parent, for workers have no terminal.
QUIET = 2.0 if sys.stderr.isatty() else 60.0
Call = t.Callable[..., dict[str, t.Any]]


class Carrier:
    """`call(name, arguments, payload)` runs a helper on the node; `label` is the node's name.

    One carrier lives for one task, so that it knows what it has brought.
    """

    def __init__(self, call: Call, label: str, pace: Pace | None = None) -> None:
        self.call = call
        self.label = label
        self.pace = pace or Pace()
        self.neighbours: Neighbours | None = None
        self.sent = 0
        self.taken = 0
        self.artifacts: list[str] = []

    def report(self) -> dict[str, t.Any]:
        """`bytes` went over the site's uplink, `lan_bytes` from node to node."""
        found = {"bytes": self.sent, "artifacts": len(self.artifacts)}
        return found | ({"lan_bytes": self.taken} if self.taken else {})

    def bring(
        self, needs: list[dict[str, t.Any]], supply: t.Callable[[dict[str, t.Any]], Path]
    ) -> None:
        """Carry all that is needed. Raises AnsibleError, also where the node asks a second time."""
        for need in needs:
            if need["sha256"] in self.artifacts:
                raise AnsibleError(
                    f"{need['name']} was carried, yet the node asks for it again ({need['sha256']})"
                )
            source = supply(need)
            check(source, need)
            self.artifacts.append(need["sha256"])
            self._bring(source, {"name": source.name, **need})

    def _bring(self, source: Path, need: dict[str, t.Any]) -> None:
        """Over the uplink, unless a neighbour gives it; then others may take it from here."""
        delivery = Delivery(self, source, need)
        near = self.neighbours if delivery.size >= WORTH else None
        if near is None:
            delivery.run()
            return
        with near.turn(need):
            lent = near.lends(need)
            if not lent:
                delivery.run()
                near.lend(need)
        if lent and near.take(need):
            self.taken += delivery.size
        elif lent:
            delivery.run()


class Delivery:
    """One artifact on its way to one node."""

    def __init__(self, carrier: Carrier, source: Path, need: dict[str, t.Any]) -> None:
        self.carrier = carrier
        self.source = source
        self.name = str(need.get("name") or source.name)
        self.size = source.stat().st_size
        self.key = {"sha256": need["sha256"], "size": self.size}
        self.progress = Progress(carrier.label, self.name, self.size)

    def run(self) -> None:
        pace = self.carrier.pace
        step, idle = pace.step or FIRST, 0
        reply = self.start()
        while not reply.get("done"):
            offset = reply["have"]
            left = self.size - offset
            length = left if left <= step + step // 4 else step  # no exec for a small rest
            where = {"offset": offset, "length": length}
            pace.wait(length)
            began = time.monotonic()
            reply = self.carrier.call("receive", self.key | where, self.piece(offset, length))
            self.carrier.sent += length
            if reply.get("busy") or reply.get("moved"):
                # Another run, or what is left of one that was killed, sends the same.
                reply = self.start()
                continue
            if not reply.get("done") and reply["have"] <= offset:
                idle += 1
                if idle > TRIES:
                    raise AnsibleError(f"{self.name} does not arrive whole: {reply}")
            self.progress.show(reply["have"])
            step = pace.step or next_step(length, time.monotonic() - began)
        self.progress.end()

    def start(self) -> dict[str, t.Any]:
        """Where to continue. Waits while another run writes the same artifact to this node."""
        waited, before = 0.0, -1
        reply = self.carrier.call("receive", dict(self.key))
        while reply.get("busy"):
            waited = 0.0 if reply["have"] != before else waited + PAUSE
            if waited > PATIENCE:
                raise AnsibleError(f"another run holds {self.name} on the node and does not move")
            before = reply["have"]
            time.sleep(PAUSE)
            reply = self.carrier.call("receive", dict(self.key))
        if "short" in reply:
            raise AnsibleError(
                f"no room for {self.name} in {reply['folder']}: {reply['short']} bytes too few"
            )
        have = reply["have"]
        if not reply.get("done"):
            have = STEP * self.good(reply["digests"])
        self.progress.begin(have)
        return reply | {"have": have}

    def good(self, digests: list[str]) -> int:
        """How many of the node's steps are equal to ours, from the start on."""
        with self.source.open("rb") as file:
            for number, digest in enumerate(digests):
                if hashlib.sha256(file.read(STEP)).hexdigest()[: len(digest)] != digest:
                    return number
        return len(digests)

    def piece(self, offset: int, length: int) -> bytes:
        with self.source.open("rb") as file:
            file.seek(offset)
            return file.read(length)


def check(source: Path, need: dict[str, t.Any]) -> None:
    """Nothing is trusted by name or size, the controller's own files neither."""
    with source.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != need["sha256"]:
        raise AnsibleError(
            f"{source} is not {need.get('name')}: sha256 {found} instead of {need['sha256']}"
        )


def next_step(length: int, seconds: float) -> int:
    """Bytes for the next exec, in whole steps, from how long the last one took."""
    wanted = int(length * AIM / max(seconds, 0.001)) // STEP * STEP
    return max(STEP, min(LARGEST, wanted))


class Progress:
    """A line every few seconds on a terminal and every minute elsewhere, and one for each artifact."""

    def __init__(self, label: str, name: str, size: int) -> None:
        self.label, self.name, self.size = label, name, size
        self.first, self.began, self.shown = 0, time.monotonic(), time.monotonic()

    def begin(self, have: int) -> None:
        self.first, self.began = have, time.monotonic()

    def show(self, have: int) -> None:
        now = time.monotonic()
        if now - self.shown >= QUIET and have < self.size:
            self.shown = now
            self.line(have)

    def end(self) -> None:
        self.line(self.size)

    def line(self, have: int) -> None:
        seconds = time.monotonic() - self.began
        say(
            progress_line(f"{self.label}: {self.name}", have, self.size, have - self.first, seconds)
        )


def say(text: str) -> None:
    """On stderr: stdout belongs to the callback, which may write JSON."""
    Display().display(text, stderr=True)
