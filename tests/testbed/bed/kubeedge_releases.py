# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The releases of KubeEdge, or of its stand-in."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import tarfile
from pathlib import Path

from . import build, kubeedge_manifests
from .kit import Kit, Release
from .packing import ARCH, Entry, Image, archive, entry, fill, pack, program

SUMS = f"checksum_keadm-{{version}}-linux-{ARCH}.tar.gz.txt"
RELEASES = (
    Release("v1.23.1", official=True),
    Release("v1.23.2"),
    Release("v1.24.0"),
    Release("v1.23.3", "never-ready"),
    Release("v1.23.4", "no-start"),
)
LATEST = "v1.23.1"
INSTALLATION = "docker.io/kubeedge/installation-package"
PAUSES = ("docker.io/kubeedge/pause:3.6", "registry.k8s.io/pause:3.6")
FRONTS = ("cloudcore", "edgecore", "keadm")


def asset(name: str, version: str) -> str:
    return f"{name}-{version}-linux-{ARCH}.tar.gz"


def _assets(version: str) -> tuple[str, ...]:
    programs, keadm = asset("kubeedge", version), asset("keadm", version)
    return (programs, f"checksum_{programs}.txt", keadm)


def _assemble(cache: Path, root: Path, release: Release) -> None:
    version = release.version
    folder = root / "mirror" / version
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    programs = {name: _program(cache, root, release, name) for name in FRONTS}
    kubeedge_manifests.write(folder / "build")
    _images(cache, root, version, programs["edgecore"])
    contents = {
        "kubeedge": {
            "cloud/cloudcore/cloudcore": programs["cloudcore"],
            "edge/edgecore": programs["edgecore"],
        },
        "keadm": {"keadm/keadm": programs["keadm"]},
    }
    for name, files in contents.items():
        target = folder / asset(name, version)
        _tarball(target, version, files)
        with target.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha512").hexdigest()
        sums = folder / f"checksum_{target.name}.txt"
        sums.write_text(f"{digest}\n", encoding="utf-8")


def _program(cache: Path, root: Path, release: Release, name: str) -> Path:
    """A program as installed; the kubelet is packed into edgecore only."""
    target = root / "programs" / release.version / name
    target.parent.mkdir(parents=True, exist_ok=True)
    payload = root / ("kubelet.tar.zst" if name == "edgecore" else "nothing.tar.zst")
    if not payload.exists():
        kubelet: Entry = (entry("edged"), build.folder(cache, "kube") / "kube")
        pack(cache, payload, [kubelet] if name == "edgecore" else [])
    front = build.folder(cache, "kubeedge") / name
    program(target, front, payload, release.version, release.behaviour)
    return target


def _tarball(target: Path, version: str, files: dict[str, Path]) -> None:
    top = target.name.removesuffix(".tar.gz")
    entries: list[Entry] = [(entry(f"{top}/version", 0o644), f"{version}\n".encode())]
    entries += [(entry(f"{top}/{name}"), path) for name, path in files.items()]
    with (
        target.open("wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|") as tar,
    ):
        fill(tar, entries)


def _images(cache: Path, root: Path, version: str, edgecore: Path) -> None:
    pause = build.folder(cache, "probe") / "pause"
    archive(root / "images" / "pause.tar", [Image(name, pause) for name in PAUSES])
    package = Image(f"{INSTALLATION}:{version}", edgecore, folder="usr/local/bin/")
    archive(root / "images" / f"installation-package-{version}.tar", [package])


def _index(mirror: Path) -> None:
    (mirror / "latestversion").write_text(f"{LATEST}\n", encoding="utf-8")


KIT = Kit(
    name="kubeedge",
    parts=("kube", "probe", "common", "kubeedge"),
    releases=RELEASES,
    official="https://github.com/kubeedge/kubeedge/releases/download",
    sums=SUMS,
    assets=_assets,
    assemble=_assemble,
    index=_index,
)
