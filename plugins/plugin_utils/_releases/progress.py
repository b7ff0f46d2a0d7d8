# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Progress lines for a person who waits."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable


def human_bytes(count: float) -> str:
    """Decimal units, as links are sold."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def human_time(seconds: float) -> str:
    whole = int(seconds + 0.5)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def progress_line(label: str, done: int, total: int | None, fresh: int, seconds: float) -> str:
    """`fresh` bytes came in `seconds`; `done` counts what an earlier attempt left, too."""
    rate = fresh / seconds if seconds > 0 else 0.0
    line = f"{label}: {human_bytes(done)}"
    if total is not None:
        line += f" of {human_bytes(total)}"
    if rate > 0:
        line += f", {human_bytes(rate)}/s"
        if total is not None and done < total:
            line += f", {human_time((total - done) / rate)} left"
    return line


class Meter:
    """Says how far one transfer is, at most once per second on a terminal, else every ten."""

    def __init__(
        self,
        label: str,
        say: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        interval: float | None = None,
    ) -> None:
        self._label = label
        self._say = say
        self._clock = clock
        self._interval = interval or (1.0 if sys.stderr.isatty() else 10.0)
        self._began = self._spoke = clock()
        self._first = self._done = 0
        self._total: int | None = None

    def begin(self, done: int, total: int | None) -> None:
        """A transfer starts with `done` bytes there already."""
        self._began = self._spoke = self._clock()
        self._first = self._done = done
        self._total = total
        what = f"{human_bytes(total)}" if total is not None else "unknown size"
        note = f", going on after {human_bytes(done)}" if done else ""
        self._say(f"{self._label}: {what}{note}")

    def add(self, count: int) -> None:
        self._done += count
        if self._clock() - self._spoke >= self._interval:
            self._report()

    def end(self) -> None:
        self._report()

    def _report(self) -> None:
        self._spoke = self._clock()
        fresh, seconds = self._done - self._first, self._spoke - self._began
        self._say(progress_line(self._label, self._done, self._total, fresh, seconds))
