# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bound of the link is kept, and used."""

from __future__ import annotations

import time
import types
from typing import Any, cast

import pytest
from ansible.errors import AnsibleError

from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.base import EdgeAction
from ansible_collections.lightk8s.edge.plugins.plugin_utils._transfer import carry


@pytest.mark.parametrize("rate", [32_000.0, 125_000.0])
def test_a_bound_holds_over_any_window(rate: float, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    pace = carry.Pace(rate)
    sent: list[tuple[float, int]] = []
    while clock[0] < 60:
        pace.wait(pace.step)
        sent.append((clock[0], pace.step + carry.OVERHEAD))
        clock[0] += 0.05  # what an exec takes by itself
    for start, _size in sent:
        window = [size for at, size in sent if start <= at < start + 10]
        assert sum(window) <= 1.05 * 10 * rate
    assert sum(size for _at, size in sent) >= 0.98 * 60 * rate


class Unbound(EdgeAction):
    """An action without a task: only what it makes of variables is asked."""

    def __init__(self) -> None:
        self._templar = cast("Any", types.SimpleNamespace(template=lambda value: value))


@pytest.mark.parametrize(
    ("params", "variables", "rate"),
    [
        ({}, {}, 0),
        ({}, {"edge_bandwidth_limit_mbps": ""}, 0),
        ({}, {"edge_bandwidth_limit_mbps": "0.256"}, 32_000),
        ({"bandwidth_limit_mbps": 2.0}, {"edge_bandwidth_limit_mbps": 1}, 250_000),
    ],
)
def test_the_bound_is_the_tasks_or_the_inputs(
    params: dict[str, Any], variables: dict[str, Any], rate: float
) -> None:
    assert Unbound()._rate(params, variables) == rate


@pytest.mark.parametrize("value", [0, -1, "much", "nan", "inf", [1]])
def test_what_is_no_bandwidth_is_refused(value: Any) -> None:
    with pytest.raises(AnsibleError, match="no bandwidth"):
        Unbound()._rate({}, {"edge_bandwidth_limit_mbps": value})
