# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives: programs packed behind a launcher, images of one program, tars of both."""

from __future__ import annotations

import functools
import gzip
import hashlib
import io
import json
import platform
import shutil
import struct
import subprocess
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from . import build
from .shell import BedError

ARCH = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), "amd64")
MAGIC = b"EDGEPACK"
Entry = tuple[tarfile.TarInfo, Path | bytes]


def sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def program(target: Path, front: Path, payload: Path, version: str, behaviour: str) -> None:
    """The one file of a release: a program, what is packed behind it, and which release it is."""
    identity = hashlib.sha256(f"{sha256(front)} {sha256(payload)} {version} {behaviour}".encode())
    document = json.dumps(
        {
            "version": version,
            "commit": hashlib.sha1(version.encode(), usedforsecurity=False).hexdigest(),
            "id": identity.hexdigest(),
            "behaviour": behaviour,
        }
    ).encode()
    with target.open("wb") as out:
        for path in (front, payload):
            with path.open("rb") as part:
                shutil.copyfileobj(part, out, 1 << 20)
        out.write(document)
        out.write(MAGIC + struct.pack("<QQ", payload.stat().st_size, len(document)))
    target.chmod(0o755)


def pack(cache: Path, target: Path, entries: Iterable[Entry]) -> None:
    """Write a zstd-compressed tar; `target` appears when it is complete."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"part-{target.name}")
    packer = build.folder(cache, "common") / "pack"
    with (
        part.open("wb") as out,
        subprocess.Popen([str(packer)], stdin=subprocess.PIPE, stdout=out) as process,
    ):
        if process.stdin is None:
            raise BedError("pack has no standard input")
        with tarfile.open(fileobj=process.stdin, mode="w|") as tar:
            fill(tar, entries)
        process.stdin.close()
    if process.returncode:
        raise BedError(f"pack failed with {process.returncode}")
    part.rename(target)


def fill(tar: tarfile.TarFile, entries: Iterable[Entry]) -> None:
    for info, content in entries:
        if isinstance(content, bytes):
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        else:
            info.size = content.stat().st_size
            with content.open("rb") as handle:
                tar.addfile(info, handle)


def entry(name: str, mode: int = 0o755) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.mode = mode
    return info


def link(name: str, target: str) -> Entry:
    info = entry(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info, b""


@dataclass(frozen=True)
class Image:
    """An image of one program."""

    reference: str
    program: Path
    user: str = ""
    folder: str = ""  # where it is in the image, with a slash at the end


def docker_archive(images: Iterable[Image], *, compress: bool = False) -> list[Entry]:
    """One archive of several images; what they share is in it once."""
    files: dict[str, bytes] = {}
    manifest = []
    for image in images:
        layer = _layer(image.program, image.folder)
        digest = hashlib.sha256(layer).hexdigest()
        config = _config(image, digest)
        names = f"{hashlib.sha256(config).hexdigest()}.json", f"{digest}/layer.tar"
        files[names[0]] = config
        files[names[1]] = _compressed(layer) if compress else layer
        manifest.append(
            {"Config": names[0], "RepoTags": [image.reference], "Layers": [names[1]]},
        )
    files["manifest.json"] = json.dumps(manifest).encode()
    return [(entry(name, 0o644), content) for name, content in files.items()]


def _config(image: Image, layer: str) -> bytes:
    return json.dumps(
        {
            "architecture": ARCH,
            "os": "linux",
            "config": {
                "Entrypoint": [f"/{image.folder}{image.program.name}"],
                "Env": ["PATH=/"],
                "User": image.user,
            },
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer}"]},
            "history": [{"created_by": "lightk8s test bed"}],
        }
    ).encode()


@functools.cache
def _layer(path: Path, folder: str) -> bytes:
    out = io.BytesIO()
    passwd = entry("etc/passwd", 0o644), b"root:x:0:0:root:/:/none\n"
    with tarfile.open(fileobj=out, mode="w") as tar:
        fill(tar, [(entry(folder + path.name), path), passwd])
    return out.getvalue()


@functools.cache
def _compressed(layer: bytes) -> bytes:
    return gzip.compress(layer, compresslevel=1, mtime=0)


def archive(target: Path, images: list[Image], *, compress: bool = False) -> None:
    """A docker archive, not compressed as a whole; its layers are, if asked for."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"part-{target.name}")
    with tarfile.open(part, "w") as tar:
        fill(tar, docker_archive(images, compress=compress))
    part.rename(target)
