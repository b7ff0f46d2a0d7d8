# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is sent to a node: the cheapest way that works there, pinned digests true, the disk never full."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._core.records import replace
from ansible_collections.lightk8s.edge.plugins.module_utils._images import chains
from ansible_collections.lightk8s.edge.plugins.module_utils._images.spec import Have
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import (
    Document,
    Image,
    Layer,
    platform_of,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.plan import (
    ALIAS,
    BLOB,
    DELTA,
    EXACT,
    LAYERLESS,
    NOTHING,
    WHOLE,
    Offer,
    Policy,
    Room,
    guard,
    plan,
    room,
)

from .making import digest

TEXT = "application/json"


@dataclass
class Known:
    """Offers by diffID, and layers whose blob is remade."""

    ways: dict[str, list[Offer]] = field(default_factory=dict)
    remakes: set[str] = field(default_factory=set)

    def offers(self, layer: Layer) -> list[Offer]:
        return self.ways.get(layer.diff_id, [])

    def remade(self, layer: Layer) -> bool:
        return layer.diff_id in self.remakes


def layer(name: str, size: int = 1000, *, packed: bool = True) -> Layer:
    tar = f"tar {name}"
    blob = f"blob {name}" if packed else tar
    return Layer(name_of(blob), size, "tar", name_of(tar), io.BytesIO)


def name_of(text: str) -> str:
    return digest(text.encode())


def image(*layers: Layer, name: str = "example.org/a:1") -> Image:
    manifest = Document(name_of(f"manifest {name}"), TEXT, b"m" * 7)
    config = Document(name_of(f"config {name}"), TEXT, b"c" * 5)
    return Image(name, platform_of("linux/amd64"), (), manifest, config, layers, True)


OLD = name_of("tar old")
A, B = layer("a"), layer("b")
WAYS = {A.diff_id: [Offer(DELTA, 40, (OLD,)), Offer(WHOLE, 600)]}
READY = Have(extracted=frozenset({OLD}), free=10_000)


def kinds(images: list[Image], have: Have, cost: Known, **policy: bool) -> list[str]:
    found = plan(images, have, cost, Policy(**policy))
    return [choice.kind for item in found for choice in item.choices]


def test_the_cheapest_way_that_works_on_this_node() -> None:
    assert kinds([image(A, B)], READY, Known(WAYS)) == [DELTA, BLOB]
    assert kinds([image(A, B)], Have(), Known(WAYS)) == [WHOLE, BLOB]
    dear = {A.diff_id: [Offer(DELTA, 2000, (OLD,)), Offer(WHOLE, 1001)]}
    assert kinds([image(A)], READY, Known(dear)) == [BLOB]


def test_of_several_deltas_the_smallest_is_taken() -> None:
    ways = {A.diff_id: [*WAYS[A.diff_id], Offer(DELTA, 50, (OLD,))]}
    (found,) = plan([image(A)], READY, Known(ways))
    assert found.choices[0].size == 40


def test_what_is_there_is_not_sent() -> None:
    parts = {image(A).manifest.digest, image(A).config.digest}
    have = replace(READY, blobs=frozenset({A.digest, *parts}))
    (found,) = plan([image(A)], have, Known(WAYS))
    assert (found.sent, found.full, found.mode) == (0, 1012, EXACT)
    (found,) = plan([image(A)], replace(READY, blobs=frozenset({A.diff_id})), Known(WAYS))
    assert (found.sent, found.mode) == (12, ALIAS)


def test_what_images_share_is_sent_once() -> None:
    images = [image(A, B), image(B, A, name="example.org/b:1"), image(A)]
    found = plan(images, READY, Known(WAYS))
    assert [item.sent for item in found] == [12 + 40 + 1000, 12, 0]
    assert {item.mode for item in found} == {ALIAS}


def test_a_layer_compressed_twice_is_sent_once_unless_its_blob_is_another() -> None:
    again = replace(A, digest=name_of("other compression"))
    images = [image(A), image(again, name="example.org/b:1")]
    assert kinds(images, READY, Known(WAYS)) == [DELTA, NOTHING]
    assert kinds(images, Have(), Known()) == [BLOB, BLOB]
    there = replace(READY, blobs=frozenset({A.digest}))
    assert kinds(images, there, Known(WAYS)) == [NOTHING, DELTA]
    there = replace(READY, blobs=frozenset({A.digest, A.diff_id}))
    assert kinds(images, there, Known(WAYS)) == [NOTHING, NOTHING]
    assert kinds(images, there, Known(WAYS), exact=True) == [NOTHING, BLOB]


@pytest.mark.parametrize(
    ("remakes", "exact", "expected"),
    [
        (False, False, (DELTA, ALIAS)),
        (True, False, (DELTA, EXACT)),
        (False, True, (BLOB, EXACT)),
        (True, True, (DELTA, EXACT)),
    ],
)
def test_pinned_digests_stay_true(remakes: bool, exact: bool, expected: tuple[str, str]) -> None:
    cost = Known(WAYS, {A.diff_id} if remakes else set())
    (found,) = plan([image(A)], READY, cost, Policy(exact=exact))
    assert (found.choices[0].kind, found.mode) == expected


def test_a_layer_that_is_not_compressed_is_its_blob() -> None:
    bare = layer("bare", packed=False)
    ways = {bare.diff_id: [Offer(DELTA, 9, (OLD,))]}
    (found,) = plan([image(bare)], READY, Known(ways), Policy(exact=True))
    assert (found.choices[0].kind, found.mode) == (DELTA, EXACT)


@pytest.mark.parametrize(
    ("lacks", "exact", "expected"),
    [
        (True, False, (NOTHING, LAYERLESS)),
        (False, False, (DELTA, ALIAS)),
        (True, True, (BLOB, EXACT)),
    ],
)
def test_layers_that_were_discarded_after_unpacking(
    lacks: bool, exact: bool, expected: tuple[str, str]
) -> None:
    stacks = frozenset({A.diff_id} if lacks else ())
    have = Have(extracted=frozenset({OLD, A.diff_id}), unpacked=stacks)
    (found,) = plan([image(A)], have, Known(WAYS), Policy(exact=exact))
    assert (found.choices[0].kind, found.mode) == expected


def test_a_layer_that_was_discarded_is_brought_where_it_lies_on_other_layers() -> None:
    have = Have(extracted=frozenset({OLD, A.diff_id}), unpacked=frozenset({A.diff_id}))
    images = [image(A), image(B, A, name="example.org/b:1")]
    assert kinds(images, have, Known(WAYS)) == [NOTHING, BLOB, DELTA]
    assert kinds(images[::-1], have, Known(WAYS)) == [BLOB, DELTA, NOTHING]


def test_a_tar_is_no_blob_where_only_what_is_published_counts() -> None:
    have = replace(READY, blobs=frozenset({A.diff_id}))
    for remade in (set(), {A.diff_id}):
        (found,) = plan([image(A)], have, Known(WAYS, remade), Policy(exact=True))
        assert (found.choices[0].kind, found.mode) == (DELTA if remade else BLOB, EXACT)


def test_the_disk_guard_adds_up_and_tells_the_numbers() -> None:
    sizes = {A.diff_id: 3000, B.diff_id: 2500}
    have = replace(READY, reserve=500)
    plans = plan([image(A, B)], have, Known(WAYS))
    needed = room(plans, sizes, have)
    assert needed == Room(12 + 40 + 1000, 3000 + A.size + 1000 + 12, 5500)
    total = needed.pieces + needed.content + needed.unpacked
    guard(needed, replace(have, free=total + 500), "n1")
    with pytest.raises(EdgeError, match=r"n1 has .* evicts below 0\.1 MB") as caught:
        guard(needed, replace(have, free=total + 499), "n1")
    assert caught.value.kind == "preflight"
    guard(Room(0, 0, 0), replace(have, free=0), "n1")


def test_layers_that_are_there_take_room_where_they_lie_on_others() -> None:
    sizes = {A.diff_id: 3000, B.diff_id: 2500}
    blobs, known = frozenset({A.digest, B.digest}), frozenset({A.diff_id, B.diff_id})
    stacks = frozenset(chains.chain([A.diff_id, B.diff_id]))
    have = Have(blobs=blobs, extracted=known, chains=stacks)
    for images, unpacked in (([image(A, B)], 0), ([image(B, A)], 5500), ([image(A, A)], 3000)):
        assert room(plan(images, have, Known()), sizes, have).unpacked == unpacked
    both = [image(B, A), image(B, name="example.org/b:1")]
    assert room(plan(both, have, Known()), sizes, have).unpacked == 5500


POOL = [layer(str(number), 100 + number) for number in range(5)]
OFFERS = st.lists(
    st.builds(
        Offer, st.sampled_from([DELTA, WHOLE]), st.integers(1, 300), st.just(()) | st.just((OLD,))
    ),
    max_size=4,
)


@given(
    st.lists(st.lists(st.sampled_from(POOL), max_size=5, unique=True), max_size=3),
    st.dictionaries(st.sampled_from([part.diff_id for part in POOL]), OFFERS),
    st.frozensets(st.sampled_from([OLD, *(part.diff_id for part in POOL)])),
    st.tuples(st.booleans(), st.booleans()),
)
def test_never_dearer_than_the_blobs_and_complete_unless_it_may_lack(
    layers: list[list[Layer]],
    ways: dict[str, list[Offer]],
    extracted: frozenset[str],
    flags: tuple[bool, bool],
) -> None:
    stacks = [chains.chain([part.diff_id for part in parts]) for parts in layers]
    unpacked = (
        frozenset(stack for found in stacks[:1] for stack in found) if flags[0] else frozenset()
    )
    have = Have(extracted=extracted, unpacked=unpacked)
    images = [image(*parts, name=f"example.org/{n}:1") for n, parts in enumerate(layers)]
    plans = plan(images, have, Known(ways), Policy(exact=flags[1]))
    for item in plans:
        assert item.sent <= item.full
        assert item.mode != LAYERLESS or flags == (True, False)
        assert not flags[1] or item.mode == EXACT
        for choice in item.choices:
            assert extracted.issuperset(choice.bases)
    sent = [c.layer.diff_id for item in plans for c in item.choices if c.kind != NOTHING]
    assert len(sent) == len(set(sent))
