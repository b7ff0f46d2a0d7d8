# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A key that was stolen and is revoked: what it alone has signed binds nobody, however late its generation."""

from __future__ import annotations

import base64
import tempfile
import time
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.extras.hub.lightk8s_hub import serve
from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host
from ansible_collections.lightk8s.edge.plugins.module_utils._sync import order, places
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document import (
    MOST_NUMBER,
    Document,
    Envelope,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document_store import (
    DISTRUSTED,
    Store,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document_verify import (
    Accepted,
    Held,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.signing import Signer, signed

from ..hub.conftest import served
from .bench import Bench

HUGE = MOST_NUMBER - 1
KEYS = ("a", "b", "c")
words = st.builds(
    lambda generation, keys: Held(generation, f"{generation}{keys}", generation, keys),
    st.integers(1, 50),
    st.lists(st.sampled_from(KEYS), unique=True).map(lambda keys: tuple(sorted(keys))),
)


def accepted(generation: int, *keys: str) -> Accepted:
    document = Document("shop", generation, 1000, 9000, {})
    envelope = Envelope(document.payload(), tuple((key, b"made") for key in keys))
    return Accepted(document, envelope, keys, True, "known")


def floor(folder: Path, *revoked: str) -> int:
    held = Store(str(folder), revoked).held()
    return held.generation if held else 0


@given(st.lists(words, max_size=12), st.sets(st.sampled_from(KEYS)))
def test_the_floor_is_the_highest_of_those_that_somebody_stands_for(
    given_words: list[Held], revoked: set[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for word in given_words:
            Store(folder).note(word)
        rest = [word for word in given_words if not word.keys or not set(word.keys) <= revoked]
        wanted = max((word.generation for word in rest), default=0)
        assert floor(Path(folder), *revoked) == wanted


def test_what_two_keys_have_signed_stays_until_both_are_revoked(tmp_path: Path) -> None:
    Store(str(tmp_path)).accept(accepted(5, "a"))
    Store(str(tmp_path)).accept(accepted(7, "a", "b"))
    for gone, wanted in ((), 7), (("a",), 7), (("b",), 7), (("a", "b"), 0):
        assert floor(tmp_path, *gone) == wanted
    for name in ("held", "held.copy"):
        (tmp_path / name).unlink()
    assert (floor(tmp_path), floor(tmp_path, "a", "b")) == (7, 0)


def test_the_last_document_that_somebody_stands_for_is_wanted_again(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    store.accept(accepted(5, "a"))
    store.mark_good()
    store.accept(accepted(HUGE, "b"))
    left = Store(str(tmp_path), ("b",))
    assert left.wanted() == accepted(5, "a").envelope
    left.mark_good()
    assert left.wanted() == accepted(5, "a").envelope
    store.mark_good()
    assert (left.wanted(), left.etag(), left.distrusted()) == (None, "", DISTRUSTED)
    assert store.distrusted() == ""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with served(serve.Settings(f"sqlite:///{tmp_path / 'hub.db'}", port=0, spread=0)) as running:
        yield Bench(tmp_path, running)


def brought(bench: Bench, generation: int, signer: Signer, **settings: t.Any) -> bool:
    """Bring a document by hand; whether it was taken."""
    now = int(time.time())
    raw = signed(Document("shop", generation, now, now + 3600, {}), [signer]).raw()
    agent = bench.agent(**settings)
    with agent.queue() as queue:
        return agent.puller(queue).accept(raw)


def test_after_a_revocation_the_site_can_be_told_something_again(
    bench: Bench, tmp_path: Path
) -> None:
    thief = Signer.create(str(tmp_path / "stolen.pem"))
    both = {"keys": (*bench.settings["keys"], base64.b64encode(thief.public).decode())}
    now = int(time.time())
    assert brought(bench, HUGE, thief, **both)
    bench.round(**both)
    assert not brought(bench, now, bench.signer, **both)
    after = {**both, "revoked": (thief.id,)}
    carried = len(bench.carried)
    bench.round(**after)
    assert len(bench.carried) == carried
    assert bench.agent(**after).memory.hindrance == DISTRUSTED
    bench.round(**after)
    assert bench.told().count("desired.hindered") == 1
    assert not brought(bench, HUGE - 1, thief, **after)
    assert brought(bench, now, bench.signer, **after)
    bench.round(**after)
    assert bench.carried[-1] == now
    assert bench.agent(**after).memory.hindrance == ""


def test_a_push_that_revokes_the_key_is_not_older_than_what_the_key_has_signed(
    tmp_path: Path,
) -> None:
    host = Host(str(tmp_path))
    host.write(places.SETTINGS, b'{"revoked": []}')
    Store(host.path(places.DOCUMENTS)).accept(accepted(HUGE, "stolen"))
    with pytest.raises(EdgeError, match="which a published document") as raised:
        order.plan(9, order.held(host))
    assert "edge_sync_revoked_keys" in raised.value.hint
    order.plan(9, order.held(host, ["stolen"]))
    order.carry_note(host, order.note(9))
    host.write(places.SETTINGS, b'{"revoked": ["stolen"]}')
    assert order.held(host) == Held(9, order.PUSHED, 9)
