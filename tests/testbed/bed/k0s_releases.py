# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The releases of k0s, or of its stand-in."""

from __future__ import annotations

import shutil
from pathlib import Path

from . import build
from .kit import Kit, Release
from .packing import ARCH, Entry, Image, archive, entry, pack, program, sha256

SUMS = "sha256sums.txt"
RELEASES = (
    Release("v1.34.2+k0s.0", official=True),
    Release("v1.34.2+k0s.1"),
    Release("v1.34.3+k0s.0", official=True),
    Release("v1.35.1+k0s.0", official=True),
    Release("v1.36.0+k0s.0"),
    Release("v1.34.4+k0s.0", "never-ready"),
    Release("v1.34.5+k0s.0", "no-start"),
)
POINTERS = {"stable.txt": "v1.34.2+k0s.0", "latest.txt": "v1.35.1+k0s.0"}
REGISTRY = "quay.io/k0sproject"
PAUSE = f"{REGISTRY}/pause:3.10.1"
COREDNS = f"{REGISTRY}/coredns:1.13.1"
OTHERS = (
    "calico-cni:v3.29.6-0",
    "calico-kube-controllers:v3.29.6-0",
    "calico-node:v3.29.6-0",
    "apiserver-network-proxy-agent:v0.33.0",
    "kube-router:v2.6.2-iptables1.8.11-0",
    "cni-node:1.8.0-k0s.0",
    "metrics-server:v0.7.2-0",
)


def binary(version: str) -> str:
    return f"k0s-{version}-{ARCH}"


def bundle(version: str) -> str:
    """The air-gap bundle; from 1.36 on its name has the system and a suffix."""
    newer = int(version.split(".")[1]) >= 36
    return f"k0s-airgap-bundle-{version}-" + (f"linux-{ARCH}.tar" if newer else ARCH)


def image_names(version: str) -> list[str]:
    """What the bundle holds. All but pause and CoreDNS are programs that only wait."""
    kube = version.partition("+")[0]
    waiting = [f"{REGISTRY}/{name}" for name in (*OTHERS, f"kube-proxy:{kube}")]
    return sorted([PAUSE, COREDNS, *waiting])


def _assets(version: str) -> tuple[str, ...]:
    return (binary(version), bundle(version))


def _assemble(cache: Path, root: Path, release: Release) -> None:
    version = release.version
    folder = root / "mirror" / version
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    front = build.folder(cache, "k0s") / "k0s"
    program(folder / binary(version), front, _payload(cache, root), version, release.behaviour)
    names = image_names(version)
    archive(folder / bundle(version), [_image(cache, name) for name in names], compress=True)
    listing = "".join(f"{name}\n" for name in names)
    (folder / "airgap-images-list.txt").write_text(listing, encoding="utf-8")
    lines = [f"{sha256(path)} *{path.name}\n" for path in sorted(folder.iterdir())]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def _image(cache: Path, reference: str) -> Image:
    if reference == COREDNS:
        return Image(reference, build.folder(cache, "coredns") / "coredns")
    return Image(reference, build.folder(cache, "probe") / "pause")


def _payload(cache: Path, root: Path) -> Path:
    """The programs that the stand-in stages."""
    target = root / "payload.tar.zst"
    if not target.exists():
        entries: list[Entry] = []
        for part in ("kube", "containerd", "cni"):
            programs = sorted(build.folder(cache, part).iterdir())
            entries += [(entry(path.name), path) for path in programs]
        pack(cache, target, entries)
    return target


def _index(mirror: Path) -> None:
    for name, version in POINTERS.items():
        (mirror / name).write_text(version + "\n", encoding="utf-8")


KIT = Kit(
    name="k0s",
    parts=("kube", "containerd", "coredns", "cni", "probe", "common", "k0s"),
    releases=RELEASES,
    official="https://github.com/k0sproject/k0s/releases/download",
    sums=SUMS,
    assets=_assets,
    assemble=_assemble,
    index=_index,
)
