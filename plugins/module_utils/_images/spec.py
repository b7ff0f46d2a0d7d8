# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wanted of a node's images, and what a node says of them, as far as a transfer depends on it."""

from __future__ import annotations

import re
import typing as t

from .._core.errors import EdgeError
from .._core.records import dataclass

PRESENT, ABSENT = "present", "absent"
STATES = (PRESENT, ABSENT)
# What a name leads to; `plugin_utils/_images/plan.py` says what the modes are.
EXACT, ALIAS, LAYERLESS = "exact", "alias", "layer-less"
TRY, MUST = "try", "must"
BLOB = "blob"  # the kind of a piece that is the published blob
_DIGEST = r"sha256:[0-9a-f]{64}"


@dataclass(frozen=True)
class Have:
    """What is on the node already, and what its container runtime can do."""

    blobs: frozenset[str] = frozenset()  # digests in the content store
    extracted: frozenset[str] = frozenset()  # diffIDs of layers whose files can be read
    free: int = 0  # bytes on the file system that images lie on
    reserve: int = 0  # bytes below which the kubelet evicts pods and removes images there
    # Chain IDs of extracted layers that need no blob: the runtime discards those itself after unpacking.
    unpacked: frozenset[str] = frozenset()
    chains: frozenset[str] = frozenset()  # chain IDs of wanted layers whose files are there
    packs: bool = False  # its zlib packs as others do: deltas may be made of what gzip files hold


@dataclass(frozen=True)
class Layer:
    """A layer as the manifest names it, and the digest of the tar inside."""

    digest: str
    diff_id: str


@dataclass(frozen=True)
class Wanted:
    """One image that is to be on the node, or not to be. The digests are empty where it is not."""

    name: str  # in full, with its tag, its digest or both
    state: str = PRESENT
    digest: str = ""  # what a pod pins: of the index that was named, else of the manifest
    manifest: str = ""
    config: str = ""
    layers: tuple[Layer, ...] = ()
    exact: bool = False  # only the published manifest with its layers counts

    @property
    def repository(self) -> str:
        """The name without tag and digest."""
        plain = self.name.partition("@")[0]
        head, colon, tail = plain.rpartition(":")
        return head if colon and "/" not in tail else plain

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the runtime is to know it by: pods ask for the tag, or for the digest."""
        tagged = self.name.partition("@")[0]
        pinned = f"{self.repository}@{self.digest}"
        return (pinned,) if tagged == self.repository else (tagged, pinned)


@dataclass(frozen=True)
class Piece:
    """How one layer comes; kinds as in `plugin_utils/_images/plan.py`."""

    diff_id: str
    kind: str
    sha256: str = ""  # of the artifact
    size: int = 0
    remake: str = ""  # TRY or MUST: whether the published blob is to be made out of the tar


@dataclass(frozen=True)
class Delivery:
    """All that one image needs; the artifacts are on the node, or on their way."""

    name: str
    documents: str  # sha256 of the artifact
    size: int  # of that artifact
    pieces: tuple[Piece, ...]

    def artifacts(self) -> list[dict[str, t.Any]]:
        """As the engine names what a node needs."""
        rows = [
            {"sha256": self.documents, "size": self.size, "name": f"the documents of {self.name}"}
        ]
        for piece in self.pieces:
            if piece.sha256:
                name = f"{piece.kind} of layer {piece.diff_id[7:19]} of {self.name}"
                rows.append({"sha256": piece.sha256, "size": piece.size, "name": name})
        return rows


@dataclass(frozen=True)
class Spec:
    """What is wanted of the node; `deliveries` is None as long as the controller only asks what is there."""

    images: tuple[Wanted, ...]
    deliveries: tuple[Delivery, ...] | None = None
    prune: bool = False

    def delivery(self, name: str) -> Delivery | None:
        """What is on its way for that image."""
        return next((item for item in self.deliveries or () if item.name == name), None)


def spec_of(
    wanted: t.Sequence[t.Mapping[str, t.Any]],
    work: t.Sequence[t.Mapping[str, t.Any]] | None,
    prune: bool,
) -> Spec:
    """The spec in what the controller has sent. EdgeError(spec)."""
    try:
        images = tuple(_wanted(row) for row in wanted)
        deliveries = None if work is None else tuple(_delivery(row) for row in work)
    except (KeyError, TypeError, ValueError) as exc:
        raise EdgeError(
            f"the list of images cannot be read: {exc!r}",
            kind="spec",
            hint="run the module through its action plugin, which makes that list",
        ) from exc
    return Spec(images, deliveries, prune)


def _digest(value: t.Any) -> str:
    text = str(value)
    if not re.fullmatch(_DIGEST, text):
        raise ValueError(f"{text!r} is no digest")
    return text


def _wanted(row: t.Mapping[str, t.Any]) -> Wanted:
    if row.get("state") == ABSENT:
        return Wanted(str(row["name"]), ABSENT)
    layers = tuple(Layer(_digest(digest), _digest(diff_id)) for digest, diff_id in row["layers"])
    digest, manifest, config = (_digest(row[key]) for key in ("digest", "manifest", "config"))
    exact = bool(row.get("exact"))
    return Wanted(str(row["name"]), PRESENT, digest, manifest, config, layers, exact)


def _delivery(row: t.Mapping[str, t.Any]) -> Delivery:
    pieces = tuple(
        Piece(
            _digest(p["diff_id"]),
            str(p["kind"]),
            str(p.get("sha256", "")),
            int(p.get("size", 0)),
            str(p.get("remake", "")),
        )
        for p in row["pieces"]
    )
    return Delivery(str(row["name"]), str(row["documents"]), int(row["size"]), pieces)
