# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What layers cost to bring: bases that a node has, deltas made once, nothing dearer than the blob."""

from __future__ import annotations

import os
import random
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._images import rebuild
from ansible_collections.lightk8s.edge.plugins.module_utils._images.spec import Have
from ansible_collections.lightk8s.edge.plugins.plugin_utils._delta.cache import Deltas
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images import plan
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.cost import Costs
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.kept import Kept
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import Image, platform_of
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.source import Source

from . import making

AMD64 = platform_of("linux/amd64")
Tree = t.Mapping[str, bytes]


def noise(seed: str, size: int = 40_000) -> bytes:
    """Bytes that compress by about two, as programs do."""
    chance = random.Random(seed)
    return bytes(chance.choice(b"0123456789abcdef") for dummy in range(size))


def changed(content: bytes) -> bytes:
    body = bytearray(content)
    body[::4000] = b"!" * len(body[::4000])
    return bytes(body)


TOOL, LIBRARY, APP = noise("tool"), noise("library"), noise("app")


class Bench:
    """A controller's cache, and images that are brought from sources."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.kept = Kept(folder / "layers")
        self.deltas = Deltas(folder / "deltas", self.said.append)

    def image(self, name: str, *trees: Tree, packed: str = "gzip") -> Image:
        made = making.image(*trees, packed=packed)
        path = self.folder / f"source{len(list(self.folder.iterdir()))}"
        making.write_folder(path, making.layout({name: made}))
        return Source(path, self.folder).image(name, AMD64)

    def plan(self, have: Have, *images: Image, exact: bool = False) -> plan.ImagePlan:
        self.costs = Costs(have, self.kept, self.deltas)
        self.costs.prepare(images)
        return plan.plan(images, have, self.costs, plan.Policy(exact=exact))[-1]

    def staged(self, *images: Image) -> Have:
        """A node that has run these images; it keeps no tars, as containerd does not."""
        for image in images:
            self.kept.keep(image)
        layers = [layer for image in images for layer in image.layers]
        return Have(
            blobs=frozenset(layer.digest for layer in layers),
            extracted=frozenset(layer.diff_id for layer in layers),
        )


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def extracted(folder: Path, trees: t.Mapping[str, Tree]) -> dict[str, str]:
    for number, tree in enumerate(trees.values()):
        making.write_folder(folder / str(number), dict(tree))
    return {name: os.fspath(folder / str(n)) for n, name in enumerate(trees)}


def test_an_update_goes_as_a_delta_from_the_layer_it_replaces(bench: Bench, tmp_path: Path) -> None:
    base, old, new = {"bin/tool": TOOL}, {"app": APP}, {"app": changed(APP)}
    before = bench.image("r.example/app:1", base, old)
    after = bench.image("r.example/app:2", base, new)
    found = bench.plan(bench.staged(before), after)
    assert [choice.kind for choice in found.choices] == [plan.NOTHING, plan.DELTA]
    choice = found.choices[1]
    assert choice.bases == (before.layers[1].diff_id,)
    assert choice.size * 10 < choice.layer.size
    path = bench.costs.path(choice, choice.layer)
    assert path.stat().st_size == choice.size
    roots = extracted(tmp_path / "node", {before.layers[1].diff_id: old})
    pieces = rebuild.rebuilt(str(path), roots, choice.layer.diff_id)
    assert b"".join(pieces) == making.tar_of(new)


def test_the_layer_that_shares_most_serves_whatever_image_it_is_of(bench: Bench) -> None:
    other = bench.image("r.example/other:7", {"x": noise("x")}, {"lib/a": LIBRARY, "bin/t": TOOL})
    small = bench.image("r.example/third:1", {"lib/a": LIBRARY})
    new = bench.image("r.example/app:1", {"lib/a": LIBRARY, "bin/t": changed(TOOL)})
    have = bench.staged(other, small)
    found = bench.plan(have, new)
    assert found.choices[0].bases == (other.layers[1].diff_id,)
    assert found.sent * 8 < found.full


def test_what_is_scattered_over_layers_is_taken_from_several(bench: Bench) -> None:
    one = bench.image("r.example/one:1", {"lib/a": LIBRARY * 3})
    two = bench.image("r.example/two:1", {"bin/t": TOOL * 3})
    new = bench.image("r.example/app:1", {"lib/a": LIBRARY * 3, "bin/t": TOOL * 3})
    found = bench.plan(bench.staged(one, two), new)
    assert set(found.choices[0].bases) == {one.layers[0].diff_id, two.layers[0].diff_id}
    assert found.sent < 3000


def test_without_a_base_the_smaller_of_whole_and_blob_goes(bench: Bench) -> None:
    soft = bench.image("r.example/soft:1", {"app": LIBRARY + LIBRARY[:20_000]})
    found = bench.plan(Have(), soft)
    assert (found.choices[0].kind, found.choices[0].bases) == (plan.WHOLE, ())
    dense = bench.image("r.example/dense:1", {"app": random.Random("d").randbytes(90_000)})
    found = bench.plan(Have(), dense)
    assert found.choices[0].kind == plan.BLOB
    assert found.sent <= found.full
    assert len(bench.said) == 1  # no time was spent on what is compressed already


def test_a_delta_nearly_as_large_as_the_layer_is_not_worth_its_base(bench: Bench) -> None:
    old = bench.image("r.example/app:1", {"app": noise("other", 60_000), "s": TOOL[:2000]})
    new = bench.image("r.example/app:2", {"app": noise("app", 60_000), "s": TOOL[:2000]})
    found = bench.plan(bench.staged(old), new)
    assert found.choices[0].bases == ()
    assert found.sent <= found.full


def test_a_layer_whose_blob_was_discarded_is_its_own_base(bench: Bench) -> None:
    image = bench.image("r.example/app:1", {"app": APP})
    bench.staged(image)
    found = bench.plan(Have(extracted=frozenset({image.layers[0].diff_id})), image)
    assert (found.choices[0].kind, found.choices[0].size < 800) == (plan.DELTA, True)


@pytest.mark.parametrize("where", ["below", "in the layer itself"])
def test_files_extracted_through_a_link_are_not_counted_on(
    where: str, bench: Bench, tmp_path: Path
) -> None:
    """What a layer holds as lib/x lies at usr/lib/x once a link of a lower layer has led it there."""
    link: Tree = {"lib": b"->usr/lib"}
    upper: Tree = {"lib/deep/x": LIBRARY, "bin/t": TOOL}
    trees = (link, upper) if where == "below" else ({**link, **upper},)
    before = bench.image("r.example/app:1", *trees)
    new: Tree = {"lib/deep/x": changed(LIBRARY), "bin/t": changed(TOOL)}
    after = bench.image("r.example/app:2", *trees[:-1], new)
    found = bench.plan(bench.staged(before), after)
    choice = found.choices[-1]
    assert choice.kind == plan.DELTA
    lying = {"usr/lib/deep/x": LIBRARY, "bin/t": TOOL}
    roots = extracted(tmp_path / "node", {before.layers[-1].diff_id: lying})
    path = bench.costs.path(choice, choice.layer)
    assert b"".join(rebuild.rebuilt(str(path), roots, choice.layer.diff_id)) == making.tar_of(new)


def test_exact_sends_the_blob_unless_the_node_remakes_it(bench: Bench) -> None:
    old, new = {"app": APP}, {"app": changed(APP)}
    have = bench.staged(bench.image("r.example/app:1", old))
    after = bench.image("r.example/app:2", new)
    assert bench.plan(have, after, exact=True).choices[0].kind == plan.BLOB
    remakes = frozenset({after.layers[0].digest})
    costs = Costs(have, bench.kept, bench.deltas, remakes=remakes)
    costs.prepare([after])
    (found,) = plan.plan([after], have, costs, plan.Policy(exact=True))
    assert (found.choices[0].kind, found.mode) == (plan.DELTA, plan.EXACT)


def test_a_hundred_sites_cost_one_delta_for_each_pair(bench: Bench) -> None:
    bases = [bench.image(f"r.example/app:{n}", {"app": noise(f"app{n}")}) for n in range(2)]
    after = bench.image("r.example/app:9", {"app": changed(noise("app0"))})
    for site in range(100):
        have = bench.staged(bases[site % 2])
        Costs(have, Kept(bench.folder / "layers"), bench.deltas).prepare([after])
    assert len(bench.said) == 3  # one from each base, and the whole layer where a base gave little


def test_room_is_told_by_the_tars(bench: Bench) -> None:
    image = bench.image("r.example/app:1", {"app": APP}, {"b": b"b"})
    bench.plan(Have(), image)
    sizes = {making.digest(tar): len(tar) for tar in making.image({"app": APP}, {"b": b"b"}).tars}
    assert bench.costs.tar_sizes([image]) == sizes


def test_what_is_kept_is_the_published_blob_and_when_it_was_of_use(bench: Bench) -> None:
    one, two = (bench.image(f"r.example/{n}:1", {"app": noise(n)}) for n in "ab")
    bench.staged(one, two)
    record = bench.kept.record(one.layers[0].diff_id)
    assert record is not None
    with record.layer.tar() as stream:
        assert making.digest(stream.read()) == one.layers[0].diff_id
    blob = bench.folder / "layers" / f"{one.layers[0].diff_id[7:]}.blob"
    os.utime(blob, (1e9, 1e9))
    bench.kept.use(record)
    assert blob.stat().st_mtime > 1e9
    blob.unlink()
    bench.kept.keep(one)
    assert blob.exists()
    assert bench.kept.record(two.layers[0].diff_id) is not None


def test_a_damaged_layer_is_not_kept_and_a_damaged_record_is_made_anew(bench: Bench) -> None:
    image = bench.image("r.example/app:1", {"app": APP})
    (layer,) = image.layers
    folder = bench.folder / "layers"
    blob = next(p for p in bench.folder.rglob("*") if p.name == layer.digest[7:])
    good = blob.read_bytes()
    blob.write_bytes(good[:-30] + bytes(30))
    with pytest.raises(EdgeError) as caught:
        bench.kept.keep(image)
    assert caught.value.kind == "artifact"
    assert [p.name for p in folder.iterdir() if not p.name.endswith(".lock")] == []
    blob.write_bytes(good)
    bench.kept.keep(image)
    for path in folder.glob("*.json"):
        path.write_text("{}")
    assert Kept(folder).record(layer.diff_id) is None
    bench.kept.keep(image)
    assert Kept(folder).record(layer.diff_id) is not None
