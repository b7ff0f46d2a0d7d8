# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder laid out as a K3s release mirror: the stand-in's releases, or official ones."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import shutil
import struct
import subprocess
import tarfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from . import build
from .build import Log
from .paths import locked
from .shell import BedError

ARCH = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), "amd64")
BINARY = "k3s" if ARCH == "amd64" else f"k3s-{ARCH}"
SUMS = f"sha256sum-{ARCH}.txt"
IMAGES = f"k3s-airgap-images-{ARCH}.tar"
OFFICIAL = "https://github.com/k3s-io/k3s/releases/download"
OFFICIAL_TIMEOUT = 5.0
MAGIC = b"K3SPACK1"

PAUSE = "docker.io/rancher/mirrored-pause:3.6"
COREDNS = "docker.io/rancher/mirrored-coredns-coredns:1.12.4"
PROBE = "docker.io/lightk8s/probe:1"


@dataclass(frozen=True)
class Release:
    """A release of the stand-in. Behaviours: normal, never-ready, no-start."""

    version: str
    behaviour: str = "normal"
    official: bool = False


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


def kind() -> str:
    """Official or standin, as TESTBED_RELEASES says; auto asks the official URL."""
    wanted = os.environ.get("TESTBED_RELEASES", "auto")
    if wanted not in ("official", "standin", "auto"):
        raise BedError(f"TESTBED_RELEASES={wanted}: use official, standin or auto")
    if wanted != "auto":
        return wanted
    try:
        with urllib.request.urlopen(_url(RELEASES[0], SUMS), timeout=OFFICIAL_TIMEOUT) as answer:
            text = answer.read(200)
    except OSError:
        return "standin"
    return "official" if text[64:66] == b"  " else "standin"


def ensure(cache: Path, releases: Iterable[Release] = RELEASES, log: Log = print) -> Path:
    """The mirror with these releases. The probe's archive is at `../images/probe.tar`."""
    build.ensure(cache, log)
    root = cache / f"{kind()}-{_digest()}"
    with locked("mirror"):
        _archive(root / "images" / "probe.tar", [_probe(cache)])
        mirror = root / "mirror"
        mirror.mkdir(exist_ok=True)
        for release in releases:
            if not (mirror / release.version / SUMS).exists():
                _provide(cache, root, release, log)
        (mirror / "channels").write_text(json.dumps(_channels(), indent=1), encoding="utf-8")
        _sweep(root)
    return mirror


def _provide(cache: Path, root: Path, release: Release, log: Log) -> None:
    started = time.monotonic()
    if root.name.startswith("standin"):
        _assemble(cache, root, release)
    elif release.official:
        _download(root / "mirror", release)
    else:
        return
    log(f"release {release.version}: {time.monotonic() - started:.0f} s")


def _digest() -> str:
    recipe = hashlib.sha256(Path(__file__).read_bytes())
    for part in build.PARTS:
        recipe.update(build.digest(part).encode())
    return recipe.hexdigest()[:12]


def _sweep(kept: Path) -> None:
    """Keep the newest two mirrors: somebody may still use the one before."""
    others = [p for p in kept.parent.glob(f"{kept.name.split('-')[0]}-*") if p != kept]
    for old in sorted(others, key=lambda p: p.stat().st_mtime)[:-1]:
        shutil.rmtree(old, ignore_errors=True)


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


# --- official releases -------------------------------------------------------------------------


def _url(release: Release, asset: str) -> str:
    return f"{OFFICIAL}/{urllib.parse.quote(release.version)}/{asset}"


def _download(mirror: Path, release: Release) -> None:
    """The list of sums comes last and marks it complete."""
    folder = mirror / release.version
    folder.mkdir(parents=True, exist_ok=True)
    for asset in (BINARY, f"{IMAGES}.zst", "k3s-images.txt", SUMS):
        part = folder / f"part-{asset}"
        url = _url(release, asset)
        with urllib.request.urlopen(url, timeout=60) as answer, part.open("wb") as out:
            shutil.copyfileobj(answer, out)
        part.rename(folder / asset)


# --- the stand-in ------------------------------------------------------------------------------


def _assemble(cache: Path, root: Path, release: Release) -> None:
    folder = root / "mirror" / release.version
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    payload, images = _payload(cache, root), _images(cache, root)
    launcher = build.folder(cache, "k3s") / "launcher"
    trailer = _trailer(release, payload)
    with (folder / BINARY).open("wb") as out:
        for path in (launcher, payload):
            with path.open("rb") as part:
                shutil.copyfileobj(part, out, 1 << 20)
        out.write(trailer)
        out.write(MAGIC + struct.pack("<QQ", payload.stat().st_size, len(trailer)))
    (folder / BINARY).chmod(0o755)
    os.link(images, folder / f"{IMAGES}.zst")
    (folder / "k3s-images.txt").write_text(f"{COREDNS}\n{PAUSE}\n", encoding="utf-8")
    names = sorted(path.name for path in folder.iterdir() if path.name != "k3s-images.txt")
    lines = [f"{_sha256(folder / name)}  {name}\n" for name in names]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _trailer(release: Release, payload: Path) -> bytes:
    commit = hashlib.sha1(release.version.encode(), usedforsecurity=False).hexdigest()
    identity = hashlib.sha256(f"{_sha256(payload)} {release}".encode()).hexdigest()
    document = {
        "version": release.version,
        "commit": commit,
        "id": identity,
        "behaviour": release.behaviour,
    }
    return json.dumps(document).encode()


def _pack(
    cache: Path, target: Path, entries: Iterable[tuple[tarfile.TarInfo, Path | bytes]]
) -> None:
    """Write a zstd-compressed tar; `target` appears when it is complete."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"part-{target.name}")
    packer = build.folder(cache, "k3s") / "pack"
    with (
        part.open("wb") as out,
        subprocess.Popen([str(packer)], stdin=subprocess.PIPE, stdout=out) as process,
    ):
        if process.stdin is None:
            raise BedError("pack has no standard input")
        with tarfile.open(fileobj=process.stdin, mode="w|") as tar:
            _fill(tar, entries)
        process.stdin.close()
    if process.returncode:
        raise BedError(f"pack failed with {process.returncode}")
    part.rename(target)


def _fill(tar: tarfile.TarFile, entries: Iterable[tuple[tarfile.TarInfo, Path | bytes]]) -> None:
    for info, content in entries:
        if isinstance(content, bytes):
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        else:
            info.size = content.stat().st_size
            with content.open("rb") as handle:
                tar.addfile(info, handle)


def _entry(name: str, mode: int = 0o755) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.mode = mode
    return info


def _link(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    info = _entry(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info, b""


def _payload(cache: Path, root: Path) -> Path:
    """The programs that the launcher unpacks."""
    target = root / "payload.tar.zst"
    if target.exists():
        return target
    entries: list[tuple[tarfile.TarInfo, Path | bytes]] = []
    for part in ("kube", "containerd", "cni"):
        programs = sorted(build.folder(cache, part).iterdir())
        entries += [(_entry(f"bin/{program.name}"), program) for program in programs]
    entries += [_link(f"bin/{name}", "k3s") for name in ("kubectl", "crictl")]
    # last: its presence says that the folder is complete
    entries.append((_entry("bin/k3s"), build.folder(cache, "k3s") / "k3s"))
    _pack(cache, target, entries)
    return target


# --- images ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Image:
    """An image of one program."""

    reference: str
    program: Path
    user: str = ""


def _probe(cache: Path) -> Image:
    return Image(PROBE, build.folder(cache, "probe") / "probe")


def _docker_archive(images: Iterable[Image]) -> list[tuple[tarfile.TarInfo, bytes]]:
    entries: list[tuple[tarfile.TarInfo, bytes]] = []
    manifest = []
    for image in images:
        layer = _layer(image.program)
        layer_digest = hashlib.sha256(layer).hexdigest()
        config = json.dumps(
            {
                "architecture": ARCH,
                "os": "linux",
                "config": {
                    "Entrypoint": [f"/{image.program.name}"],
                    "Env": ["PATH=/"],
                    "User": image.user,
                },
                "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer_digest}"]},
                "history": [{"created_by": "lightk8s test bed"}],
            }
        ).encode()
        config_digest = hashlib.sha256(config).hexdigest()
        entries.append((_entry(f"{config_digest}.json", 0o644), config))
        entries.append((_entry(f"{layer_digest}/layer.tar", 0o644), layer))
        manifest.append(
            {
                "Config": f"{config_digest}.json",
                "RepoTags": [image.reference],
                "Layers": [f"{layer_digest}/layer.tar"],
            }
        )
    entries.append((_entry("manifest.json", 0o644), json.dumps(manifest).encode()))
    return entries


def _layer(program: Path) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        _fill(
            tar,
            [
                (_entry(program.name), program),
                (_entry("etc/passwd", 0o644), b"root:x:0:0:root:/:/none\n"),
            ],
        )
    return out.getvalue()


def _archive(target: Path, images: list[Image]) -> None:
    """An uncompressed docker archive."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"part-{target.name}")
    with tarfile.open(part, "w") as tar:
        _fill(tar, _docker_archive(images))
    part.rename(target)


def _images(cache: Path, root: Path) -> Path:
    """The air-gap archive of K3s' own images."""
    target = root / f"{IMAGES}.zst"
    if not target.exists():
        images = [
            Image(PAUSE, build.folder(cache, "probe") / "pause"),
            Image(COREDNS, build.folder(cache, "coredns") / "coredns"),
        ]
        _pack(cache, target, _docker_archive(images))
    return target
