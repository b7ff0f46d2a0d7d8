# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When and how fast bytes go to a site: windows in the site's local time, and a cap."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Sequence

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.windows import (
    LocalTime,
    opens,
    window,
)

# Seconds of the cap that may go at once after a pause: far below the 10 s over which a cap is judged.
_BURST = 0.2


def local_time(zone: str) -> LocalTime:
    """What clocks show in a time zone, such as Europe/Berlin, at seconds since 1970. EdgeError(spec)."""
    try:
        found = zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise EdgeError(
            f"{zone!r} is no time zone that this machine knows",
            kind="spec",
            hint="write it as Europe/Berlin; the controller needs the package tzdata",
        ) from error
    return lambda now: dt.datetime.fromtimestamp(now, found).timetuple()


def waits(texts: Sequence[str], zone: str, now: float) -> float:
    """Seconds until a window in that zone is open; 0 where one is, or where there are none. EdgeError(spec)."""
    if not texts:
        return 0.0
    return opens([window(text) for text in texts], now, local_time(zone)) - now


def bytes_per_second(mbps: float) -> float:
    """A cap in megabits a second, which may be a fraction: 0.064 is 64 kbit/s. EdgeError(spec)."""
    if not 0 < mbps < float("inf"):
        raise EdgeError(f"{mbps} Mbit/s is no cap of a transfer", kind="spec")
    return mbps * 1_000_000 / 8


class Bucket:
    """A token bucket. Pure: times are given, in seconds of a clock that only goes forward."""

    def __init__(self, rate: float, *, overhead: float = 1.0) -> None:
        """`rate` in bytes a second on the wire; `overhead`: bytes on the wire for each that is given."""
        self._rate = rate / overhead
        self._most = self._rate * _BURST
        self._tokens = self._most
        self._time: float | None = None

    def delay(self, now: float, count: int) -> float:
        """Seconds to wait at `now` before `count` bytes go, which counts them as gone by then."""
        if self._time is not None:
            passed = max(0.0, now - self._time)
            self._tokens = min(self._most, self._tokens + passed * self._rate)
        self._time = now if self._time is None else max(self._time, now)
        self._tokens -= count
        return max(0.0, -self._tokens / self._rate)

    @property
    def step(self) -> int:
        """Bytes that go at a time so that the rate is even."""
        return max(1, min(1 << 16, int(self._most)))


def remaining(left: int, mbps: float | None, measured: float) -> float | None:
    """Seconds that `left` bytes take at the cap, or at the rate measured so far where that is less."""
    rates = [rate for rate in (bytes_per_second(mbps) if mbps else 0.0, measured) if rate > 0]
    return left / min(rates) if rates else None
