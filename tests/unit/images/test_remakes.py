# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blobs that a build of containerd has made out of their tars are remembered, and those it has not."""

from __future__ import annotations

import gzip
import io
import random
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._images.spec import MUST, TRY, Have
from ansible_collections.lightk8s.edge.plugins.plugin_utils._delta.cache import Deltas
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images import plan
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.cost import Costs
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.kept import Kept
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import Layer, platform_of
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.remakes import (
    Remakes,
    Remaking,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.source import Source

from . import making

GO = bytes.fromhex("1f8b08000000000000ff")


def layer(head: bytes = GO, digest: str = "sha256:blob", diff_id: str = "sha256:tar") -> Layer:
    return Layer(digest, 100, "gzip", diff_id, lambda: io.BytesIO(head + b"rest"))


@pytest.mark.parametrize(
    ("given", "known", "exact", "word"),
    [
        (layer(), {}, False, TRY),
        (layer(), {}, True, TRY),
        (layer(), {"sha256:blob": True}, False, TRY),
        (layer(), {"sha256:blob": True}, True, MUST),
        (layer(), {"sha256:blob": False}, False, ""),
        (layer(gzip.compress(b"x", mtime=0)[:10]), {}, False, ""),
        (layer(b"\x28\xb5\x2f\xfd"), {}, False, ""),
        (layer(digest="sha256:tar"), {}, False, ""),
    ],
)
def test_what_is_worth_trying(given: Layer, known: dict[str, bool], exact: bool, word: str) -> None:
    assert Remaking(known, exact=exact).word(given) == word


def test_what_was_tried_is_remembered_for_each_build(tmp_path: Path) -> None:
    file = tmp_path / "images" / "remakes.json"
    Remakes(file).note("v1", {"a": True, "b": False})
    Remakes(file).note("v1", {"b": True})
    Remakes(file).note("v2", {"a": False})
    Remakes(file).note("", {"c": True})
    assert Remakes(file).known("v1") == {"a": True, "b": True}
    assert Remakes(file).known("v2") == {"a": False}
    assert Remakes(file).known("v3") == {}
    assert Remaking(Remakes(file).known("v1"), exact=True).proven == {"a", "b"}


@pytest.mark.parametrize("text", ["", "[]", '{"v1": 7}', '{"v1": [["a"]]}'])
def test_a_damaged_memory_is_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "remakes.json"
    file.write_text(text)
    found = Remakes(file).known("v1")
    Remakes(file).note("v1", {"c": True})
    assert Remakes(file).known("v1") == {**found, "c": True}


def test_only_the_last_tried_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{Remakes.__module__}._MOST", 3)
    file = tmp_path / "remakes.json"
    for name in "edcba":
        Remakes(file).note("v1", {name: True})
    assert set(Remakes(file).known("v1")) == {"a", "b", "c"}


def test_a_delta_serves_an_exact_image_once_its_blob_is_known_to_come_out(tmp_path: Path) -> None:
    content = random.Random(1).randbytes(30_000)
    images = []
    for number, tail in enumerate((b"1", b"2")):
        made = making.image({"opt/a": content + tail})
        folder = making.write_folder(tmp_path / str(number), making.layout({"a.example/b:1": made}))
        images.append(Source(folder, tmp_path).image("a.example/b:1", platform_of("linux/amd64")))
    old, new = images
    kept, deltas = Kept(tmp_path / "kept"), Deltas(tmp_path / "deltas", lambda _text: None)
    kept.keep(old)
    have = Have(extracted=frozenset(layer.diff_id for layer in old.layers))

    def way(*proven: str) -> tuple[str, str]:
        costs = Costs(have, kept, deltas, remakes=frozenset(proven))
        costs.prepare([new])
        (found,) = plan.plan([new], have, costs, plan.Policy(exact=True))
        return found.mode, found.choices[0].kind

    assert way() == (plan.EXACT, plan.BLOB)
    assert way(new.layers[0].digest) == (plan.EXACT, plan.DELTA)
