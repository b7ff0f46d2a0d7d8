# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract suite: its table of cases names what there is, and K3s has all of it in `make test`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from ...integration.contract import cases
from ...integration.lib.distributions import DISTRIBUTIONS

SUITE = Path(__file__).parents[2] / "integration" / "contract"
FILES = {path.stem.removeprefix("test_"): path for path in SUITE.glob("test_*.py")}
NAMES = [d.name for d in DISTRIBUTIONS]


def _functions(path: Path) -> set[str]:
    parsed = ast.parse(path.read_text(encoding="utf-8")).body
    return {node.name for node in parsed if isinstance(node, ast.FunctionDef)}


def _named() -> Iterator[str]:
    for rows in (cases.IN_MAKE_TEST, cases.NO_MEANING):
        for names in rows.values():
            yield from names


def test_the_table_names_each_distribution_and_no_other() -> None:
    assert set(cases.IN_MAKE_TEST) == set(NAMES)
    assert set(cases.NO_MEANING) <= set(NAMES)


@pytest.mark.parametrize("name", sorted(set(_named())))
def test_what_the_table_names_is_there(name: str) -> None:
    file, _sign, case = name.partition("::")
    assert file in FILES
    assert not case or case.partition("[")[0] in _functions(FILES[file])


def test_k3s_has_every_file_in_make_test() -> None:
    assert set(cases.IN_MAKE_TEST["k3s"]) == set(FILES)
    assert "k3s" not in cases.NO_MEANING


def test_a_reason_is_a_sentence() -> None:
    for rows in cases.NO_MEANING.values():
        assert all(len(reason) > 30 and reason.endswith(".") for reason in rows.values())


@pytest.mark.parametrize(
    "test, case",
    [
        ("test_x[k0s]", "upgrade::test_x"),
        ("test_x[k0s-no_start]", "upgrade::test_x[no_start]"),
        ("test_x[no_start-k0s]", "upgrade::test_x[no_start]"),
    ],
)
def test_a_case_is_named_without_its_distribution(test: str, case: str) -> None:
    assert cases.case_of("test_upgrade", test, "k0s") == case


def test_a_file_a_case_and_one_of_its_parameters_can_be_named() -> None:
    assert cases.is_in_make_test("k0s", "install::test_purged_leaves_nothing")
    assert not cases.is_in_make_test("k0s", "upgrade::test_the_next_minor_version")
    assert not cases.is_in_make_test("nobody", "install::test_purged_leaves_nothing")
