# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records say and do what the same classes of `dataclasses` do."""

from __future__ import annotations

import dataclasses
import types
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._core import records

VALUES = st.one_of(st.none(), st.integers(), st.text(max_size=3), st.tuples(st.integers()))
NAMES = ("one", "two", "three", "four", "five")
CALLS = st.tuples(
    st.lists(VALUES, max_size=6), st.dictionaries(st.sampled_from((*NAMES, "six")), VALUES)
)


def made(library: types.ModuleType, *, frozen: bool) -> type:
    """The same class by each of the libraries."""

    class Row:
        one: t.Any
        two: t.Any = 2
        three: t.Any = library.field(default="secret", repr=False)
        four: t.Any = library.field(default_factory=tuple)
        five: t.Any = library.field(default_factory=tuple, repr=False)

        def double(self) -> t.Any:
            return self.one * 2

    return t.cast("type", library.dataclass(frozen=frozen)(Row))


OURS = {frozen: made(records, frozen=frozen) for frozen in (True, False)}
THEIRS = {frozen: made(dataclasses, frozen=frozen) for frozen in (True, False)}


def outcome(work: t.Callable[[], t.Any]) -> t.Any:
    try:
        return work()
    except (TypeError, AttributeError) as exc:
        return TypeError if isinstance(exc, TypeError) else AttributeError


def told(kind: type, call: tuple[list[t.Any], dict[str, t.Any]]) -> t.Any:
    def work() -> t.Any:
        row = kind(*call[0], **call[1])
        return repr(row), vars(row), row == kind(*call[0], **call[1]), row == 1

    return outcome(work)


@pytest.mark.parametrize("frozen", [True, False])
@given(call=CALLS)
def test_a_record_is_made_and_told_as_a_dataclass(
    frozen: bool, call: tuple[list[t.Any], dict[str, t.Any]]
) -> None:
    assert told(OURS[frozen], call) == told(THEIRS[frozen], call)


@given(one=VALUES, other=VALUES)
def test_records_are_equal_with_their_values(one: t.Any, other: t.Any) -> None:
    for kind in (OURS[True], THEIRS[True]):
        assert (kind(one) == kind(other)) == (one == other)
        assert one != other or hash(kind(one)) == hash(kind(other))
    assert OURS[True](one) != THEIRS[True](one)


@pytest.mark.parametrize("kinds", [OURS, THEIRS])
def test_what_is_frozen_takes_no_value_and_has_a_hash(kinds: dict[bool, type]) -> None:
    frozen, plain = kinds[True](1), kinds[False](1)
    for name in ("one", "other"):
        with pytest.raises(AttributeError):
            setattr(frozen, name, 2)
    with pytest.raises(AttributeError):
        del frozen.one
    plain.one = 3
    assert plain.double() == 6
    with pytest.raises(TypeError):
        hash(plain)


@pytest.mark.parametrize("kinds", [OURS, THEIRS])
def test_a_copy_differs_in_what_is_named(kinds: dict[bool, type]) -> None:
    row = kinds[True](1, five=[5])
    other = records.replace(row, two="b")
    assert (other.one, other.two, other.five) == (1, "b", [5])
    assert row.two == 2
    with pytest.raises(TypeError):
        records.replace(row, six=6)


def test_a_default_is_an_attribute_of_the_class_and_a_factory_makes_anew() -> None:
    kind: t.Any = OURS[False]
    assert (kind.two, kind.three) == (2, "secret")
    assert not hasattr(kind, "one")
    assert not hasattr(kind, "four")

    @records.dataclass
    class Basket:
        things: list[int] = records.field(default_factory=list)

    Basket().things.append(1)
    assert Basket().things == []


def test_what_the_class_says_itself_stays() -> None:
    @records.dataclass(frozen=True)
    class Named:
        name: str

        def __repr__(self) -> str:
            return self.name

    assert repr(Named("a")) == "a"
    assert hash(Named("a")) == hash(Named("a"))
