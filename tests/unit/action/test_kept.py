# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Spec sections on the node: what is kept is found again, what is not true is not."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._core import kept


def test_kept_is_found(tmp_path: Path) -> None:
    params: dict[str, t.Any] = {"a": [1, {"b": "\u00e9"}], "c": "plain"}
    kept.keep(str(tmp_path), ["a", "c"], params)
    wanted = {name: kept.digest(params[name]) for name in params}
    assert kept.read(str(tmp_path), wanted) == (params, [])


def test_damaged_and_absent_are_asked_for(tmp_path: Path) -> None:
    kept.keep(str(tmp_path), ["a"], {"a": "x" * 600})
    (path,) = (tmp_path / "spec").iterdir()
    path.write_text('"forged"')
    wanted = {"a": path.name, "b": "0" * 64}
    assert kept.read(str(tmp_path), wanted) == ({}, ["a", "b"])


def test_number_is_bounded_and_the_newest_stay(tmp_path: Path) -> None:
    folder = tmp_path / "spec"
    folder.mkdir()
    for number in range(kept.LIMIT + 10):
        path = folder / f"{number:064d}"
        path.write_text("old")
        os.utime(path, (number, number))
    kept.keep(str(tmp_path), ["a"], {"a": "new"})
    names = {path.name for path in folder.iterdir()}
    assert len(names) == kept.LIMIT
    assert {kept.digest("new"), f"{kept.LIMIT + 9:064d}"} <= names
    assert f"{0:064d}" not in names


def test_nowhere_to_keep(tmp_path: Path) -> None:
    (tmp_path / "spec").write_text("not a folder")
    kept.keep(str(tmp_path), ["a"], {"a": "x"})
    assert kept.read(str(tmp_path), {"a": kept.digest("x")}) == ({}, ["a"])


@given(st.dictionaries(st.text(), st.integers()))
def test_digest_does_not_depend_on_order(section: dict[str, int]) -> None:
    assert kept.digest(dict(reversed(section.items()))) == kept.digest(section)
