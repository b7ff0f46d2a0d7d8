# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node keeps of its documents, also when it is cut off between two writes."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._host import files
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document import (
    Document,
    Envelope,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document_store import Store
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document_verify import (
    Accepted,
    Held,
)

CUTS = range(1, 10)


def accepted(generation: int) -> Accepted:
    document = Document("shop", generation, 1000 + generation, 9000, {"number": generation})
    return Accepted(
        document, Envelope(document.payload(), (("key", b"made"),)), ("key",), True, "known"
    )


def number(envelope: Envelope | None) -> int:
    """The generation of an envelope, 0 for none."""
    found = envelope.payload.decode().partition('"number":')[2] if envelope else "0"
    return int(found.partition("}")[0])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "desired"))


def test_an_empty_store_wants_nothing(store: Store) -> None:
    assert (store.held(), store.wanted(), store.etag(), store.failure()) == (None, None, "", "")


def test_the_newest_is_wanted_and_the_good_one_after_it_failed(store: Store) -> None:
    store.accept(accepted(1))
    store.mark_good()
    store.accept(accepted(2))
    assert number(store.wanted()) == 2
    store.mark_failed("node a is not Ready")
    assert number(store.wanted()) == 1
    assert store.failure() == "node a is not Ready"
    held = store.held()
    assert held is not None
    assert held.generation == 2
    assert store.etag() == f'"{accepted(2).envelope.digest}"'
    store.accept(accepted(3))
    assert (number(store.wanted()), store.failure()) == (3, "")
    store.mark_good()
    store.mark_failed("later")
    assert number(store.wanted()) == 3


def test_a_first_document_that_fails_leaves_nothing_wanted(store: Store) -> None:
    store.accept(accepted(1))
    store.mark_failed("no")
    assert store.wanted() is None


@pytest.mark.parametrize("name", ["newest", "good", "held", "held.copy", "failed.json"])
def test_damaged_bytes_are_no_document_and_never_lower_the_floor(
    store: Store, tmp_path: Path, name: str
) -> None:
    store.accept(accepted(1))
    store.mark_good()
    store.accept(accepted(2))
    store.mark_failed("no")
    path = tmp_path / "desired" / name
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 4
    path.write_bytes(bytes(raw))
    assert number(store.wanted()) in (0, 1, 2)
    if name == "newest":
        assert number(store.wanted()) == 1
        store.accept(accepted(2))
        assert store.etag() == f'"{accepted(2).envelope.digest}"'
    path.write_bytes(b"")
    held = store.held()
    assert held is not None
    assert held.generation == 2


@pytest.mark.parametrize("name", ["held", "held.copy"])
def test_a_damaged_file_never_lowers_the_floor_of_a_push(
    store: Store, tmp_path: Path, name: str
) -> None:
    store.accept(accepted(1))
    store.note(Held(7, "push", 7))
    path = tmp_path / "desired" / name
    for damaged in (path.read_bytes().replace(b"7", b"6"), b"", b"{}"):
        path.write_bytes(damaged)
        held = Store(str(tmp_path / "desired")).held()
        assert held is not None
        assert held.generation == 7


class Cut(Exception):
    """The power went."""


@pytest.mark.parametrize("cut", CUTS)
def test_a_cut_between_any_two_writes_can_be_gone_on_from(
    store: Store, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    left = cut
    real = files.write_bytes

    def write(*arguments: t.Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Cut
        real(*arguments)

    def steps() -> None:
        for generation in (1, 2):
            store.accept(accepted(generation))
            store.mark_good()
        store.mark_failed("late")

    monkeypatch.setattr(files, "write_bytes", write)
    floors: list[int] = []
    try:
        steps()
    except Cut:
        held = store.held()
        floors.append(held.generation if held else 0)
        assert number(store.wanted()) <= floors[0]
    monkeypatch.setattr(files, "write_bytes", real)
    for generation in range(max(floors, default=2) or 1, 3):
        store.accept(accepted(generation))
        assert number(store.wanted()) in (generation, generation - 1) or store.failure()
    store.mark_good()
    assert number(store.wanted()) == 2


def test_what_is_there_already_is_not_written_again(store: Store, tmp_path: Path) -> None:
    store.accept(accepted(1))
    store.mark_good()
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "desired").iterdir()}
    store.accept(accepted(1))
    store.mark_good()
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "desired").iterdir()}
    assert before == after
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in (tmp_path / "desired").iterdir())
