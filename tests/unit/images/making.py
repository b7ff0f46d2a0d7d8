# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images in every form a source may have, made from plain descriptions."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import typing as t
from dataclasses import dataclass
from pathlib import Path

from backports import zstd

OCI = "application/vnd.oci.image"
FULL_NAME = "io.containerd.image.name"
REF_NAME = "org.opencontainers.image.ref.name"


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def tar_of(files: t.Mapping[str, bytes]) -> bytes:
    """A tar of regular files; a value that begins with `->` makes a symbolic link."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            if content.startswith(b"->"):
                member.type, member.linkname = tarfile.SYMTYPE, content[2:].decode()
                archive.addfile(member)
            else:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return target.getvalue()


PACKERS: dict[str, tuple[t.Callable[[bytes], bytes], str]] = {
    "": (bytes, ""),
    "gzip": (lambda data: gzip.compress(data, mtime=0), "+gzip"),
    "zstd": (zstd.compress, "+zstd"),
}


@dataclass(frozen=True)
class Made:
    """An image: blobs by path in a layout, the entry of its manifest, its layers' tars."""

    blobs: dict[str, bytes]
    entry: dict[str, t.Any]
    config: bytes
    tars: tuple[bytes, ...]


def image(
    *trees: t.Mapping[str, bytes],
    packed: str = "gzip",
    architecture: str = "amd64",
    variant: str = "",
) -> Made:
    """An image of one layer for each tree."""
    tars = tuple(map(tar_of, trees))
    platform = {
        "os": "linux",
        "architecture": architecture,
        **({"variant": variant} if variant else {}),
    }
    rootfs = {"type": "layers", "diff_ids": [digest(tar) for tar in tars]}
    config = json.dumps({**platform, "rootfs": rootfs}).encode()
    pack, suffix = PACKERS[packed]
    blobs = [pack(tar) for tar in tars]
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "config": entry(config, f"{OCI}.config.v1+json"),
            "layers": [entry(blob, f"{OCI}.layer.v1.tar{suffix}") for blob in blobs],
        }
    ).encode()
    stored = {place(data): data for data in (config, manifest, *blobs)}
    about = {**entry(manifest, f"{OCI}.manifest.v1+json"), "platform": platform}
    return Made(stored, about, config, tars)


def index(*images: Made) -> Made:
    """Several images under one index."""
    content = {"schemaVersion": 2, "manifests": [made.entry for made in images]}
    body = json.dumps(content).encode()
    blobs = {place(body): body}
    for made in images:
        blobs |= made.blobs
    return Made(blobs, entry(body, f"{OCI}.index.v1+json"), b"", ())


def entry(data: bytes, media_type: str) -> dict[str, t.Any]:
    return {"mediaType": media_type, "digest": digest(data), "size": len(data)}


def place(data: bytes) -> str:
    return "blobs/" + digest(data).replace(":", "/")


def layout(images: t.Mapping[str, Made], key: str = FULL_NAME) -> dict[str, bytes]:
    """Files of a layout; an empty name is left out."""
    entries = [
        {**made.entry, **({"annotations": {key: name}} if name else {})}
        for name, made in images.items()
    ]
    files = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}'}
    files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": entries}).encode()
    for made in images.values():
        files |= made.blobs
    return files


def docker_save(images: t.Mapping[str, Made], *, old: bool) -> dict[str, bytes]:
    """Files of an archive of `docker save`; in the old form a layer that repeats is a link."""
    files: dict[str, bytes] = {}
    listed = []
    seen: dict[bytes, str] = {}
    for name, made in images.items():
        config = place(made.config)
        paths = [place(tar) for tar in made.tars]
        if old:
            config = config.rpartition("/")[2] + ".json"
            start = digest(name.encode())[7:39]
            paths = [f"{start}{number}/layer.tar" for number in range(len(made.tars))]
        files[config] = made.config
        for path, tar in zip(paths, made.tars, strict=True):
            files[path] = f"->../{seen[tar]}".encode() if old and tar in seen else tar
            seen.setdefault(tar, path)
        listed.append({"Config": config, "RepoTags": [name] if name else None, "Layers": paths})
    files["manifest.json"] = json.dumps(listed).encode()
    return files


def write_folder(root: Path, files: t.Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def write_archive(path: Path, files: t.Mapping[str, bytes], packed: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(PACKERS[packed][0](tar_of(files)))
    return path
