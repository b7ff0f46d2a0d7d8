# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one task stages: opened images, the plan for the node, the files that travel."""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import shutil
import typing as t
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._host.http import Connection
from ansible_collections.lightk8s.edge.plugins.module_utils._images.giving import place_of
from ansible_collections.lightk8s.edge.plugins.module_utils._images.spec import ABSENT, Have
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images import plan as plans
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images import references
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import Image, Layer
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.remakes import Remaking
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.cache import guarded, place
from ansible_collections.lightk8s.edge.plugins.plugin_utils._transfer.pace import bytes_per_second

Rows = list[dict[str, t.Any]]
# What uname calls a machine, as platforms name it.
ARCHITECTURES = {
    "x86_64": "linux/amd64",
    "aarch64": "linux/arm64/v8",
    "armv7l": "linux/arm/v7",
    "armv8l": "linux/arm/v7",
}


def platform_of_machine(machine: str) -> str:
    """The platform of a node. EdgeError(preflight)."""
    if machine not in ARCHITECTURES:
        raise EdgeError(
            f"it is not known which images run on {machine}",
            kind="preflight",
            hint="give platform with each image",
        )
    return ARCHITECTURES[machine]


class Ways(plans.Cost, t.Protocol):
    """What layers cost, and the files that bring them."""

    def path(self, choice: plans.Choice, layer: Layer) -> Path:
        """The delta of a choice."""

    def tar_sizes(self, images: Sequence[Image]) -> Mapping[str, int]:
        """Sizes of the tars by diffID."""


def wanted_row(image: Image, name: str) -> dict[str, t.Any]:
    """The image as the node is asked for it."""
    return {
        "name": name,
        "digest": image.digest,
        "manifest": image.manifest.digest,
        "config": image.config.digest,
        "layers": [[layer.digest, layer.diff_id] for layer in image.layers],
    }


def refuse_unpublished(image: Image, name: str) -> None:
    """EdgeError where nothing that is brought can be what the registry has."""
    if not image.published:
        raise EdgeError(
            f"{name} comes from an archive as of docker save, without the manifest that its registry has",
            kind="refused",
            hint="name an OCI layout or archive as its source, or leave edge_images_exact out",
        )


def refuse_credentials(url: str) -> None:
    """EdgeError for an address with a password in it, which would be shown and is not used."""
    if "@" in url:
        raise EdgeError(
            "the address of the site's registry has credentials in it, and they are not used",
            kind="spec",
            hint="write it as http://host:port; the registry has to take images from its site without credentials",
        )


def absent_row(name: str) -> dict[str, t.Any]:
    """The same of one that is to be taken away."""
    return {"name": name, "state": ABSENT}


def full_name(text: str) -> str:
    """A reference in full. EdgeError(spec)."""
    return str(references.parse(text))


def name_for_registry(name: str) -> str:
    """By its tag where it has one: a digest may be that of an index whose other platforms stay away."""
    plain = name.partition("@")[0]
    return plain if ":" in plain.rpartition("/")[2] else name


def for_registry(images: Mapping[str, Image]) -> dict[str, list[str]]:
    """What was published, by the names under which a site's registry gets it."""
    return {
        name_for_registry(name): sorted({image.digest, image.manifest.digest})
        for name, image in images.items()
    }


def refuse_for_registry(url: str, images: Mapping[str, Image]) -> None:
    """EdgeError(spec) where that registry cannot get these images."""
    Connection(url)  # which is made later, on the node
    names: dict[tuple[str, str], str] = {}
    for name, image in images.items():
        other = names.setdefault(place_of(name_for_registry(name)), name)
        if images[other].digest != image.digest:
            raise EdgeError(
                f"{other} and {name} are the same to the registry of the site, and different images",
                kind="spec",
                hint="name one of them by another tag",
            )


def have_of(row: Mapping[str, t.Any]) -> Have:
    """What a node has said."""
    return Have(
        blobs=frozenset(row.get("blobs") or ()),
        extracted=frozenset(row.get("extracted") or ()),
        unpacked=frozenset(row.get("unpacked") or ()),
        chains=frozenset(row.get("chains") or ()),
        free=int(row.get("free") or 0),
        reserve=int(row.get("reserve") or 0),
        packs=bool(row.get("packs")),
    )


class Without:
    """A cost without the ways that have failed on the node."""

    def __init__(self, cost: plans.Cost, failed: Mapping[str, set[str]]) -> None:
        self._cost = cost
        self._failed = failed

    def offers(self, layer: Layer) -> Sequence[plans.Offer]:
        spoilt = self._failed.get(layer.diff_id, set())
        return [offer for offer in self._cost.offers(layer) if offer.kind not in spoilt]

    def remade(self, layer: Layer) -> bool:
        return self._cost.remade(layer)


@dataclass
class Shipment:
    """What goes to the node for these images, and the files it is made of."""

    images: Sequence[plans.ImagePlan]
    folder: Path
    ways: Ways
    remaking: Remaking
    files: dict[str, Path] = field(default_factory=dict)
    rows: Rows = field(default_factory=list)
    table: Rows = field(default_factory=list)

    def prepare(self, progress: Callable[[str], None]) -> None:
        """Make the files: deltas come from the cache or are made now. EdgeError."""
        for item in self.images:
            before = set(self.files)
            documents, size = self._documents(item.image)
            pieces = [self._piece(choice) for choice in item.choices]
            name = str(references.parse(item.image.reference))
            self.rows.append({"name": name, "documents": documents, "size": size, "pieces": pieces})
            sizes = {documents: size} | {p["sha256"]: p["size"] for p in pieces if "sha256" in p}
            sent = sum(count for sha256, count in sizes.items() if sha256 not in before)
            full = item.full
            self.table.append({"name": name, "mode": item.mode, "full": full, "sent": sent})
            progress(f"{name}: {sent} bytes instead of {full}")

    @property
    def artifacts(self) -> dict[str, int]:
        """Bytes by sha256 of all that travels."""
        return {sha256: path.stat().st_size for sha256, path in self.files.items()}

    def spoilt_with(self, diff_id: str) -> dict[str, set[str]]:
        """By diffID the ways that are no good where that layer's was none: a base that has changed spoils more.

        A published blob has nothing in its place.
        """
        choices = [choice for item in self.images for choice in item.choices]
        ways = (plans.DELTA, plans.WHOLE)
        bad = [c for c in choices if c.layer.diff_id == diff_id and c.kind in ways]
        bases = {base for choice in bad for base in choice.bases}
        bad += [c for c in choices if bases.intersection(c.bases)]
        return {choice.layer.diff_id: {choice.kind} for choice in bad}

    def _piece(self, choice: plans.Choice) -> dict[str, t.Any]:
        row: dict[str, t.Any] = {"diff_id": choice.layer.diff_id, "kind": choice.kind}
        if choice.kind == plans.NOTHING:
            return row
        blob = choice.kind == plans.BLOB
        path = self._blob(choice.layer) if blob else self.ways.path(choice, choice.layer)
        digest = choice.layer.digest[7:] if blob else _sha256(path)
        self.files[digest] = path
        remake = "" if blob else self.remaking.word(choice.layer)
        more = {"remake": remake} if remake else {}
        return row | {"sha256": digest, "size": path.stat().st_size} | more

    def _blob(self, layer: Layer) -> Path:
        """The published blob as a file; what is read from the source is checked on the way."""
        final = self.folder / f"{layer.digest[7:]}.blob"
        with guarded(self.folder):
            if not _used(final):
                work = self._work(layer.digest[7:])
                with layer.blob() as source, work.open("wb") as out:
                    shutil.copyfileobj(source, out, 1 << 20)
                place(work, final)
        return final

    def _work(self, name: str) -> Path:
        """Where a file of that name is made; other processes may be making the same."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / f".{name}-{os.getpid()}"

    def _documents(self, image: Image) -> tuple[str, int]:
        """sha256 and size of the file with the indexes, manifest and config."""
        parts = (*image.indexes, image.manifest, image.config)
        rows = [[part.media_type, part.body.decode()] for part in parts]
        packed = lzma.compress(json.dumps(rows, ensure_ascii=False).encode(), preset=6)
        digest = hashlib.sha256(packed).hexdigest()
        final = self.folder / f"{digest}.documents"
        with guarded(self.folder):
            if not _used(final):
                work = self._work(digest)
                work.write_bytes(packed)
                place(work, final)
        self.files[digest] = final
        return digest, len(packed)


def summary(table: Rows, cap: t.Any) -> dict[str, t.Any]:
    """The rows of images with their sums; at a cap in Mbit/s, with the seconds that it takes."""
    sums = {key: sum(row[key] for row in table) for key in ("full", "sent")}
    found: dict[str, t.Any] = {"images": table, **sums}
    if sums["sent"]:
        found["ratio"] = round(sums["full"] / sums["sent"], 1)
    if cap:
        found["limit"] = bytes_per_second(cap)
        found["seconds_at_limit"] = round(sums["sent"] / found["limit"], 1)
    return found


def _used(path: Path) -> bool:
    """Whether it is there; its time says when it was asked for, so that it is not tidied away."""
    if not path.exists():
        return False
    with suppress(OSError):  # a cache may be mounted read-only
        os.utime(path)
    return True


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
