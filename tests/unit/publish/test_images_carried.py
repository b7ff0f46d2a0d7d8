# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images in a document, as a node brings them: pieces come from the hub by their digests. No containerd is asked."""

from __future__ import annotations

import hashlib
import random
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.extras.hub.lightk8s_hub import serve
from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._core.verbs import artifact_path
from ansible_collections.lightk8s.edge.plugins.module_utils._doors import agent as door
from ansible_collections.lightk8s.edge.plugins.module_utils._doors import edge_images
from ansible_collections.lightk8s.edge.plugins.module_utils._images.spec import spec_of
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document import Document

from ..hub.conftest import Running, served
from ..sync.bench import Bench

DOCUMENTS, BLOB = (random.Random(n).randbytes(90_000) for n in (1, 2))
NAMES = [hashlib.sha256(content).hexdigest() for content in (DOCUMENTS, BLOB)]
NAME = "registry.example/till:1"
LAYER = f"sha256:{NAMES[1]}"
IMAGES = {
    "wanted": [
        {
            "name": NAME,
            "digest": LAYER,
            "manifest": LAYER,
            "config": LAYER,
            "layers": [[LAYER, LAYER]],
        }
    ],
    "work": [
        {
            "name": NAME,
            "documents": NAMES[0],
            "size": len(DOCUMENTS),
            "pieces": [{"diff_id": LAYER, "kind": "blob", "sha256": NAMES[1], "size": len(BLOB)}],
        }
    ],
    "prune": False,
}


class Node:
    """Stands for the doors: what they were asked, and whether the image is there."""

    ARGS = edge_images.ARGS

    def __init__(self, bench: Bench) -> None:
        self.asked: list[str] = []
        self.given: dict[str, t.Any] = {}
        self._host = bench.host

    def main(self, params: dict[str, t.Any], check: bool, diff: bool) -> dict[str, t.Any]:
        self.given = params
        deliveries = spec_of(params["wanted"], params["work"], params["prune"]).deliveries or ()
        needs = [row for item in deliveries for row in item.artifacts()]
        missing = [row for row in needs if self._host.read(artifact_path(row["sha256"])) is None]
        return {"needs": missing} if missing else {"actions": [f"import {NAME}"]}


class Others:
    """The doors that this is not about."""

    ARGS: t.ClassVar[dict[str, t.Any]] = {"argument_spec": {"generation": {"type": "int"}}}

    @staticmethod
    def main(params: dict[str, t.Any], check: bool, diff: bool) -> dict[str, t.Any]:
        return {"actions": ["site"]}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Running]:
    folder = tmp_path / "artifacts"
    folder.mkdir()
    settings = serve.Settings(f"sqlite:///{tmp_path / 'hub.db'}", port=0, artifacts=str(folder))
    with served(settings) as running:
        yield running


def carried(bench: Bench, node: Node, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    def opened(name: str) -> t.Any:
        node.asked.append(name)
        return node if name == "edge_images" else Others

    monkeypatch.setattr(door, "_door", opened)
    agent = bench.agent()
    part = {"rank": 0, "options": {}, "images": IMAGES}
    document = Document("shop", 1, 1, 2, {"nodes": {"n1": part}})
    return door.Carrier(bench.host, agent.settings, agent).carry(document, 1)


def test_pieces_come_from_the_hub_by_their_digests(
    hub: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tmp_path, hub)
    node = Node(bench)
    with pytest.raises(EdgeError, match="nowhere to be had"):
        carried(bench, node, monkeypatch)  # nobody has put them there yet
    publisher = hub.token("publisher")
    for name, content in zip(NAMES, (DOCUMENTS, BLOB), strict=True):
        assert hub.ask("PUT", f"/v1/artifacts/{name}", content, token=publisher).status == 204
    node.asked.clear()
    assert carried(bench, node, monkeypatch) == ["site", f"import {NAME}"]
    assert node.asked == ["edge_site", "edge_images"]
    assert node.given["distribution"] == "k3s"
    assert bench.host.read(artifact_path(NAMES[1])) == BLOB
