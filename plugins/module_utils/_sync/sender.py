# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Batches from the queue to the receiver, until none can be sent for now."""

from __future__ import annotations

import json
import typing as t
from itertools import filterfalse

from .._core.about import AGENT
from .._core.errors import EdgeError
from .._host.http_errors import HttpError
from . import cloudevents
from .up import Answer, Decision, Policy, State, answered, decide
from .windows import Local

if t.TYPE_CHECKING:
    from .._host.http import Connection, Response
    from .queue import Queue
    from .records import Row

PATH = "/v1/events"
MALFORMED = 400
LONGEST_PACE = 60.0  # a pause for bandwidth that is slept through; a longer one is another run's
LONGEST_ANSWER = 300.0  # seconds: the node's other work waits
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Clock(t.Protocol):
    """What the standard module `time` offers."""

    def time(self) -> float:
        """Seconds since the epoch."""

    def localtime(self, seconds: float, /) -> Local:
        """The site's own time."""

    def sleep(self, seconds: float, /) -> None:
        """Wait."""


class Sender:
    """One receiver of one site's events. `token` is '' where a client certificate is enough.

    `node` names a node that has a queue of its own beside the site's; `prefix` is the path below which the
    receiver has its own.
    """

    def __init__(
        self,
        site: str,
        queue: Queue,
        connection: Connection,
        policy: Policy,
        *,
        node: str = "",
        prefix: str = "",
        token: str = "",
        clock: Clock,
        draw: t.Callable[[], float],
    ) -> None:
        if token and connection.where.startswith("http:") and connection.host not in LOOPBACK:
            text = f"{connection.where}: a token is sent over https only"
            raise EdgeError(text, kind="spec", site=site)
        self._site = site
        self._node = node
        self._path = prefix + PATH
        self._queue = queue
        self._connection = connection
        self._policy = policy
        self._token = token
        self._clock = clock
        self._draw = draw

    def decision(self, state: State) -> Decision:
        """What would be done now, and why."""
        waiting = len(self._queue.pending(1))
        now = self._clock.time()
        return decide(self._policy, state, now, waiting, self._clock.localtime)

    def run(self, state: State, keep: t.Callable[[State], None]) -> tuple[State, Decision]:
        """Send what may be sent; `keep` is handed the state after each batch, to be written down.

        Pauses for bandwidth are slept through where they are short; back-off is not.
        """
        while True:
            decision = self.decision(state)
            now = self._clock.time()
            if decision.at == state.paced_until and now < state.paced_until <= now + LONGEST_PACE:
                self._clock.sleep(state.paced_until - now)
                continue
            if not decision.send:
                return state, decision
            answer = self._send(self._queue.pending(decision.most, decision.size))
            state = answered(self._policy, state, answer, self._clock.time(), self._draw())
            keep(state)

    def _send(self, rows: t.Sequence[Row]) -> Answer:
        epoch = self._queue.status()["epoch"]
        body = cloudevents.compressed(cloudevents.batch(self._site, epoch, rows, self._node))
        headers = {
            "Content-Type": cloudevents.CONTENT_TYPE,
            "Content-Encoding": "gzip",
            "User-Agent": AGENT,
        }
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            response = self._connection.request(
                "POST", self._path, headers=headers, body=body, timeout=LONGEST_ANSWER
            )
        except HttpError as exc:
            return Answer(0, exc.message, sent=len(body) if exc.sent else 0)
        return self._taken(response, epoch, rows, len(body))

    def _taken(self, response: Response, epoch: str, rows: t.Sequence[Row], sent: int) -> Answer:
        after = retry_after(response.headers.get("retry-after", ""), self._clock.time())
        told = _told(response.body)
        answer = Answer(
            response.status,
            after=after,
            spread=_number(told.get("spread")),
            sent=sent,
        )
        upto = told.get("acknowledged")
        if response.status == MALFORMED:
            for row in filterfalse(_is_readable, rows):  # it would hold up all others for ever
                self._queue.give_up(row, "damaged on the disk")
        if not 200 <= response.status < 300:
            return answer
        if told.get("epoch") != epoch or not isinstance(upto, int):
            return answer._replace(text="the receiver did not say what it has taken")
        if upto < rows[0].seq:
            return answer._replace(text="the receiver took nothing")
        self._queue.acknowledge(epoch, upto, rows[-1].seq)
        if self._queue.status()["epoch"] != epoch:  # a pause: the receiver may say so each time
            return answer._replace(text=f"the receiver knows of {upto}, which was never given")
        return answer._replace(progress=True)


def _is_readable(row: Row) -> bool:
    try:
        return isinstance(json.loads(row.body), dict)
    except ValueError:
        return False


def _told(body: bytes) -> dict[str, t.Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and 0 <= value < 1e9 else None


def retry_after(text: str, now: float) -> float:
    """Seconds that a Retry-After asks for: a number, or a date; 0 where it is neither."""
    if text.isdigit() and text.isascii():
        return float(text[:9])
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (TypeError, ValueError, IndexError, OverflowError):
        return 0.0
