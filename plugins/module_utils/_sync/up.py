# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a site sends what, and how it goes on after an answer. Pure: clock, link and chance are handed in.

The state is small and outlives the process, so an agent that is started by a timer goes on where it was.
Nothing here ever gives up: after any number of failures there is a next attempt.
"""

from __future__ import annotations

import typing as t

from .._core.records import dataclass, replace
from .windows import LocalTime, Window, opens

ONLINE, OFFLINE, HYBRID = "online", "offline", "hybrid"
MODES = (ONLINE, OFFLINE, HYBRID)

BASE = 5.0
CAP = 1800.0
LONGEST = 86_400.0  # of what a receiver may ask for, and of what a clock set back may leave
SPREAD = 60.0  # seconds over which sites come back, until the receiver names others
SHORTEST_BATCH_BYTES = 4096


@dataclass(frozen=True)
class Policy:
    """How a site may send. `rate` is bytes per second, 0 for no bound."""

    mode: str = ONLINE
    windows: tuple[Window, ...] = ()
    rate: float = 0.0
    most_events: int = 500
    most_bytes: int = 256 * 1024

    def batch_bytes(self) -> int:
        """Bytes of one batch: with a bound, what ten seconds may carry."""
        if not self.rate:
            return self.most_bytes
        return int(min(self.most_bytes, max(SHORTEST_BATCH_BYTES, 10 * self.rate)))


@dataclass(frozen=True)
class State:
    """What has to be remembered. Times are seconds since the epoch."""

    failures: int = 0
    not_before: float = 0.0
    paced_until: float = 0.0
    batch: int = 0  # events of the next batch after a receiver could not take as many; 0: no bound
    linked: bool = False
    spread: float = SPREAD
    reason: str = ""
    delivered_at: float = 0.0

    def to_json(self) -> dict[str, t.Any]:
        """As it is kept."""
        return dict(self.__dict__)

    @classmethod
    def of(cls, content: t.Mapping[str, t.Any]) -> State:
        """Read what was kept; what is missing or makes no sense is as at the beginning."""
        fresh = cls()
        names = [
            name
            for name, value in content.items()
            if name in fresh.__dict__ and _fits(value, fresh.__dict__[name])
        ]
        return replace(fresh, **{name: content[name] for name in names})


def _fits(value: object, like: object) -> bool:
    if isinstance(like, (str, bool)) or isinstance(value, bool):
        return type(value) is type(like)
    return isinstance(value, (int, float)) and 0 <= value < 1e12


class Decision(t.NamedTuple):
    """Send `most` events of at most `size` bytes now, or look again `at` (None: when something changes)."""

    send: bool
    why: str
    at: float | None = None
    most: int = 0
    size: int = 0


class Answer(t.NamedTuple):
    """What a batch led to. `status` 0: no answer came, and `text` says why."""

    status: int
    text: str = ""
    after: float = 0.0  # Retry-After, seconds
    progress: bool = False  # something was acknowledged
    spread: float | None = None
    sent: int = 0  # bytes on the wire


def decide(policy: Policy, state: State, now: float, waiting: int, local: LocalTime) -> Decision:
    """What to do now, with the reason in words: also the answer to why nothing is being sent."""
    if not waiting:
        return Decision(False, "nothing is waiting")
    if policy.mode == OFFLINE:
        return Decision(False, "the mode is offline: everything is kept")
    opening = opens(policy.windows, now, local)
    if opening > now:
        return Decision(False, "no window is open", opening)
    if not state.linked:
        return Decision(False, "there is no link")
    for until, why in (
        (state.not_before, state.reason or "waiting a turn"),
        (state.paced_until, "the bandwidth is bounded"),
    ):
        if now < until <= now + LONGEST:
            return Decision(False, why, until)
    most = min(policy.most_events, state.batch or policy.most_events)
    return Decision(True, "sending", now, most, policy.batch_bytes())


def link(state: State, up: bool, now: float, draw: float) -> State:
    """The link is up or down. On its return failures are forgotten, and a turn is drawn.

    `draw` in [0, 1): sites that come back together spread over the receiver's time.
    """
    if not up or state.linked:
        return replace(state, linked=up)
    turn = now + draw * state.spread
    return replace(state, linked=True, failures=0, not_before=turn, reason="waiting a turn")


def answered(policy: Policy, state: State, answer: Answer, now: float, draw: float) -> State:
    """The state after a batch. `draw` in [0, 1) is the jitter."""
    if policy.rate:
        paced = max(now, min(state.paced_until, now + LONGEST)) + answer.sent / policy.rate
        state = replace(state, paced_until=paced)
    if answer.spread is not None:
        state = replace(state, spread=min(max(answer.spread, 0.0), LONGEST))
    if 200 <= answer.status < 300 and answer.progress:
        grown = min(2 * state.batch, policy.most_events) if state.batch else 0
        batch = 0 if grown >= policy.most_events else grown
        return replace(state, failures=0, not_before=0.0, reason="", delivered_at=now, batch=batch)
    return _failed(policy, state, answer, now, draw)


def _failed(policy: Policy, state: State, answer: Answer, now: float, draw: float) -> State:
    """Full jitter: anywhere up to a bound that doubles, after what the receiver asks for."""
    bound = min(CAP, BASE * 2.0 ** min(state.failures, 30))
    pause = min(answer.after, LONGEST - CAP) + draw * bound
    batch = state.batch
    cut = not answer.status and answer.sent  # a link that is too thin, or never up for long enough
    if cut or answer.status in (400, 413, 422):  # too much, or one among them that it does not take
        batch = max(1, (batch or policy.most_events) // 2)
    return replace(
        state,
        failures=state.failures + 1,
        not_before=now + pause,
        reason=answer.text or f"the receiver answered {answer.status}",
        batch=batch,
    )
