# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders laid out as a distribution's release mirror: the stand-in's releases, or official."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
import urllib.parse
import urllib.request
from collections.abc import Iterable
from pathlib import Path

from . import build, k0s_releases, k3s_releases, kubeedge_releases, microk8s_releases
from .build import Log
from .k3s_releases import BINARY, COREDNS, IMAGES, SUMS
from .kit import Kit, Release
from .packing import ARCH, Image, archive
from .paths import locked
from .shell import BedError

__all__ = ["ARCH", "BINARY", "COREDNS", "IMAGES", "PROBE", "SUMS", "Release", "ensure", "kind"]
KITS: dict[str, Kit] = {
    kit.name: kit
    for kit in (k3s_releases.KIT, k0s_releases.KIT, microk8s_releases.KIT, kubeedge_releases.KIT)
}
OFFICIAL_TIMEOUT = 5.0
LOOKS_LIKE_SUMS = re.compile(rb"[0-9a-f]{64}(  | \*)|[0-9a-f]{128}\s")
PROBE = "docker.io/lightk8s/probe:1"


def kind(distribution: str = "k3s") -> str:
    """Official or standin, as TESTBED_RELEASES says; auto asks the official URL."""
    wanted = os.environ.get("TESTBED_RELEASES", "auto")
    if wanted not in ("official", "standin", "auto"):
        raise BedError(f"TESTBED_RELEASES={wanted}: use official, standin or auto")
    kit = KITS[distribution]
    if not kit.official:  # nobody publishes mirrors of it
        return "standin"
    if wanted != "auto":
        return wanted
    try:
        url = _url(kit, kit.releases[0], kit.sums_of(kit.releases[0].version))
        with urllib.request.urlopen(url, timeout=OFFICIAL_TIMEOUT) as answer:
            text = answer.read(200)
    except OSError:
        return "standin"
    return "official" if LOOKS_LIKE_SUMS.match(text) else "standin"


def ensure(
    cache: Path,
    releases: Iterable[Release] | None = None,
    log: Log = print,
    distribution: str = "k3s",
) -> Path:
    """The mirror with these releases, or all. The probe's archive is at `../images/probe.tar`."""
    kit = KITS[distribution]
    build.ensure(cache, log, kit.parts)
    root = cache / f"{kit.name}-{kind(distribution)}-{_digest(kit)}"
    with locked("mirror"):
        probe = build.folder(cache, "probe") / "probe"
        archive(root / "images" / "probe.tar", [Image(PROBE, probe)])
        mirror = root / "mirror"
        mirror.mkdir(exist_ok=True)
        for release in kit.releases if releases is None else releases:
            if not (mirror / release.version / kit.sums_of(release.version)).exists():
                _provide(kit, cache, root, release, log)
        kit.index(mirror)
        _sweep(root)
    return mirror


def _provide(kit: Kit, cache: Path, root: Path, release: Release, log: Log) -> None:
    started = time.monotonic()
    if "-standin-" in root.name:
        kit.assemble(cache, root, release)
    elif release.official:
        _download(kit, root / "mirror", release)
    else:
        return
    log(f"release {release.version}: {time.monotonic() - started:.0f} s")


def _digest(kit: Kit) -> str:
    recipe = hashlib.sha256()
    for name in ("mirror", "packing", f"{kit.name}_releases"):
        recipe.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    for name in kit.parts:
        recipe.update(build.digest(build.part_named(name)).encode())
    return recipe.hexdigest()[:12]


def _sweep(kept: Path) -> None:
    """Keep the newest three mirrors: other clones of this repository may be using them."""
    others = [p for p in kept.parent.glob(f"{kept.name.rsplit('-', 1)[0]}-*") if p != kept]
    for old in sorted(others, key=lambda p: p.stat().st_mtime)[:-2]:
        shutil.rmtree(old, ignore_errors=True)


def _url(kit: Kit, release: Release, asset: str) -> str:
    names = urllib.parse.quote(release.version), urllib.parse.quote(asset)
    return f"{kit.official}/{names[0]}/{names[1]}"


def _download(kit: Kit, mirror: Path, release: Release) -> None:
    """The list of sums comes last and marks it complete."""
    folder = mirror / release.version
    folder.mkdir(parents=True, exist_ok=True)
    for asset in (*kit.assets(release.version), kit.sums_of(release.version)):
        part = folder / f"part-{asset}"
        url = _url(kit, release, asset)
        with urllib.request.urlopen(url, timeout=60) as answer, part.open("wb") as out:
            shutil.copyfileobj(answer, out)
        part.rename(folder / asset)
