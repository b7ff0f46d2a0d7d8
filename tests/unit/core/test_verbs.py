# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that steps start."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.plan import Phase, Step
from ansible_collections.lightk8s.edge.plugins.module_utils._core.verbs import COMMON
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host


def test_a_service_that_ends_badly_when_it_is_stopped_stays_no_failed_unit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[list[str]] = []

    def run(self: Host, argv: t.Sequence[str], **options: t.Any) -> None:
        started.append(list(argv))

    monkeypatch.setattr(Host, "run", run)
    COMMON["stop"](Host(), Step(Phase.STOP, "stop", "cloudcore.service", ""))
    assert started == [
        ["systemctl", "stop", "cloudcore.service"],
        ["systemctl", "reset-failed", "cloudcore.service"],
    ]
