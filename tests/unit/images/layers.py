# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers in files, and deltas that no encoder of ours would make."""

from __future__ import annotations

import io
import lzma
import os
import tarfile
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.module_utils._images import form
from ansible_collections.lightk8s.edge.plugins.plugin_utils._delta.encoder import Tar, encode

from .making import digest


@dataclass(frozen=True)
class Extracted:
    """A layer's tar, and the folder it was extracted to."""

    tar: Tar
    content: bytes = field(repr=False)
    root: Path


def layer(folder: Path, members: t.Iterable[tuple[tarfile.TarInfo, bytes]], kind: int) -> Extracted:
    """A layer with these members. Only its regular files are extracted: nothing else is read."""
    target = io.BytesIO()
    root = folder / "root"
    with tarfile.open(fileobj=target, mode="w", format=kind) as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
            if member.isreg():
                path = root / member.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
    root.mkdir(parents=True, exist_ok=True)
    return in_file(folder, target.getvalue(), root)


def in_file(folder: Path, content: bytes, root: Path) -> Extracted:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "layer.tar"
    path.write_bytes(content)
    return Extracted(Tar(digest(content), path), content, root)


def files_only(folder: Path, files: t.Mapping[str, bytes]) -> Extracted:
    members = [(tarfile.TarInfo(name), content) for name, content in files.items()]
    return layer(folder, members, tarfile.PAX_FORMAT)


def delta(folder: Path, target: Extracted, *bases: Extracted) -> Path:
    path = folder / "delta"
    encode([base.tar for base in bases], target.tar, path)
    return path


def joined(pieces: t.Iterable[bytes]) -> bytes:
    """What the pieces are together; none is empty, as that is the end for those who read them."""
    found = list(pieces)
    assert all(found)
    return b"".join(found)


def roots(*bases: Extracted) -> dict[str, str]:
    return {base.tar.diff_id: os.fspath(base.root) for base in bases}


def forged(
    path: Path,
    result: bytes,
    orders: t.Sequence[tuple[int, int]],
    *,
    bases: t.Sequence[str] = (),
    dictionaries: t.Mapping[str, int] | None = None,
    instead: t.Mapping[str, bytes] | None = None,
    **streams: bytes,
) -> Path:
    """A delta of these orders and streams, which promises `result`; some streams are `instead`'s."""
    contents = {"orders": bytes(code for code, _count in orders), **streams}
    for name in form.NUMBERS:
        counts = [count for code, count in orders if form.NUMBER_OF[code] == name]
        contents[name] = b"".join(map(form.varint, counts))
    contents.update(instead or {})
    stored = []
    for name in form.STREAMS:
        size = (dictionaries or {}).get(name, min(1 << 20, form.MEMORY[name] // 2))
        chain = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": size}]
        stored.append(lzma.compress(contents.get(name, b""), lzma.FORMAT_XZ, filters=chain))
    head = form.Head(tuple(bases), digest(result), len(result), tuple(map(len, stored)))
    path.write_bytes(head.pack() + b"".join(stored))
    return path
