# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The releases of K3s, or of its stand-in."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from . import build
from .kit import Kit, Release
from .packing import ARCH, Entry, Image, docker_archive, entry, link, pack, program, sha256

BINARY = "k3s" if ARCH == "amd64" else f"k3s-{ARCH}"
SUMS = f"sha256sum-{ARCH}.txt"
IMAGES = f"k3s-airgap-images-{ARCH}.tar"
PAUSE = "docker.io/rancher/mirrored-pause:3.6"
COREDNS = "docker.io/rancher/mirrored-coredns-coredns:1.12.4"

RELEASES = (
    Release("v1.34.2+k3s1", official=True),
    Release("v1.34.2+k3s2"),
    Release("v1.34.3+k3s1", official=True),
    Release("v1.35.0+k3s1", official=True),
    Release("v1.34.4+k3s1", "never-ready"),
    Release("v1.34.5+k3s1", "no-start"),
)
CHANNELS = {
    "stable": "v1.34.2+k3s1",
    "latest": "v1.35.0+k3s1",
    "v1.34": "v1.34.3+k3s1",
    "v1.35": "v1.35.0+k3s1",
}


def _assemble(cache: Path, root: Path, release: Release) -> None:
    folder = root / "mirror" / release.version
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    payload, images = _payload(cache, root), _images(cache, root)
    launcher = build.folder(cache, "k3s") / "launcher"
    program(folder / BINARY, launcher, payload, release.version, release.behaviour)
    os.link(images, folder / f"{IMAGES}.zst")
    (folder / "k3s-images.txt").write_text(f"{COREDNS}\n{PAUSE}\n", encoding="utf-8")
    names = sorted(path.name for path in folder.iterdir() if path.name != "k3s-images.txt")
    lines = [f"{sha256(folder / name)}  {name}\n" for name in names]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def _payload(cache: Path, root: Path) -> Path:
    """The programs that the launcher unpacks."""
    target = root / "payload.tar.zst"
    if target.exists():
        return target
    entries: list[Entry] = []
    for part in ("kube", "containerd", "cni"):
        programs = sorted(build.folder(cache, part).iterdir())
        entries += [(entry(f"bin/{program.name}"), program) for program in programs]
    entries += [link(f"bin/{name}", "k3s") for name in ("kubectl", "crictl")]
    # last: its presence says that the folder is complete
    entries.append((entry("bin/k3s"), build.folder(cache, "k3s") / "k3s"))
    pack(cache, target, entries)
    return target


def _images(cache: Path, root: Path) -> Path:
    """The air-gap archive of K3s' own images."""
    target = root / f"{IMAGES}.zst"
    if not target.exists():
        images = [
            Image(PAUSE, build.folder(cache, "probe") / "pause"),
            Image(COREDNS, build.folder(cache, "coredns") / "coredns"),
        ]
        pack(cache, target, docker_archive(images))
    return target


def _index(mirror: Path) -> None:
    (mirror / "channels").write_text(json.dumps(_channels(), indent=1), encoding="utf-8")


def _channels() -> dict[str, object]:
    base = "https://update.k3s.io/v1-release/channels"
    data = [
        {
            "id": name,
            "type": "channel",
            "links": {"self": f"{base}/{name}"},
            "name": name,
            "latest": version,
        }
        for name, version in CHANNELS.items()
    ]
    return {
        "type": "collection",
        "links": {"self": base},
        "actions": {},
        "resourceType": "channels",
        "data": data,
    }


def _assets(version: str) -> tuple[str, ...]:
    return (BINARY, f"{IMAGES}.zst", "k3s-images.txt")


KIT = Kit(
    name="k3s",
    parts=("kube", "containerd", "coredns", "cni", "probe", "common", "k3s"),
    releases=RELEASES,
    official="https://github.com/k3s-io/k3s/releases/download",
    sums=SUMS,
    assets=_assets,
    assemble=_assemble,
    index=_index,
)
