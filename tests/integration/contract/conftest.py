# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every case of the contract on every distribution; `cases` says which of them when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ..conftest import MakeFleet, passing_fleets
from ..lib.distributions import DISTRIBUTIONS, Distribution
from . import cases

HERE = Path(__file__).parent


@pytest.fixture(scope="module", params=DISTRIBUTIONS, ids=lambda d: d.name)
def distribution(request: pytest.FixtureRequest) -> Distribution:
    """All cases of a file, then the file again on the next distribution."""
    found: Distribution = request.param
    return found


@pytest.fixture(scope="module")
def make_fleet(
    request: pytest.FixtureRequest, clean_machine: None, distribution: Distribution
) -> Iterator[MakeFleet]:
    """The general one's like, whose fleets go before the next distribution has its turn."""
    with passing_fleets(request) as make:
        yield make


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == HERE and isinstance(item, pytest.Function):
            _mark(item)


def _mark(item: pytest.Function) -> None:
    on = item.callspec.params.get("distribution")
    if not isinstance(on, Distribution):
        raise pytest.UsageError(
            f"{item.nodeid} is no case of the contract: it takes no distribution"
        )
    name = on.name
    case = cases.case_of(item.path.stem, item.name, name)
    if reason := cases.why_without_meaning(name, case):
        item.add_marker(pytest.mark.skip(reason=f"{name}: {reason}"))
    if not cases.is_in_make_test(name, case):
        item.add_marker(pytest.mark.slow)
