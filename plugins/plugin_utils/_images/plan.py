# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is sent to a node so that it has the wanted images: decided here, touching nothing."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._images import chains
from ansible_collections.lightk8s.edge.plugins.module_utils._images.spec import Have
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import Image, Layer

# How a layer gets to the node.
NOTHING, DELTA, WHOLE, BLOB = "nothing", "delta", "whole", "blob"
# What the name of the image then leads to: the published manifest with its layers; a manifest of the same
# config whose layers are not compressed; the published manifest without its layers.
EXACT, ALIAS, LAYERLESS = "exact", "alias", "layer-less"


@dataclass(frozen=True)
class Offer:
    """A way to bring a layer, and what it costs on the way."""

    kind: str  # DELTA, WHOLE (a delta without a base) or BLOB
    size: int
    bases: tuple[str, ...] = ()  # diffIDs of extracted layers that the node must have


@dataclass(frozen=True)
class Choice:
    """How one layer gets to the node."""

    layer: Layer
    kind: str
    size: int = 0
    bases: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImagePlan:
    """One image on its way."""

    image: Image
    mode: str
    choices: tuple[Choice, ...]
    documents: int  # bytes of the indexes, manifest and config that the node lacks

    @property
    def sent(self) -> int:
        return self.documents + sum(choice.size for choice in self.choices)

    @property
    def full(self) -> int:
        """Bytes of the image as a registry would send it to a node that has nothing."""
        parts = (*self.image.indexes, self.image.manifest, self.image.config)
        return sum(len(part.body) for part in parts) + sum(c.layer.size for c in self.choices)


@dataclass(frozen=True)
class Policy:
    """What the user asks of a transfer."""

    exact: bool = False  # only the published layers, byte for byte, whatever that costs


class Cost(t.Protocol):
    """What is known on the controller of the ways to bring layers."""

    def offers(self, layer: Layer) -> Sequence[Offer]:
        """Ways other than the blob itself."""

    def remade(self, layer: Layer) -> bool:
        """Whether the node's runtime makes the very blob out of the tar."""


def plan(
    images: Sequence[Image], have: Have, cost: Cost, policy: Policy | None = None
) -> tuple[ImagePlan, ...]:
    """The images in this order; a layer or document that several share is sent once."""
    asked = policy or Policy()
    brought: dict[str, Choice] = {}
    known = set(have.blobs)
    plans = []
    for image in images:
        choices = []
        stacks = chains.chain([layer.diff_id for layer in image.layers])
        for layer, stack in zip(image.layers, stacks, strict=True):
            if _serves(brought.get(layer.diff_id), layer, asked):
                choices.append(Choice(layer, NOTHING))
            elif stack in have.unpacked and not asked.exact:
                choices.append(Choice(layer, NOTHING))  # on other layers it is still to be brought
            else:
                brought[layer.diff_id] = _choice(layer, have, cost, asked)
                choices.append(brought[layer.diff_id])
        parts = {p.digest: p for p in (*image.indexes, image.manifest, image.config)}
        documents = sum(len(p.body) for digest, p in parts.items() if digest not in known)
        known |= set(parts)
        mode = _mode(choices, have, cost, brought)
        plans.append(ImagePlan(image, mode, tuple(choices), documents))
    return tuple(plans)


def _serves(before: Choice | None, layer: Layer, policy: Policy) -> bool:
    """Whether a layer need not come because it has, for an image before, or was there as the same blob."""
    if before is None or before.layer.digest == layer.digest:
        return before is not None
    return before.kind in (DELTA, WHOLE) and not policy.exact


def _choice(layer: Layer, have: Have, cost: Cost, policy: Policy) -> Choice:
    """The cheapest way; of equal ones the one that depends on less."""
    if layer.digest in have.blobs or (layer.diff_id in have.blobs and not policy.exact):
        return Choice(layer, NOTHING)
    tar_serves = not policy.exact or _is_blob(layer, cost)
    offers = [offer for offer in cost.offers(layer) if have.extracted.issuperset(offer.bases)]
    ways = [*(offers if tar_serves else ()), Offer(BLOB, layer.size)]
    ways.sort(key=lambda offer: (offer.size, len(offer.bases), offer.kind))
    best = ways[0]
    return Choice(layer, best.kind, best.size, best.bases)


def _is_blob(layer: Layer, cost: Cost) -> bool:
    """Whether who has the tar has the blob, or can make it."""
    return layer.digest == layer.diff_id or cost.remade(layer)


def _mode(choices: Sequence[Choice], have: Have, cost: Cost, brought: Mapping[str, Choice]) -> str:
    """The best of the three that these choices lead to."""
    exact = True
    for choice in choices:
        layer = choice.layer
        way = choice if choice.kind != NOTHING else brought.get(layer.diff_id, choice)
        held = layer.digest in have.blobs or (way.kind == BLOB and way.layer.digest == layer.digest)
        tar = layer.diff_id in have.blobs or way.kind in (DELTA, WHOLE)
        if not held and not tar:
            return LAYERLESS
        exact = exact and (held or _is_blob(layer, cost))
    return EXACT if exact else ALIAS


@dataclass(frozen=True)
class Room:
    """Bytes that a transfer takes on the node at its worst moment."""

    pieces: int  # what is sent
    content: int  # layers in the content store
    unpacked: int  # their snapshots


def room(plans: Sequence[ImagePlan], tar_sizes: Mapping[str, int], have: Have) -> Room:
    """The sum over all images; `tar_sizes` by diffID, for their layers.

    A layer that is there takes room, too, where it comes to lie on other layers than before.
    """
    sent = [choice for item in plans for choice in item.choices if choice.kind != NOTHING]
    # The node may make the blob out of a tar: then both are there for a while.
    tars = [c.layer for c in sent if c.kind != BLOB]
    content = sum(c.size for c in sent if c.kind == BLOB)
    content += sum(tar_sizes[layer.diff_id] for layer in tars)
    content += sum(layer.size for layer in tars if layer.digest != layer.diff_id)
    fresh: dict[str, int] = {}
    for item in plans:
        diff_ids = [choice.layer.diff_id for choice in item.choices]
        fresh.update(zip(chains.chain(diff_ids), map(tar_sizes.__getitem__, diff_ids), strict=True))
    unpacked = sum(size for stack, size in fresh.items() if stack not in have.chains)
    documents = sum(item.documents for item in plans)
    pieces = sum(item.sent for item in plans)
    return Room(pieces, content + documents, unpacked)


def guard(needed: Room, have: Have, where: str) -> None:
    """EdgeError(preflight), with the numbers, where the kubelet would begin to evict."""
    total = needed.pieces + needed.content + needed.unpacked
    if total == 0 or have.free - total >= have.reserve:
        return
    raise EdgeError(
        f"{where} has {_mb(have.free)} free where images lie; this transfer takes {_mb(total)}"
        f" ({_mb(needed.pieces)} sent, {_mb(needed.content)} stored, {_mb(needed.unpacked)} unpacked)"
        f" and the kubelet evicts below {_mb(have.reserve)}",
        kind="preflight",
        hint=f"free {_mb(total + have.reserve - have.free)}, or stage fewer images",
    )


def _mb(count: int) -> str:
    """Megabytes, rounded up so that freeing the number told is enough."""
    return f"{-(-count // 100_000) / 10:.1f} MB"
