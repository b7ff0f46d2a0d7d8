# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For how long a turn is waited for; the Lease itself is tried on a real API server."""

from __future__ import annotations

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._sync import turn
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.turn import SECONDS, Seen

HELD = {"metadata": {"resourceVersion": "7"}, "spec": {"holderIdentity": "other"}}


@pytest.mark.parametrize(
    "up, seen, dead",
    [
        (90.0, Seen(), False),
        (90.0 + SECONDS, Seen("7", 100.0), False),
        (100.0 + SECONDS, Seen("7", 100.0), True),
        (100.0 + SECONDS, Seen("6", 100.0), False),  # it has changed since
        (90.0, Seen("7", 5000.0), False),  # seen before the last start
        (90.0, Seen("7", 1_800_000_000.0), False),  # noted by an earlier version, as a time of day
    ],
)
def test_a_holder_has_died_when_its_lease_stays_the_same(up: float, seen: Seen, dead: bool) -> None:
    noted: list[Seen] = []
    if dead:
        turn._check(HELD, "me", up, seen, noted.append)
        return
    with pytest.raises(EdgeError, match="turn of other"):
        turn._check(HELD, "me", up, seen, noted.append)
    assert noted in ([], [Seen("7", up)])
