# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When and how fast bytes go to a site: windows in its local time, and a cap that its nodes share."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
import typing as t
from contextlib import suppress
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.cache import (
    default_cache_dir,
    guarded,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.progress import human_time

if t.TYPE_CHECKING:
    from ansible_collections.lightk8s.edge.plugins.module_utils._sync.windows import LocalTime

Values = t.Mapping[str, t.Any]
Template = t.Callable[[t.Any], t.Any]

# Seconds of a capped link in one exec: what is sent at once goes at the link's own rate.
BREATH = 0.5
LEAST = 8 << 10  # bytes in one exec where a cap is so low that this takes longer
OVERHEAD = 1500  # bytes of an exec beside its payload: the request, its answer, what ssh adds
# What a link cannot be taken for so far ahead is a note from before the machine's last start.
_STALE = 3600.0
_DOZE = 60.0  # seconds after which a clock that was set anew is noticed


def bytes_per_second(mbps: t.Any) -> float:
    """A cap in megabits a second, which may be a fraction: 0.064 is 64 kbit/s. EdgeError(spec)."""
    try:
        rate = float(mbps) * 125_000
    except (TypeError, ValueError):
        rate = 0.0
    if not 0 < rate < float("inf"):
        raise EdgeError(
            f"{mbps!r} is no bandwidth in Mbit/s", kind="spec", hint="give a number above 0"
        )
    return rate


def local_time(zone: str) -> LocalTime:
    """What clocks show in a time zone, such as Europe/Berlin, at seconds since 1970. EdgeError(spec)."""
    import datetime as dt
    import zoneinfo

    try:
        found = zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise EdgeError(
            f"{zone!r} is no time zone that this machine knows",
            kind="spec",
            hint="write edge_timezone as Europe/Berlin; the controller needs the package tzdata",
        ) from error
    return lambda now: dt.datetime.fromtimestamp(now, found).timetuple()


def waits(texts: t.Sequence[str], zone: str, now: float) -> float:
    """Seconds until a window in that zone is open; 0 where one is, or where there are none. EdgeError(spec)."""
    if not texts:
        return 0.0
    from ansible_collections.lightk8s.edge.plugins.module_utils._sync.windows import opens, window

    return opens([window(text) for text in texts], now, local_time(zone)) - now


class Pace:
    """Keeps what is sent to a site within its windows, and the sum of it below a rate.

    `meter` is a file in which all processes that send to the site's nodes note until when its link is taken.
    """

    def __init__(
        self,
        rate: float = 0.0,
        *,
        meter: Path | None = None,
        windows: t.Sequence[str] = (),
        zone: str = "",
        say: t.Callable[[str], None] = lambda text: None,
    ) -> None:
        """`rate` in bytes per second, 0 is no bound. EdgeError(spec) for a window or zone that is none."""
        waits(windows, zone, 0.0)
        self.rate = rate
        self.step = max(LEAST, int(rate * BREATH) - OVERHEAD) if rate else 0
        self._meter = meter
        self._windows, self._zone = windows, zone
        self._say = say
        self._free = 0.0  # when the link has carried all that was sent

    def wait(self, length: int) -> None:
        """Until the site may be sent to, and its link has carried what went before; then `length` bytes may go."""
        self._wait_for_window()
        if self.rate:
            time.sleep(max(0.0, self._begin((length + OVERHEAD) / self.rate) - time.monotonic()))

    def _wait_for_window(self) -> None:
        told = False
        while left := waits(self._windows, self._zone, time.time()):
            if not told:
                self._say(f"the next window of the site opens in {human_time(left)}")
            told = True
            time.sleep(min(left, _DOZE))

    def _begin(self, seconds: float) -> float:
        """The moment from which the link is ours for that long."""
        now = time.monotonic()
        if self._meter is None:
            begin = max(now, self._free)
            self._free = begin + seconds
            return begin
        with guarded(self._meter.parent):
            self._meter.parent.mkdir(parents=True, exist_ok=True)
            with open(os.open(self._meter, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                free = 0.0
                with suppress(ValueError):
                    free = float(file.read() or 0)
                begin = free if now < free < now + _STALE else now
                file.seek(0)
                file.truncate()
                file.write(repr(begin + seconds))
        return begin


def pace_of(
    params: Values, task_vars: Values, template: Template, say: t.Callable[[str], None]
) -> Pace:
    """The pace of a task's site, by its inputs. EdgeError(spec)."""

    def given(name: str) -> t.Any:
        value = task_vars.get(name)
        return template(value) if value is not None else None

    cap = params.get("bandwidth_limit_mbps")
    cap = given("edge_bandwidth_limit_mbps") if cap is None else cap
    rate = 0.0 if cap in (None, "") else bytes_per_second(cap)
    texts = given("edge_transfer_windows") or []
    windows = [texts] if isinstance(texts, str) else [str(text) for text in texts]
    zone = str(given("edge_timezone") or "") if windows else ""
    if windows and not zone:
        raise EdgeError(
            "edge_transfer_windows are in the site's local time, and its time zone is not known",
            kind="spec",
            hint="set edge_timezone",
        )
    meter = None
    if rate:
        site = str(params.get("site") or task_vars.get("inventory_hostname") or "")
        folder = params.get("cache_dir") or given("edge_cache_dir") or default_cache_dir()
        name = hashlib.sha256(site.encode()).hexdigest()[:16]
        meter = Path(str(folder)).expanduser() / "links" / name
    return Pace(rate, meter=meter, windows=windows, zone=zone, say=say)
