# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images that share what they are made of, with each other or within themselves, from the source to the node."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible_collections.lightk8s.edge.plugins.module_utils._core.verbs import artifact_path
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host
from ansible_collections.lightk8s.edge.plugins.module_utils._images.apply import Worker
from ansible_collections.lightk8s.edge.plugins.module_utils._images.plan import plan
from ansible_collections.lightk8s.edge.plugins.module_utils._images.seen import Seen
from ansible_collections.lightk8s.edge.plugins.module_utils._images.spec import Have, spec_of
from ansible_collections.lightk8s.edge.plugins.plugin_utils._delta.cache import Deltas
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images import plan as plans
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.cost import Costs
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.kept import Kept
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import platform_of
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.remakes import Remaking
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.source import Source
from ansible_collections.lightk8s.edge.plugins.plugin_utils._staging import shipment

from . import making
from .test_worker import Runtime

TILL, LATEST = "shop.example/till:1", "shop.example/till:latest"
TREE = {"opt/a": b"a" * 50_000}


class Node(Runtime):
    """Holds what it was given."""

    def settle(self) -> None:
        for name, body in self.archives[-1].items():
            if name.startswith("blobs/"):
                self.store(body, making.digest(body))


def staged(folder: Path, names: Sequence[str]) -> tuple[Node, shipment.Shipment]:
    """What an empty node is given for these images of the layout in `folder`, and what was sent."""
    source = Source(folder / "layout", folder / "scratch")
    images = [source.image(name, platform_of("linux/amd64")) for name in names]
    costs = Costs(Have(), Kept(folder / "kept"), Deltas(folder / "deltas", lambda _text: None))
    costs.prepare(images)
    remaking = Remaking({}, exact=False)
    made = shipment.Shipment(plans.plan(images, Have(), costs), folder / "staged", costs, remaking)
    made.prepare(lambda _text: None)
    host = Host(str(folder / "node"))
    (folder / "node").mkdir()
    for sha256, path in made.files.items():
        host.write(artifact_path(sha256), path.read_bytes())
    rows = [shipment.wanted_row(*pair) for pair in zip(images, names, strict=True)]
    node = Node(host)
    runtime: Any = node
    worker = Worker(host, runtime, Seen())
    for step in plan(spec_of(rows, made.rows, prune=False), Seen()).steps:
        worker.do(step)
    assert host.names("/var/lib/lightk8s/artifacts") == []
    return node, made


def rows_of(node: Node) -> list[str]:
    """Digests of the layers of the image that came last."""
    archive = node.archives[-1]
    (digest,) = {row["digest"] for row in json.loads(archive["index.json"])["manifests"]}
    manifest = json.loads(archive["blobs/" + digest.replace(":", "/")])
    return [row["digest"] for row in manifest["layers"]]


def test_an_image_may_have_the_same_layer_twice(tmp_path: Path) -> None:
    made = making.image(TREE, {"opt/b": b"b"}, TREE)
    making.write_folder(tmp_path / "layout", making.layout({TILL: made}))
    node, _sent = staged(tmp_path, [TILL])
    first, second, third = rows_of(node)
    assert first == third != second


def test_it_may_have_it_in_two_compressions(tmp_path: Path) -> None:
    made = making.image(TREE, TREE)
    manifest = json.loads(made.blobs["blobs/" + made.entry["digest"].replace(":", "/")])
    other = gzip.compress(made.tars[1], 1, mtime=7)
    manifest["layers"][1] = making.entry(other, manifest["layers"][1]["mediaType"])
    body = json.dumps(manifest).encode()
    blobs = {**made.blobs, making.place(body): body, making.place(other): other}
    about = {**made.entry, **making.entry(body, made.entry["mediaType"])}
    again = making.Made(blobs, about, made.config, made.tars)
    making.write_folder(tmp_path / "layout", making.layout({TILL: again}))
    node, _sent = staged(tmp_path, [TILL])
    assert rows_of(node) == [row["digest"] for row in manifest["layers"]]


def test_an_image_may_have_two_tags_and_is_counted_once(tmp_path: Path) -> None:
    made = making.image(TREE)
    making.write_folder(tmp_path / "layout", making.layout({TILL: made, LATEST: made}))
    node, sent = staged(tmp_path, [TILL, LATEST])
    assert len(node.archives) == 2
    assert sum(row["sent"] for row in sent.table) == sum(sent.artifacts.values())
    assert sent.table[1]["sent"] == 0
