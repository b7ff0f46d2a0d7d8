# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an update of images costs on the way: bytes, and what the node pays to put them together.

`python -m tests.bench.images [--only NAME,...] [--no-limits] [--no-sites]`; pairs are those of
images_pairs.py, built once from package registries. The baseline is what skopeo sends to a registry, gzip
layers. This part needs no node: bytes are those of the plan, and a delta is put together by the code that
nodes run, by a process of its own: pairs_apply_* is the worst of the pairs, most of them far smaller than
the layer of apply_*, which images_node.py measures on a node. limits_missing names tools that are not
installed, without which worst_vs_limit says little. The last line is one JSON object; nothing fails because
of a bar.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bed.paths import cache_root
from bed.shell import BedError

from ansible_collections.lightk8s.edge.plugins.module_utils._images import form, rebuild
from ansible_collections.lightk8s.edge.plugins.module_utils._images.spec import Have
from ansible_collections.lightk8s.edge.plugins.plugin_utils._delta.cache import Deltas
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images import plan
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.cost import Costs
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.export import write_documents
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.kept import Kept
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import (
    Document,
    Image,
    platform_of,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.source import Source

from . import images_limits, images_node, images_sites
from .images_pairs import PAIRS, PLATFORM, Pair, built

BARS = {
    "update_ratio": ">= 20",
    "update_ratio_geomean": ">= 12",
    "worst_vs_limit": "<= 1.25",
    "control_ratio": "<= 1.01",
    "first_install_ratio": "<= 1.05",
    "encodes_extra": "0",
    "controller_peak_mb": "<= 1500",
}
GRACE = 50_000  # bytes that a delta may have beyond the limit's share
OCI = "application/vnd.oci.image"
# On the node: the time of the process, and the memory it took beyond an interpreter that does nothing.
PROGRAM = """
import json, sys, time
def peak():
    lines = open("/proc/self/status").read().splitlines()
    return [int(line.split()[1]) for line in lines if line.startswith("VmHWM")][0]
import hashlib, lzma
idle = peak()
from ansible_collections.lightk8s.edge.plugins.module_utils._images import rebuild
path, roots, name = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
began, size = time.process_time(), 0
for piece in rebuild.rebuilt(path, roots, name):
    size += len(piece)
spent = time.process_time() - began
print(json.dumps({"ms_per_mb": spent * 1e3 / (size / 1e6), "peak_mb": (peak() - idle) * 1024 / 1e6}))
"""


def image_of(tar: Path, reference: str, folder: Path) -> Image:
    """An image of one layer that is not compressed."""
    source = folder / tar.stem
    diff_id = _digest(tar)
    if not source.exists():
        staged = folder / f".{tar.stem}"
        shutil.rmtree(staged, ignore_errors=True)
        (staged / "blobs/sha256").mkdir(parents=True)
        shutil.copyfile(tar, staged / "blobs/sha256" / diff_id[7:])
        rootfs = {"type": "layers", "diff_ids": [diff_id]}
        about = {"os": PLATFORM[0], "architecture": PLATFORM[1], "rootfs": rootfs, "config": {}}
        config = _document(about, "config")
        entry = {"mediaType": config.media_type, "size": len(config.body), "digest": config.digest}
        media = f"{OCI}.layer.v1.tar"
        layer = {"mediaType": media, "size": tar.stat().st_size, "digest": diff_id}
        manifest = _document({"schemaVersion": 2, "config": entry, "layers": [layer]}, "manifest")
        write_documents(staged, reference, [manifest, config])
        staged.rename(source)
    return Source(source, folder).image(reference, platform_of("/".join(PLATFORM)))


def _document(content: dict[str, Any], kind: str) -> Document:
    media = f"{OCI}.{kind}.v1+json"
    body = json.dumps({**content, **({"mediaType": media} if kind == "manifest" else {})}).encode()
    return Document(f"sha256:{hashlib.sha256(body).hexdigest()}", media, body)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"


def as_published(layout: Path, reference: str, folder: Path) -> Image:
    """The image as `skopeo copy` sends it to a registry, which compresses its layers with gzip."""
    source = folder / f"{layout.name}-gzip"
    if not source.exists():
        staged = folder / f".{layout.name}-gzip"
        shutil.rmtree(staged, ignore_errors=True)
        tag = reference.rpartition(":")[2]
        words = ["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-compress-format=gzip"]
        subprocess.run([*words, f"oci:{layout}:{tag}", f"oci:{staged}:{tag}"], check=True)
        staged.rename(source)
    return Source(source, folder).image(reference, platform_of("/".join(PLATFORM)))


class Bench:
    """Pairs as images, and a controller's cache."""

    def __init__(self, only: Sequence[str], folder: Path, scratch: Path) -> None:
        self.folder = folder
        self.scratch = scratch
        self.pairs = [pair for pair in PAIRS if not only or pair.name in only]
        self.tars: dict[tuple[str, str], Path] = {}
        self.images: dict[tuple[str, str], Image] = {}
        for pair in self.pairs:
            for number, which in enumerate(("old", "new")):
                reference = f"bench.example/{pair.name}:{number + 1}"
                tar = self.tars[pair.name, which] = built(pair, which, folder)
                image_of(tar, reference, folder)
                self.images[pair.name, which] = as_published(folder / tar.stem, reference, folder)

    def sites(self) -> dict[str, Any]:
        """All sites at once, on an empty cache, with five of the images."""
        names = [pair.name for pair in self.pairs if not pair.control][:5]
        olds, news = ([self.images[name, which] for name in names] for which in ("old", "new"))
        found = images_sites.fleet(olds, news, self.scratch)
        found["images"] = names
        return found

    def pair(self, pair: Pair, limits: bool) -> dict[str, Any]:
        """One update, and the same image on an empty node."""
        old, new = self.images[pair.name, "old"], self.images[pair.name, "new"]
        tars = self.tars[pair.name, "old"], self.tars[pair.name, "new"]
        kept = Kept(self.scratch / "layers")
        kept.keep(old)
        deltas = Deltas(self.scratch / "deltas", lambda text: print(f"  {text}", flush=True))
        extracted = frozenset(layer.diff_id for layer in old.layers)
        have = Have(frozenset(_parts(old)), extracted, packs=True)
        costs, first = Costs(have, kept, deltas), Costs(Have(), kept, deltas)
        costs.prepare([new])
        first.prepare([new])
        (update,), (install,) = plan.plan([new], have, costs), plan.plan([new], Have(), first)
        found: dict[str, Any] = {
            "layer": update.choices[0].layer.diff_id,
            "raw": tars[1].stat().st_size,
            "baseline": update.full,
            "ours": update.sent,
            "kind": update.choices[0].kind,
            "ratio": update.full / update.sent,
            "first_install": install.sent,
            "xz": images_limits.xz_size(tars[1], self.folder),
        }
        if update.choices[0].kind != plan.BLOB:
            found["apply"] = self._apply(costs, update.choices[0], tars[0])
            path = str(costs.path(update.choices[0], update.choices[0].layer))
            found["streams"] = dict(zip(form.STREAMS, rebuild.head_of(path).streams, strict=True))
        if limits:
            found["limits"] = images_limits.limits(*tars, self.folder)
            best = min(size for size in found["limits"].values() if size)
            found["vs_limit"] = max(0, update.sent - GRACE) / best
        return found

    def _apply(self, costs: Costs, choice: plan.Choice, base: Path) -> dict[str, float]:
        path = costs.path(choice, choice.layer)
        with tempfile.TemporaryDirectory(dir=self.scratch) as root:
            _extract(base, Path(root))
            roots = dict.fromkeys(choice.bases, root)
            words = [sys.executable, "-c", PROGRAM, str(path), json.dumps(roots)]
            done = subprocess.run(
                [*words, choice.layer.diff_id],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                check=True,
                stdout=subprocess.PIPE,
            )
        measured: dict[str, float] = json.loads(done.stdout)
        return measured


def _extract(tar: Path, root: Path) -> None:
    """Its regular files, which are all that a delta reads."""
    with tarfile.open(tar) as archive:
        for about in archive:
            stream = archive.extractfile(about) if about.isreg() else None
            if stream:
                path = root / about.name
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("wb") as out:
                    shutil.copyfileobj(stream, out)


def _parts(image: Image) -> list[str]:
    return [part.digest for part in (*image.indexes, image.manifest, image.config)]


def summary(pairs: dict[str, dict[str, Any]], sites: dict[str, Any] | None) -> dict[str, Any]:
    """The figures of the issue that need no node."""
    control = {pair.name for pair in PAIRS if pair.control}
    updates = [found for name, found in pairs.items() if name not in control]
    figures: dict[str, Any] = {}
    if updates:
        figures["update_ratio"] = sum(f["baseline"] for f in updates) / sum(
            f["ours"] for f in updates
        )
        logs = [math.log(found["ratio"]) for found in updates]
        figures["update_ratio_geomean"] = math.exp(sum(logs) / len(logs))
        figures["first_install_ratio"] = sum(f["first_install"] for f in updates) / sum(
            f["xz"] for f in updates
        )
        applied = [found["apply"] for found in updates if "apply" in found]
        figures["pairs_apply_ms_per_mb"] = max((one["ms_per_mb"] for one in applied), default=None)
        figures["pairs_apply_peak_mb"] = max((one["peak_mb"] for one in applied), default=None)
        if all("vs_limit" in found for found in updates):
            figures["worst_vs_limit"] = max(found["vs_limit"] for found in updates)
            sizes = [size for found in updates for size in found["limits"].items()]
            figures["limits_missing"] = sorted({name for name, size in sizes if size is None})
    for name in control & set(pairs):
        figures["control_ratio"] = pairs[name]["ours"] / pairs[name]["baseline"]
    if sites:
        figures["encodes_extra"] = sites["encodes"] - sites["pairs"]
        figures["controller_peak_mb"] = sites["peak_mb"]
    return figures


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", help="names of pairs, separated by commas")
    parser.add_argument("--no-limits", action="store_true", help="leave the other tools out")
    parser.add_argument("--no-sites", action="store_true", help="leave the many sites out")
    parser.add_argument("--no-node", action="store_true", help="leave the node out")
    words = parser.parse_args()
    folder = cache_root() / "bench-images"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".run-") as scratch:
        bench = Bench([name for name in words.only.split(",") if name], folder, Path(scratch))
        sites = None if words.no_sites else bench.sites()
        print(json.dumps({"sites": sites}), flush=True)
        pairs = {}
        for pair in bench.pairs:
            pairs[pair.name] = bench.pair(pair, not words.no_limits)
            print(json.dumps({pair.name: pairs[pair.name]}), flush=True)
    figures = summary(pairs, sites)
    if not words.no_node:  # what a real node says of applying counts, not this machine
        try:
            figures |= images_node.measure()
        except BedError as error:  # what needs no node is told all the same
            figures["node_failed"] = str(error)[-2000:]
    for name, value in figures.items():
        if name in BARS | images_node.BARS:
            print(f"{name:24} {value!s:24} {(BARS | images_node.BARS)[name]}")
    print(json.dumps({**figures, "pairs": pairs, "sites": sites}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
