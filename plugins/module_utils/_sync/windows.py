# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times of the week in which a site may send, in the site's own time. Pure."""

from __future__ import annotations

import re
import typing as t

from .._core.errors import EdgeError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FORM = r"(?:(daily|[a-z]{3}(?:-[a-z]{3})?)\s+)?(\d\d):(\d\d)-(\d\d):(\d\d)\Z"
DAY = 24 * 60
WEEK_MINUTES = 8 * DAY  # a week, and a day for clocks that are put forward or back


class Local(t.Protocol):
    """What time.localtime returns, as far as it matters here."""

    @property
    def tm_wday(self) -> int:
        """Day of the week, Monday is 0."""

    @property
    def tm_hour(self) -> int:
        """Hour of the day."""

    @property
    def tm_min(self) -> int:
        """Minute of the hour."""


LocalTime = t.Callable[[float], Local]


class Window(t.NamedTuple):
    """From `start` to before `end`, minutes of the day; past midnight where the end is not later."""

    days: tuple[int, ...]
    start: int
    end: int

    def holds(self, moment: Local) -> bool:
        """Whether it is open at that local time. Its day is the one that it begins on."""
        minute = moment.tm_hour * 60 + moment.tm_min
        if self.start < self.end:
            return moment.tm_wday in self.days and self.start <= minute < self.end
        if minute >= self.start:
            return moment.tm_wday in self.days
        return minute < self.end and (moment.tm_wday - 1) % 7 in self.days


def window(text: str) -> Window:
    """Read `22:00-06:00`, `daily 22:00-06:00`, `sat 08:00-12:00` or `mon-fri 22:00-06:00`."""
    match = re.match(FORM, text.strip().lower())
    if match is None:
        raise _wrong(text)
    hours = [int(number) for number in match.groups()[1:]]
    start, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
    if hours[1] > 59 or hours[3] > 59 or start >= DAY or end > DAY:
        raise _wrong(text)
    return Window(_days(match.group(1) or "daily", text), start, end)


def _days(name: str, text: str) -> tuple[int, ...]:
    if name == "daily":
        return tuple(range(7))
    first, _sign, last = name.partition("-")
    if first not in DAYS or (last or first) not in DAYS:
        raise _wrong(text)
    begin, end = DAYS.index(first), DAYS.index(last or first)
    return tuple((begin + number) % 7 for number in range((end - begin) % 7 + 1))


def _wrong(text: str) -> EdgeError:
    hint = "write it as `mon-fri 22:00-06:00`, in the site's local time"
    return EdgeError(f"{text!r} is no window of time", kind="spec", hint=hint)


def opens(windows: t.Sequence[Window], now: float, local: LocalTime) -> float:
    """When one of them is open next: `now` where one is, or where there are none at all."""
    if not windows or any(item.holds(local(now)) for item in windows):
        return now
    minute = now - now % 60
    for number in range(1, WEEK_MINUTES):
        moment = minute + 60 * number
        if any(item.holds(local(moment)) for item in windows):
            return moment
    return minute + 60 * WEEK_MINUTES
