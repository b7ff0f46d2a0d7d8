# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layers of images that were staged before, kept on the controller: bases of deltas are among them."""

from __future__ import annotations

import os
import shutil
import typing as t
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.index import Index, index_of
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import Image, Layer
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.paths import RULES, check
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.references import parse
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.cache import (
    guarded,
    load_json,
    locked,
    place,
    save_json,
)


@dataclass(frozen=True)
class Record:
    """A layer that is kept, and what is known of it."""

    layer: Layer
    index: Index
    places: frozenset[
        tuple[str, int]
    ]  # repositories that have it, and how many layers lie below it
    hidden: frozenset[str]  # folders whose files lie elsewhere once they are extracted
    blobs: frozenset[str]  # digests of blobs in which this layer was found


class Kept:
    """The layers in one folder of the cache, by diffID: the published blob and a record of each.

    `tidy.py` removes what was of no use for long.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._records: dict[str, tuple[int, Record]] = {}

    def keep(self, image: Image) -> None:
        """Keep all layers of `image`. EdgeError: artifact where one is damaged, refused (`paths`), io."""
        repository = parse(image.reference).repository
        lower: frozenset[str] = frozenset()
        with guarded(self._folder):
            for number, layer in enumerate(image.layers):
                with locked(self._path(layer.diff_id, "lock"), lambda: None):
                    record = self.record(layer.diff_id) or self._add(layer)
                    if layer.digest not in record.blobs:
                        _copy(layer.tar(), Path(os.devnull))  # so far it only claims to hold it
                    self._note(record, (repository, number), lower, layer.digest)
                lower |= record.index.links

    def record(self, diff_id: str) -> Record | None:
        """What is known of a layer, None where it is not kept."""
        path = self._path(diff_id, "json")
        try:
            self._path(diff_id, "blob").stat()
            stamp = path.stat().st_mtime_ns
        except FileNotFoundError:
            return None
        known = self._records.get(diff_id)
        if known is None or known[0] != stamp:
            found = self._read(diff_id, load_json(path))
            if found is None:
                return None
            known = self._records[diff_id] = stamp, found
        return known[1]

    def use(self, record: Record) -> None:
        """Remember that the layer was of use just now: what is not goes first."""
        with suppress(OSError):  # a cache may be mounted read-only
            os.utime(self._path(record.layer.diff_id, "blob"))

    def _path(self, diff_id: str, kind: str) -> Path:
        dot = "." if kind in ("lock", "tar", "new") else ""
        return self._folder / f"{dot}{diff_id.removeprefix('sha256:')}.{kind}"

    def _add(self, layer: Layer) -> Record:
        """Only who holds the layer's lock comes here, so what an earlier one left is overwritten."""
        staged, tar = self._path(layer.diff_id, "new"), self._path(layer.diff_id, "tar")
        try:
            _copy(layer.blob(), staged)
            _copy(layer.tar(), tar)
            check(tar, layer.digest)
            index = index_of(tar)
            place(staged, self._path(layer.diff_id, "blob"))
        finally:
            staged.unlink(missing_ok=True)
            tar.unlink(missing_ok=True)
        blobs = frozenset({layer.digest})
        return Record(self._layer(layer), index, frozenset(), index.through(()), blobs)

    def _note(
        self, record: Record, where: tuple[str, int], lower: frozenset[str], blob: str
    ) -> None:
        self.use(record)
        hidden = record.hidden | record.index.through(lower)
        if where in record.places and hidden == record.hidden and blob in record.blobs:
            return
        layer = record.layer
        about: dict[str, t.Any] = {"digest": layer.digest, "size": layer.size}
        about["media_type"] = layer.media_type
        places = sorted([*map(list, record.places | {where})])
        about["blobs"] = sorted(record.blobs | {blob})
        stored = {**about, "rules": RULES, "index": record.index.stored(), "places": places}
        save_json(self._path(layer.diff_id, "json"), {**stored, "hidden": sorted(hidden)})

    def _layer(self, layer: Layer) -> Layer:
        path = self._path(layer.diff_id, "blob")

        def opener() -> t.BinaryIO:
            return path.open("rb")

        return Layer(layer.digest, layer.size, layer.media_type, layer.diff_id, opener)

    def _read(self, diff_id: str, value: dict[str, t.Any]) -> Record | None:
        """None where the record is none or of other rules, or the blob is gone or not whole: it is kept anew then."""
        try:
            size = int(value["size"])
            layer = Layer(value["digest"], size, value["media_type"], diff_id, _nothing)
            index = Index.read(value["index"])
            places = frozenset((str(name), int(number)) for name, number in value["places"])
            hidden, blobs = (frozenset(map(str, value[key])) for key in ("hidden", "blobs"))
            if value["rules"] != RULES or self._path(diff_id, "blob").stat().st_size != size:
                return None
        except (KeyError, TypeError, ValueError, AttributeError, FileNotFoundError):
            return None
        return Record(self._layer(layer), index, places, hidden, blobs)


def _nothing() -> t.BinaryIO:
    raise FileNotFoundError


def _copy(source: t.BinaryIO, path: Path) -> None:
    with source, path.open("wb") as out:
        shutil.copyfileobj(source, out, 1 << 20)


def bases(
    target: Record, candidates: Sequence[Record], where: tuple[str, int], most: int = 3
) -> tuple[Record, ...]:
    """Those of `candidates`, the best first, that the delta of `target` is made from. Pure.

    The next one is taken where it has much of what is still missing. Where nothing is alike by
    content or path, the layer that had the same place in the same repository may be by names.
    """
    left = frozenset(target.index.files)
    chosen: list[Record] = []
    pool = sorted(candidates, key=lambda record: (where not in record.places, record.layer.diff_id))
    while pool and left and len(chosen) < most:
        gains = [(target.index.covered(record.index, left), record) for record in pool]
        gain, best = max(gains, key=lambda item: item[0])
        if gain == 0 and not chosen and where in pool[0].places:
            return (pool[0],)
        if gain == 0 or (chosen and gain < max(_WORTH, target.index.tar_size * _SHARE)):
            break
        chosen.append(best)
        pool.remove(best)
        left = target.index.uncovered(best.index, left)
    return tuple(chosen)


# A further base costs an encoding of its own: what it has to bring at least, in bytes and as a share.
_WORTH, _SHARE = 64 << 10, 0.02
