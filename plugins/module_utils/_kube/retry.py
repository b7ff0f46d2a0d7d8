# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a request is worth another try, and after which pause. Pure."""

from __future__ import annotations

from typing import Protocol

from .._core.records import dataclass
from .._host.http import CertificateExpired, HttpError
from .errors import ApiError


class Clock(Protocol):
    """What the standard module `time` offers; handed in, so that tests need not wait."""

    def time(self) -> float:
        """Seconds since the epoch."""

    def monotonic(self) -> float:
        """Seconds of a clock that nobody sets."""

    def sleep(self, seconds: float, /) -> None:
        """Wait."""


@dataclass(frozen=True)
class Retry:
    """At most `attempts` sends, and no pause that would end later than `budget` seconds in all."""

    attempts: int = 6
    budget: float = 30.0
    base: float = 0.2
    cap: float = 5.0

    def pause(self, attempt: int, after: float, draw: float) -> float:
        """Seconds to wait after the failed `attempt` (1 is the first).

        Exponential with jitter: `draw` in [0, 1) picks from the upper half, so that many sites
        that failed together do not come back together. Never less than the server's `after`.
        """
        step = min(self.cap, self.base * 2.0 ** min(attempt - 1, 30))
        return after + step * (0.5 + draw / 2)


DEFAULT = Retry()
ONCE = Retry(attempts=1)
PATIENT = Retry(attempts=40, budget=90.0)  # outlasts the restart of a site's only server


def worthwhile(error: ApiError | HttpError, *, repeatable: bool, conflicts: bool) -> bool:
    """Whether to send again what ended in `error`.

    `repeatable`: doing it twice is as good as once. `conflicts`: a lost race may be run again.
    """
    if isinstance(error, HttpError):
        if isinstance(error, CertificateExpired):
            return False
        if error.reason in ("refused", "unreachable"):
            return True
        return error.reason in ("reset", "timeout") and (repeatable or not error.sent)
    if error.status == 429:
        # A disruption budget is no overload: it holds until other pods are ready.
        return not error.blocked_by_budget
    if error.status == 409:
        # A field of another manager stays its own, however often we ask.
        return conflicts and error.reason == "Conflict" and not error.conflicts
    if error.status == 501 or error.status < 500 or error.malformed:
        return False
    # With Retry-After the server says that it did not begin.
    return repeatable or error.after is not None
