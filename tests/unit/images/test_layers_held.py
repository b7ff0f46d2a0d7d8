# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers that are not brought, for the node has them in another form: as another blob, or as files alone."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.records import replace
from ansible_collections.lightk8s.edge.plugins.module_utils._images import chains
from ansible_collections.lightk8s.edge.plugins.module_utils._images.apply import Unbuilt
from ansible_collections.lightk8s.edge.plugins.module_utils._images.seen import Contents
from ansible_collections.lightk8s.edge.plugins.module_utils._images.spec import TRY

from . import making
from .test_worker import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize("discards", [True, False])
def test_a_layer_needs_no_blob_where_the_runtime_has_discarded_it(
    bench: Bench, discards: bool
) -> None:
    diff_ids = [layer.diff_id for layer in bench.wanted.layers]
    lowest = Contents(making.digest(b"other"), tuple(diff_ids[:1]), not discards)
    found = frozenset(chains.chain(diff_ids)[:1])
    bench.seen = replace(bench.seen, contents={"other": lowest}, chains=found)
    bench.delivery = replace(bench.delivery, pieces=bench.delivery.pieces[1:])
    if not discards:
        with pytest.raises(Unbuilt, match="no longer on the node"):
            bench.bring(TRY)
        return
    bench.bring(TRY)
    assert bench.index() == [bench.wanted.digest] * 2
    stored = set(bench.runtime.archives[-1])
    held = ["blobs/" + layer.digest.replace(":", "/") in stored for layer in bench.wanted.layers]
    assert held == [False, True]


@pytest.mark.parametrize(
    ("packing", "kind"), [(lambda data: gzip.compress(data, 1), "tar+gzip"), (bytes, "tar")]
)
def test_a_layer_that_is_there_in_another_compression_serves(
    bench: Bench, packing: Callable[[bytes], bytes], kind: str
) -> None:
    held = bench.runtime.store(packing(bench.made.tars[0]), bench.wanted.layers[0].diff_id)
    bench.delivery = replace(bench.delivery, pieces=bench.delivery.pieces[1:])
    bench.bring()
    archive = bench.runtime.archives[-1]
    rows = json.loads(archive["blobs/" + bench.index()[0].replace(":", "/")])["layers"]
    assert rows[0]["digest"] == held
    assert rows[0]["mediaType"].endswith(kind)
    assert "blobs/" + held.replace(":", "/") not in archive
