# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
from collections.abc import Callable


class SteppedClock:
    """Pauses take a tenth of a second and count as long as asked; `event` happens in each."""

    def __init__(self, event: Callable[[], object] | None = None) -> None:
        self.pauses: list[float] = []
        self._event = event

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return sum(self.pauses)

    def sleep(self, seconds: float, /) -> None:
        self.pauses.append(seconds)
        time.sleep(min(seconds, 0.1))
        if self._event is not None:
            self._event()
