# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it costs to bring a layer to one node: deltas from what is there, made before the plan is."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._images.spec import Have
from ansible_collections.lightk8s.edge.plugins.plugin_utils._delta.cache import Deltas
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.kept import (
    Kept,
    Record,
    bases,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import Image, Layer
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.plan import (
    DELTA,
    WHOLE,
    Choice,
    Offer,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.references import parse

# xz never makes a gzip blob this many times smaller: with such a delta the whole layer need not be tried.
_CLEAR = 4
# A delta of more than this share of the whole layer is not worth its dependence on the base, nor the
# time that its many small differences take on the node.
_NEARLY = 0.85
# A tar hardly larger than its blob holds what is compressed already.
_DENSE = 1.03


class Costs:
    """The `plan.Cost` of one node. Call `prepare` before the plan asks it."""

    def __init__(
        self,
        have: Have,
        kept: Kept,
        deltas: Deltas,
        *,
        jobs: int = 2,
        remakes: frozenset[str] = frozenset(),
    ) -> None:
        """`remakes`: digests of blobs that the node's runtime is known to make out of their tars."""
        self._have = have
        self._kept = kept
        self._deltas = deltas
        self._jobs = jobs
        self._remakes = remakes
        self._offers: dict[str, list[Offer]] = {}
        self._paths: dict[tuple[str, str], Path] = {}

    def prepare(self, images: Iterable[Image]) -> None:
        """Keep the images' layers and make the deltas that this node may need, several at a time.

        EdgeError: artifact where a layer is damaged, preflight where a package is missing, io.
        """
        wanted: dict[str, tuple[Layer, tuple[str, int]]] = {}
        for image in images:
            self._kept.keep(image)
            repository = parse(image.reference).repository
            for number, layer in enumerate(image.layers):
                if not self._have.blobs & {layer.digest, layer.diff_id}:
                    wanted.setdefault(layer.diff_id, (layer, (repository, number)))
        candidates = self._candidates()

        def ways(item: tuple[Layer, tuple[str, int]]) -> list[Offer]:
            return list(self._ways(*item, candidates))

        with ThreadPoolExecutor(self._jobs) as pool:
            found = list(pool.map(ways, wanted.values()))
        self._offers.update(zip(wanted, found, strict=True))

    def offers(self, layer: Layer) -> Sequence[Offer]:
        return self._offers.get(layer.diff_id, [])

    def remade(self, layer: Layer) -> bool:
        return layer.digest == layer.diff_id or layer.digest in self._remakes

    def path(self, choice: Choice | Offer, layer: Layer) -> Path:
        """The file of a delta that was offered for `layer`."""
        try:
            return self._paths[layer.diff_id, choice.kind]
        except KeyError:
            raise EdgeError(f"nothing was made for {layer.diff_id}", kind="internal") from None

    def tar_sizes(self, images: Iterable[Image]) -> dict[str, int]:
        """Bytes of the uncompressed layers, by diffID."""
        names = {layer.diff_id for image in images for layer in image.layers}
        found = {name: self._kept.record(name) for name in names}
        return {name: record.index.tar_size for name, record in found.items() if record}

    def _candidates(self) -> list[Record]:
        found = [self._kept.record(diff_id) for diff_id in sorted(self._have.extracted)]
        return [record for record in found if record is not None]

    def _ways(
        self, layer: Layer, where: tuple[str, int], candidates: Sequence[Record]
    ) -> t.Iterator[Offer]:
        target = self._kept.record(layer.diff_id)
        if target is None:  # trimmed by another process just now; the blob is always there
            return
        delta = self._delta(target, bases(target, candidates, where))
        if delta and delta.size * _CLEAR <= layer.size:
            yield delta
            return
        if target.index.tar_size < layer.size * _DENSE:
            whole = None
        else:
            path = self._deltas.get([], target.layer)
            self._paths[layer.diff_id, WHOLE] = path
            whole = Offer(WHOLE, path.stat().st_size)
            yield whole
        if delta and delta.size <= _NEARLY * min(layer.size, whole.size if whole else layer.size):
            yield delta

    def _delta(self, target: Record, chosen: Sequence[Record]) -> Offer | None:
        if not chosen:
            return None
        for record in chosen:
            self._kept.use(record)
        hidden = {record.layer.diff_id: record.hidden for record in chosen if record.hidden}
        layers = [record.layer for record in chosen]
        path = self._deltas.get(layers, target.layer, hidden, pack=self._have.packs)
        self._paths[target.layer.diff_id, DELTA] = path
        names = tuple(record.layer.diff_id for record in chosen)
        return Offer(DELTA, path.stat().st_size, names)
