# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole look at images, down to the words that ctr is asked with; what ctr prints is written down here."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._doors import site_images
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host

CONTAINERD = "var/lib/rancher/k3s/agent/containerd"
REPOSITORY = "shop.example/till"
DIFF_ID = "sha256:" + "a" * 64
LABELS = "io.cri-containerd.pinned=pinned,lightk8s.edge.staged=yes"
CTR = """#!/bin/sh
echo "$*" >> {calls}
case "$*" in
*"images ls"*) cat {tables}/images ;;
*"content ls"*) cat {tables}/content ;;
*"containers ls"*) echo 'CONTAINER IMAGE RUNTIME' ;;
*snapshots*) cat {tables}/snapshots ;;
esac
"""


class Node:
    """A folder with containerd's files, and a ctr that prints tables."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.calls = folder / "calls"
        self.calls.write_text("")
        store = self.root / CONTAINERD / "io.containerd.content.v1.content/blobs/sha256"
        store.mkdir(parents=True)
        (self.root / "var/lib/lightk8s/state").mkdir(parents=True)

        def put(document: Any) -> str:
            body = json.dumps(document).encode()
            digest = hashlib.sha256(body).hexdigest()
            (store / digest).write_bytes(body)
            return f"sha256:{digest}"

        layer = put("layer")
        config = put({"rootfs": {"type": "layers", "diff_ids": [DIFF_ID]}})
        manifest = put({"config": {"digest": config}, "layers": [{"digest": layer}]})
        names = (f"{REPOSITORY}:1", f"{REPOSITORY}@{manifest}")
        tables = {
            "images": [f"{name} x {manifest} 1.0 KiB linux/amd64 {LABELS}" for name in names],
            "content": [f"{digest} 5B 1m x=y" for digest in (layer, config, manifest)],
            "snapshots": [f"{DIFF_ID}  Committed"],
        }
        for name, rows in tables.items():
            (folder / name).write_text("\n".join(["HEAD", *rows]) + "\n")
        self.bin = folder / "bin"
        self.bin.mkdir()
        program = self.bin / "k3s"
        program.write_text(CTR.format(calls=self.calls, tables=folder))
        program.chmod(0o755)
        self.database = self.root / CONTAINERD / "io.containerd.metadata.v1.bolt/meta.db"
        self.database.parent.mkdir()
        self.database.write_bytes(b"1")
        self.row: dict[str, Any] = {"digest": manifest, "manifest": manifest, "config": config}
        self.row["layers"] = [[layer, DIFF_ID]]

    def look(self, tag: str) -> tuple[dict[str, Any], int]:
        """What a first pass of converge.yml finds, and how often ctr was run."""
        before = len(self.calls.read_text().splitlines())
        params = {
            "distribution": "k3s",
            "state": "present",
            "bin_dir": str(self.bin),
            "planning": "own",
            "wanted": [{**self.row, "name": f"{REPOSITORY}:{tag}"}],
        }
        found = site_images.add({"changed": False}, params, True, Host(str(self.root)))
        return found, len(self.calls.read_text().splitlines()) - before


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def test_a_node_that_is_right_is_asked_once(node: Node) -> None:
    right = {"name": f"{REPOSITORY}:1", "present": True, "mode": "exact"}
    found, calls = node.look("1")
    assert found == {"changed": False, "images": [right], "images_pending": False}
    assert calls > 0
    assert node.look("1") == (found, 0)
    node.database.write_bytes(b"2")
    again, calls = node.look("1")
    assert (again, calls > 0) == (found, True)


def test_an_image_that_is_not_there_is_pending(node: Node) -> None:
    found, _calls = node.look("2")
    assert found["images_pending"]
    assert [row["present"] for row in found["images"]] == [False]
