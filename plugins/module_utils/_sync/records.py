# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a site has to tell, as the queue holds it. Pure."""

from __future__ import annotations

import json
import typing as t

from .._core.errors import EdgeError
from .._core.records import dataclass, field

STATE = "state"  # how something is now: the newest of a key is all that matters
EVENT = "event"  # something happened
AUDIT = "audit"  # something that must be told, whatever else has to go
CLASSES = (STATE, EVENT, AUDIT)
GAP = "gap"  # the queue's own class: what it could not keep, counted since it began
GAP_TYPE = "lightk8s.edge.queue.gap"
BEGUN_TYPE = "lightk8s.edge.queue.begun"

# What a row costs beside its body and key: columns, cell and page overhead, the index of states.
OVERHEAD = 64


class Event(t.NamedTuple):
    """One thing to tell. `key` says what it is about, `time` is RFC 3339, `data` is any JSON."""

    kind: str  # one of CLASSES
    key: str
    type: str
    time: str
    data: t.Any

    def body(self) -> bytes:
        """What is kept on disk: everything that the row's own columns do not say."""
        content = {"type": self.type, "time": self.time, "data": self.data}
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.encode("utf-8")


class Row(t.NamedTuple):
    """An event in the queue."""

    seq: int
    kind: str
    key: str
    body: bytes

    @property
    def size(self) -> int:
        """Bytes that it counts towards the queue's bound."""
        return size_of(self.key, self.body)


def size_of(key: str, body: bytes) -> int:
    """Bytes that an event counts towards the queue's bound."""
    return len(body) + len(key.encode("utf-8")) + OVERHEAD


@dataclass
class Dropped:
    """What was not kept since the queue began: totals, so that telling them twice is telling them once."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CLASSES, 0))
    first: str = ""
    last: str = ""
    reason: str = ""

    def add(self, kind: str, time: str, reason: str, count: int = 1) -> None:
        """Count what was lost at `time`."""
        self.counts[kind] += count
        self.first = self.first or time
        self.last = time
        self.reason = reason

    def merge(self, other: Dropped) -> None:
        """Take in losses that were counted elsewhere."""
        for kind, count in other.counts.items():
            self.counts[kind] += count
        self.first = self.first or other.first
        self.last = other.last or self.last
        self.reason = other.reason or self.reason

    def __bool__(self) -> bool:
        return any(self.counts.values())

    def to_json(self) -> dict[str, t.Any]:
        """As the gap record tells it."""
        return {
            "dropped": dict(self.counts),
            "first": self.first,
            "last": self.last,
            "reason": self.reason,
        }

    @classmethod
    def from_json(cls, content: t.Mapping[str, t.Any]) -> Dropped:
        """Read what `to_json` wrote."""
        counts = {kind: int(content["dropped"].get(kind, 0)) for kind in CLASSES}
        return cls(counts, content["first"], content["last"], content["reason"])

    def body(self) -> bytes:
        """The gap record."""
        return Event(GAP, GAP, GAP_TYPE, self.last, self.to_json()).body()


def checked(event: Event) -> bytes:
    """The body of an event that can be kept. Raises EdgeError(spec) for what is no event."""
    if event.kind not in CLASSES:
        raise EdgeError(f"an event of class {event.kind} is unknown", kind="spec")
    if not event.key or not event.type or not event.time:
        raise EdgeError("an event needs a key, a type and a time", kind="spec")
    try:
        return event.body()
    except (TypeError, ValueError) as exc:
        raise EdgeError(f"the event {event.key} cannot be written: {exc}", kind="spec") from exc
