# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._core import quantity


@pytest.mark.parametrize(
    "text, count",
    [
        ("0", 0), ("1", 1), ("512Mi", 512 * 2**20), ("1Gi", 2**30), ("1.5Gi", 3 * 2**29),
        ("64M", 64_000_000), ("1k", 1000), ("1e3", 1000), ("12E", 12 * 10**18), ("1E2", 100),
        ("100m", 1), ("1001m", 2), (".5", 1), ("5.", 5), ("1n", 1), ("0.1n", 1), ("-1500m", -1),
        ("+2Ki", 2048), ("7Ei", 7 * 2**60),
    ],
)  # fmt: skip
def test_bytes(text: str, count: int) -> None:
    assert -(-quantity.nanos(text) // 10**9) == count


@pytest.mark.parametrize(
    "text, count",
    [("500m", 500), ("2", 2000), ("0.1", 100), ("250u", 1), ("1.0005", 1001), ("1e-1", 100)],
)
def test_millicores(text: str, count: int) -> None:
    assert -(-quantity.nanos(text) // 10**6) == count


@pytest.mark.parametrize(
    "text", ["", "Mi", "1 Gi", "1gi", "1K", "1mi", "--1", "1e", "0x10", "1Gi ", "1.2.3", "٣"]
)
def test_not_a_quantity(text: str) -> None:
    with pytest.raises(quantity.QuantityError, match="is not a resource quantity"):
        quantity.nanos(text)


@given(st.integers(0, 2**62))
def test_bytes_survive(count: int) -> None:
    assert quantity.nanos(quantity.format_bytes(count)) == count * 10**9


@given(st.integers(0, 10**9))
def test_millicores_survive(count: int) -> None:
    assert quantity.nanos(quantity.format_milli(count)) == count * 10**6


def test_short_texts() -> None:
    assert quantity.format_bytes(512 * 2**20) == "512Mi"
    assert quantity.format_bytes(0) == "0"
    assert quantity.format_milli(2000) == "2"
    assert quantity.format_milli(1500) == "1500m"
