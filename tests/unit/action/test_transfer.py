# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Both halves of the carrier against each other: whatever breaks, the content arrives whole."""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import tempfile
import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.plugin_utils._transfer import carry, node_receive

STEP = node_receive.STEP


class Link:
    """The node's half as the carrier sees it; `cuts`: after which share of a payload it breaks."""

    def __init__(self, base: Path, cuts: list[float] | None = None) -> None:
        self.base, self.cuts = base, list(cuts or [])
        self.carried = 0

    def call(self, _name: str, request: dict[str, t.Any], payload: bytes = b"") -> dict[str, t.Any]:
        share = self.cuts.pop() if payload and self.cuts else None
        if share is not None:
            payload = payload[: int(len(payload) * share)]
        self.carried += len(payload)
        reply = node_receive.main(request | {"base": str(self.base)}, io.BytesIO(payload))
        if share is not None:
            raise AnsibleConnectionFailure("cut")
        return reply


def deliver(link: Link, source: Path) -> str:
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    need = {"sha256": digest, "name": "binary", "size": source.stat().st_size}
    for _attempt in range(100):
        try:
            carry.Carrier(link.call, "node").bring([need], lambda _need: source)
        except AnsibleConnectionFailure:
            continue
        return digest
    raise AssertionError("never arrives")


@settings(max_examples=25, deadline=None)
@given(
    size=st.integers(min_value=0, max_value=5 * STEP),
    cuts=st.lists(st.floats(min_value=0, max_value=1), max_size=4),
)
def test_arrives_in_spite_of_cuts(size: int, cuts: list[float]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "source")
        source.write_bytes(os.urandom(size))
        link = Link(Path(folder, "node"), cuts)
        digest = deliver(link, source)
        assert Path(folder, "node", "artifacts", digest).read_bytes() == source.read_bytes()
        assert link.carried <= size + len(cuts) * STEP


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(os.urandom(3 * STEP + 7))
    return path


def test_damage_on_the_way_ends_in_an_error(tmp_path: Path, source: Path) -> None:
    class Dirty(Link):
        def call(
            self, _name: str, request: dict[str, t.Any], payload: bytes = b""
        ) -> dict[str, t.Any]:
            return super().call(_name, request, bytes(len(payload)))

    with pytest.raises(AnsibleError, match="does not arrive whole"):
        deliver(Dirty(tmp_path / "node"), source)
    assert list((tmp_path / "node" / "artifacts").glob("[0-9a-f]*")) == []


def test_the_same_need_twice_is_an_error(tmp_path: Path, source: Path) -> None:
    need = {"sha256": hashlib.sha256(source.read_bytes()).hexdigest(), "name": "binary"}
    carrier = carry.Carrier(Link(tmp_path / "node").call, "node")
    carrier.bring([need], lambda _need: source)
    assert carrier.report() == {"bytes": source.stat().st_size, "artifacts": 1}
    with pytest.raises(AnsibleError, match="asks for it again"):
        carrier.bring([need], lambda _need: source)


def test_one_writer_at_a_time(tmp_path: Path, source: Path) -> None:
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    key = {"sha256": digest, "size": source.stat().st_size}
    link = Link(tmp_path / "node")
    assert link.call("receive", key) == {"have": 0, "digests": []}
    with (tmp_path / "node" / "artifacts" / f".partial-{digest}").open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert link.call("receive", key)["busy"]
        assert link.call("receive", key | {"offset": 0, "length": 9}, b"123456789")["busy"]
    assert link.call("receive", key) == {"have": 0, "digests": []}


def test_a_piece_that_does_not_fit_is_not_taken(tmp_path: Path, source: Path) -> None:
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    key = {"sha256": digest, "size": source.stat().st_size}
    reply = Link(tmp_path / "node").call("receive", key | {"offset": STEP, "length": 3}, b"abc")
    assert reply == {"moved": True, "have": 0}


@pytest.mark.parametrize(
    "length, seconds, step",
    [(STEP, 40.0, STEP), (STEP, 1.0, 4 * STEP), (STEP, 0.0, carry.LARGEST), (9, 1.0, STEP)],
)
def test_pieces_follow_the_link(length: int, seconds: float, step: int) -> None:
    assert carry.next_step(length, seconds) == step
