# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controller sends for images, and how it tells of it."""

from __future__ import annotations

import hashlib
import json
import lzma
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lightk8s.edge.plugins.filter.staging_table import staging_table
from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._images.spec import Have
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images import plan as plans
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import (
    Image,
    Layer,
    platform_of,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.remakes import Remaking
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.source import Source
from ansible_collections.lightk8s.edge.plugins.plugin_utils._staging import shipment

from . import making


class Ways:
    """Every layer can come as a delta of 100 bytes, or as a whole one of 200."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def offers(self, layer: Layer) -> Sequence[plans.Offer]:
        return [plans.Offer(plans.DELTA, 100, ("base",)), plans.Offer(plans.WHOLE, 200)]

    def remade(self, layer: Layer) -> bool:
        return layer.digest == layer.diff_id

    def path(self, choice: plans.Choice, layer: Layer) -> Path:
        path = self.folder / choice.kind
        path.write_bytes(layer.diff_id.encode().ljust(choice.size)[: choice.size])
        return path

    def tar_sizes(self, images: Sequence[Image]) -> Mapping[str, int]:
        return {}


@pytest.fixture
def image(tmp_path: Path) -> Image:
    made = making.image({"opt/a": b"a" * 5000}, {"opt/b": bytes(range(256)) * 40})
    for name, body in making.layout({"shop.example/till:1": made}).items():
        path = tmp_path / "layout" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    source = Source(tmp_path / "layout", tmp_path / "scratch")
    return source.image("shop.example/till:1", platform_of("linux/amd64"))


def test_an_image_without_a_published_manifest_cannot_be_exact(image: Image) -> None:
    shipment.refuse_unpublished(image, "till")
    with pytest.raises(EdgeError, match="till comes from an archive as of docker save") as caught:
        shipment.refuse_unpublished(replace(image, published=False), "till")
    assert caught.value.kind == "refused"


def test_what_cannot_be_given_to_the_registry_of_the_site_is_refused(image: Image) -> None:
    url, one = "http://depot:5000", "shop.example/till:1"
    pinned = f"{one}@{image.digest}"
    shipment.refuse_for_registry(url, {one: image, pinned: image, "other.example/till:2": image})
    assert shipment.for_registry({pinned: image}) == {one: [image.digest]}
    for wrong in ("depot:5000", "http://[depot"):
        with pytest.raises(EdgeError, match="is not a"):
            shipment.refuse_for_registry(wrong, {one: image})
    other = replace(image, manifest=image.config)
    with pytest.raises(EdgeError, match=f"{one} and other.example/till:1 are the same to"):
        shipment.refuse_for_registry(url, {one: image, "other.example/till:1": other})


def ship(image: Image, ways: Ways, have: Have) -> shipment.Shipment:
    found = plans.plan([image], have, ways)
    made = shipment.Shipment(found, ways.folder / "staged", ways, Remaking({}, exact=False))
    made.prepare(lambda _text: None)
    return made


def test_files_are_named_by_what_is_in_them(image: Image, tmp_path: Path) -> None:
    made = ship(image, Ways(tmp_path), Have(blobs=frozenset({image.layers[1].digest})))
    (row,) = made.rows
    kinds = [piece["kind"] for piece in row["pieces"]]
    assert kinds[1] == plans.NOTHING
    for sha256, path in made.files.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    sent = {row["documents"]: row["size"]}
    sent |= {piece["sha256"]: piece["size"] for piece in row["pieces"] if "sha256" in piece}
    assert sent == {sha256: path.stat().st_size for sha256, path in made.files.items()}
    assert made.table[0]["sent"] == sum(sent.values())


def test_documents_arrive_as_they_were(image: Image, tmp_path: Path) -> None:
    made = ship(image, Ways(tmp_path), Have())
    packed = made.files[made.rows[0]["documents"]].read_bytes()
    rows = json.loads(lzma.decompress(packed))
    wanted = [(part.media_type, part.body) for part in (image.manifest, image.config)]
    assert [(kind, text.encode()) for kind, text in rows] == wanted


def test_a_small_layer_comes_as_it_was_published(image: Image, tmp_path: Path) -> None:
    made = ship(image, Ways(tmp_path), Have(extracted=frozenset({"base"})))
    assert made.rows[0]["pieces"][0]["kind"] == plans.BLOB
    assert made.files[image.layers[0].digest[7:]].read_bytes() == image.layers[0].blob().read()


def test_files_that_are_sent_again_are_in_use(image: Image, tmp_path: Path) -> None:
    have = Have(extracted=frozenset({"base"}))
    for path in ship(image, Ways(tmp_path), have).files.values():
        os.utime(path, (1e9, 1e9))
    again = [path for path in ship(image, Ways(tmp_path), have).files.values() if path.suffix]
    assert {path.suffix for path in again} == {".blob", ".documents"}
    assert all(path.stat().st_mtime > 1e9 for path in again)


def test_a_base_that_has_changed_spoils_every_delta_from_it(image: Image, tmp_path: Path) -> None:
    one, two = image.layers
    choices = (
        plans.Choice(one, plans.DELTA, 10, ("base", "other")),
        plans.Choice(two, plans.DELTA, 10, ("other",)),
    )
    item = plans.ImagePlan(image, plans.ALIAS, choices, 0)
    made = shipment.Shipment([item], tmp_path, Ways(tmp_path), Remaking({}, exact=False))
    assert made.spoilt_with(two.diff_id) == {d.diff_id: {plans.DELTA} for d in image.layers}
    blob = plans.ImagePlan(image, plans.EXACT, (plans.Choice(one, plans.BLOB, 10),), 0)
    assert (
        shipment.Shipment([blob], tmp_path, Ways(tmp_path), Remaking({}, exact=False)).spoilt_with(
            one.diff_id
        )
        == {}
    )


def test_ways_that_failed_are_not_offered_again(image: Image, tmp_path: Path) -> None:
    layer = image.layers[0]
    cost = shipment.Without(Ways(tmp_path), {layer.diff_id: {plans.DELTA}})
    assert [offer.kind for offer in cost.offers(layer)] == [plans.WHOLE]
    assert len(cost.offers(image.layers[1])) == 2


def test_machines_have_platforms() -> None:
    assert shipment.platform_of_machine("aarch64") == "linux/arm64/v8"
    with pytest.raises(EdgeError, match="mips"):
        shipment.platform_of_machine("mips")


def result(full: int, sent: int, **more: Any) -> dict[str, Any]:
    images = [{"name": "shop.example/till:1", "full": full, "sent": sent}]
    return {"staging": {"images": images, "full": full, "sent": sent, **more}}


def test_the_table_sums_by_site_and_says_why_nodes_failed() -> None:
    places = {name: {"site": name.partition("-")[0]} for name in ("a-1", "a-2", "b-1", "c-1")}
    went = {"transfer": {"bytes": 20_000}}
    found = {
        "a-1": result(2_000_000, 20_000, limit=8000.0) | went,
        "a-2": result(2_000_000, 20_000, limit=8000.0) | went,
        "b-1": {"changed": False},
        "c-1": {"failed": True, "msg": "no\nroom"},
    }
    lines = staging_table(found, places)
    assert [line.split() for line in lines[1:]] == [
        ["a", "2", "1", "4.00", "MB", "0.04", "MB", "100.0", "5", "s"],
        ["b", "1", "0", "0", "B", "0", "B", "-", "-"],
        ["c", "1", "0", "0", "B", "0", "B", "-", "-"],
        ["c-1:", "no", "room"],
    ]


def test_what_neighbours_lend_each_other_is_foretold_once() -> None:
    places = {name: {"site": "a"} for name in ("a-1", "a-2", "a-3")}
    lent = {"1" * 64: 60_000, "2" * 64: 30_000}
    found = {
        "a-1": result(200_000, 90_700, lent=lent) | {"bytes_to_send": 90_700},
        "a-2": result(200_000, 60_700, lent={"1" * 64: 60_000}) | {"bytes_to_send": 60_700},
        "a-3": result(200_000, 500, lent={}) | {"bytes_to_send": 500},
    }
    assert staging_table(found, places)[1].split()[5:7] == ["0.09", "MB"]
    really = {
        "a-1": result(200_000, 90_700) | {"transfer": {"bytes": 90_700}},
        "a-2": result(200_000, 60_700) | {"transfer": {"bytes": 700, "lan_bytes": 60_000}},
        "a-3": result(200_000, 500) | {"transfer": {"bytes": 500}},
    }
    assert staging_table(really, places) == staging_table(found, places)
