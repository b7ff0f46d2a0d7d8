# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The releases of MicroK8s' stand-in: what `snap download` leaves behind, a folder for each.

There is no official mirror: the snap store hands out snaps by revision. A version is that of the
snap with its revision behind it.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from . import build
from .build import GO_SOURCES
from .kit import Kit, Release
from .packing import ARCH, Image, archive, sha256
from .shell import run

SUMS = "SHA256SUMS"
IMAGES = f"microk8s-images-{ARCH}.tar"
RELEASES = (
    Release("v1.34.2+microk8s.8511"),
    Release("v1.34.2+microk8s.8594"),
    Release("v1.34.3+microk8s.8622"),
    Release("v1.35.1+microk8s.8701"),
    Release("v1.34.4+microk8s.8650", "never-ready"),
    Release("v1.34.5+microk8s.8655", "no-start"),
)
CHANNELS = {
    "1.34/stable": "v1.34.2+microk8s.8511",
    "1.34/candidate": "v1.34.3+microk8s.8622",
    "1.35/stable": "v1.35.1+microk8s.8701",
    "latest/stable": "v1.35.1+microk8s.8701",
    "stable": "v1.34.2+microk8s.8511",
    "latest": "v1.35.1+microk8s.8701",
}
# What MicroK8s stands on: name, type, revision, version. Nothing in them is used here.
BASES = (("core22", "base", 2045, "20250822"), ("snapd", "snapd", 24792, "2.70"))
PAUSE = "registry.k8s.io/pause:3.10"
COREDNS = "docker.io/coredns/coredns:1.13.1"
OTHERS = (
    "docker.io/cdkbot/hostpath-provisioner:1.6.0",
    "registry.k8s.io/metrics-server/metrics-server:v0.8.0",
    "docker.io/library/busybox:1.28.4",
)
HOOKS = ("install", "configure", "post-refresh", "remove")
SERVICES = (
    "apiservice-kicker",
    *(
        f"run-{name}-with-args"
        for name in (
            *("apiserver-proxy", "cluster-agent", "containerd", "etcd", "flanneld", "k8s-dqlite"),
            "kubelite",
        )
    ),
)
COMMANDS = (
    *("add-node", "config", "ctr", "disable", "enable", "images", "join", "kubectl", "leave"),
    *("refresh-certs", "remove-node", "reset", "start", "status", "stop", "version"),
)


def _assets(version: str) -> tuple[str, ...]:
    revision = version.rpartition(".")[2]
    snaps = [("microk8s", revision), *((base[0], str(base[2])) for base in BASES)]
    files = [f"{name}_{number}.{end}" for name, number in snaps for end in ("snap", "assert")]
    return (*files, IMAGES)


def _assemble(cache: Path, root: Path, release: Release) -> None:
    folder = root / "mirror" / release.version
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    revision = release.version.rpartition(".")[2]
    snaps = [(_program(cache, root, release), f"microk8s_{revision}")]
    snaps += [(_base(root, *base), f"{base[0]}_{base[2]}") for base in BASES]
    for packed, name in snaps:
        os.link(packed, folder / f"{name}.snap")
    _assertions(cache, folder)
    archive(root / IMAGES, [_image(cache, name) for name in (PAUSE, COREDNS, *OTHERS)])
    os.link(root / IMAGES, folder / IMAGES)
    lines = [f"{sha256(path)}  {path.name}\n" for path in sorted(folder.iterdir())]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def _image(cache: Path, reference: str) -> Image:
    if reference == COREDNS:
        return Image(reference, build.folder(cache, "coredns") / "coredns")
    return Image(reference, build.folder(cache, "probe") / "pause")


def _program(cache: Path, root: Path, release: Release) -> Path:
    """The snap of a release: the real programs, and one of ours under many names."""
    version = release.version.partition("+")[0]
    tree = root / "snap-part"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(GO_SOURCES / "microk8s" / "snap", tree)
    meta = tree / "meta" / "snap.yaml"
    text = meta.read_text(encoding="utf-8").replace("VERSION", version).replace("ARCH", ARCH)
    meta.write_text(text, encoding="utf-8")
    about = {"release": release.version, "kubernetes": version, "behaviour": release.behaviour}
    (tree / "standin.json").write_text(json.dumps(about), encoding="utf-8")
    for part, place in (("kube", "bin"), ("containerd", "bin"), ("cni", "opt/cni/bin")):
        (tree / place).mkdir(parents=True, exist_ok=True)
        for program in build.folder(cache, part).iterdir():
            os.link(program, tree / place / program.name)
    ours = build.folder(cache, "microk8s") / "microk8s"
    (tree / "meta" / "hooks").mkdir()
    names = [f"meta/hooks/{name}" for name in HOOKS]
    names += [*SERVICES, "microk8s.wrapper", *(f"microk8s-{name}.wrapper" for name in COMMANDS)]
    for name in names:
        os.link(ours, tree / name)
    return _pack(tree, root / f"microk8s-{release.version}.snap")


def _base(root: Path, name: str, kind: str, number: int, version: str) -> Path:
    target = root / f"{name}_{number}.snap"
    if target.exists():
        return target
    tree = root / "snap-part"
    shutil.rmtree(tree, ignore_errors=True)
    (tree / "meta").mkdir(parents=True)
    text = (
        f"name: {name}\nversion: '{version}'\nsummary: An empty stand-in\n"
        f"description: Nothing is in it.\ntype: {kind}\narchitectures: [{ARCH}]\n"
    )
    (tree / "meta" / "snap.yaml").write_text(text, encoding="utf-8")
    if kind == "snapd":
        # older than any that looks here: a snapd goes on itself instead of in this one
        (tree / "usr" / "lib" / "snapd").mkdir(parents=True)
        (tree / "usr" / "lib" / "snapd" / "info").write_text("VERSION=2.0\n", encoding="utf-8")
    return _pack(tree, target)


def _pack(tree: Path, target: Path) -> Path:
    part = target.with_name(f"part-{target.name}")
    part.unlink(missing_ok=True)
    options = ("-noappend", "-no-progress", "-no-xattrs", "-all-root", "-comp", "zstd")
    level = ("-Xcompression-level", "1", "-mkfs-time", "0", "-all-time", "0")
    run(["nice", "mksquashfs", str(tree), str(part), *options, *level], timeout=600)
    shutil.rmtree(tree)
    part.rename(target)
    return target


def _assertions(cache: Path, folder: Path) -> None:
    """An assertion beside each snap: of the right form, signed by a key that nobody knows."""
    program = build.folder(cache, "microk8s") / "assert"
    run([str(program), *map(str, sorted(folder.glob("*.snap")))])


def _index(mirror: Path) -> None:
    data = [{"id": name, "name": name, "latest": tag} for name, tag in CHANNELS.items()]
    (mirror / "channels").write_text(json.dumps({"data": data}, indent=1), encoding="utf-8")


KIT = Kit(
    name="microk8s",
    parts=("kube", "containerd", "coredns", "cni", "probe", "common", "microk8s"),
    releases=RELEASES,
    official="",
    sums=SUMS,
    assets=_assets,
    assemble=_assemble,
    index=_index,
)
