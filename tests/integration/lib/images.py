# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images as a registry has them, gzip layers and all, that containers can be started from."""

from __future__ import annotations

import functools
import gzip
import hashlib
import io
import json
import random
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OCI = "application/vnd.oci.image"
# Go's gzip, by which images are published that docker push or BuildKit compress.
GZIP = """
package main

import (
    "compress/gzip"
    "io"
    "log"
    "os"
)

func main() {
    out := gzip.NewWriter(os.Stdout)
    if _, err := io.Copy(out, os.Stdin); err != nil {
        log.Fatal(err)
    }
    if err := out.Close(); err != nil {
        log.Fatal(err)
    }
}
"""


@dataclass(frozen=True)
class Made:
    """An image in an OCI layout; `digest` is that of its manifest, `layers` are the sizes of its blobs."""

    folder: Path
    digest: str
    config: str
    layers: tuple[int, ...]

    def blobs(self) -> list[str]:
        """Digests of the published layers, from the lowest one on."""
        manifest = json.loads((self.folder / "blobs" / "sha256" / self.digest[7:]).read_bytes())
        return [str(layer["digest"]) for layer in manifest["layers"]]


def noise(seed: int, size: int, changed: int = 0) -> bytes:
    """Bytes that do not compress; with `changed` some of them differ."""
    data = bytearray(random.Random(seed).randbytes(size))
    for place in random.Random(f"{seed}-{changed}").sample(range(size), changed):
        data[place] ^= 0xFF
    return bytes(data)


def program(archive: Path) -> bytes:
    """The tar of the only layer in the test bed's archive of an image."""
    with tarfile.open(archive) as opened:
        manifest = json.load(_member(opened, "manifest.json"))
        return bytes(_member(opened, manifest[0]["Layers"][0]).read())


def _member(archive: tarfile.TarFile, name: str) -> Any:
    found = archive.extractfile(name)
    assert found is not None
    return found


def tar_of(files: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o644
            archive.addfile(info, io.BytesIO(content))
    return target.getvalue()


def by_python(tar: bytes) -> bytes:
    return gzip.compress(tar, 6, mtime=0)


def by_go(tar: bytes) -> bytes:
    words = [f"{_compressor().name}/gzip"]
    return subprocess.run(words, input=tar, stdout=subprocess.PIPE, check=True).stdout


@functools.cache
def _compressor() -> tempfile.TemporaryDirectory[str]:
    """A folder with the program, as long as this process lives."""
    folder = tempfile.TemporaryDirectory(prefix="gzip-")
    Path(folder.name, "main.go").write_text(GZIP, encoding="utf-8")
    subprocess.run(["go", "build", "-o", "gzip", "main.go"], cwd=folder.name, check=True)
    return folder


def make(
    folder: Path,
    tars: list[bytes],
    entrypoint: list[str],
    packed: Callable[[bytes], bytes] = by_python,
) -> Made:
    """An OCI layout with one image, its layers compressed by `packed`."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def put(data: bytes, media_type: str) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    layers = [put(packed(tar), f"{OCI}.layer.v1.tar+gzip") for tar in tars]
    body = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": entrypoint},
        "rootfs": {
            "type": "layers",
            "diff_ids": [f"sha256:{hashlib.sha256(tar).hexdigest()}" for tar in tars],
        },
    }
    config = put(json.dumps(body).encode(), f"{OCI}.config.v1+json")
    kind = f"{OCI}.manifest.v1+json"
    manifest = {"schemaVersion": 2, "mediaType": kind, "config": config, "layers": layers}
    entry = put(json.dumps(manifest).encode(), kind)
    index = {"schemaVersion": 2, "manifests": [entry]}
    (folder / "index.json").write_text(json.dumps(index))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    sizes = tuple(layer["size"] for layer in layers)
    return Made(folder, entry["digest"], config["digest"], sizes)
