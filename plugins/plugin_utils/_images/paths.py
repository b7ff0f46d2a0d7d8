# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a layer may hold: nothing that reaches out of the folder it is extracted to, and no devices.

Symbolic links may be absolute, for those of every distribution are; nothing may be laid through such a one.
"""

from __future__ import annotations

import tarfile
import typing as t
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError

RULES = 1  # which form of these rules a layer has passed
_WHITEOUT = ".wh."
_DECIDES = ("path", "linkpath", "size")


def check(tar: Path, name: str) -> None:
    """EdgeError(refused) for the first entry that has no place in a layer; `name` is the layer's."""
    if tar.stat().st_size == 0:
        return
    try:
        with tarfile.open(tar, "r:") as archive:
            why = _first(archive) or _global(archive) or _rest(archive)
    except (tarfile.TarError, ValueError, OverflowError) as exc:
        why = f"is no tar: {exc}"
    if why:
        raise EdgeError(
            f"layer {name} {why}",
            kind="refused",
            hint="nothing of the image was sent; look at where it comes from",
        )


def _first(archive: tarfile.TarFile) -> str:
    links: dict[str, str] = {}
    for entry in archive:
        why = _wrong(entry, links)
        if why:
            return f"holds {entry.name!r}, {why}"
        if entry.issym():
            links["/".join(_parts(entry.name))] = entry.linkname
    return ""


def _wrong(entry: tarfile.TarInfo, links: dict[str, str]) -> str:
    parts = _parts(entry.name)
    if ".." in parts or (parts and parts[-1] in (_WHITEOUT, f"{_WHITEOUT}.", f"{_WHITEOUT}..")):
        return "which lies outside of it"
    if entry.ischr() or entry.isblk():
        return "a device"
    if entry.islnk() and (entry.linkname.startswith("/") or ".." in _parts(entry.linkname)):
        return f"a link to {entry.linkname!r} outside of it"
    if entry.issym() and _leaves(parts[:-1], entry.linkname):
        return f"a link to {entry.linkname!r} outside of it"
    for depth in range(1, len(parts)):
        target = links.get("/".join(parts[:depth]), "")
        if target.startswith("/"):
            return f"through its own link to {target!r}"
    return ""


def _leaves(folder: list[str], target: str) -> bool:
    """Whether a relative link in that folder goes above the root."""
    depth = len(folder)
    for part in () if target.startswith("/") else _parts(target):
        depth += -1 if part == ".." else 1
        if depth < 0:
            return True
    return False


def _global(archive: tarfile.TarFile) -> str:
    """Some readers of tars heed headers for all entries, others do not: they would see other names."""
    found = [key for key in _DECIDES if key in archive.pax_headers]
    return f"gives {found[0]} for all of its entries at once" if found else ""


def _rest(archive: tarfile.TarFile) -> str:
    """A damaged header ends the reading without a word; a reader that goes on would see more."""
    stream = t.cast("t.IO[bytes]", archive.fileobj)
    stream.seek(archive.offset)
    block = stream.read(tarfile.BLOCKSIZE)
    return f"cannot be read beyond byte {archive.offset}" if block.strip(b"\0") else ""


def _parts(name: str) -> list[str]:
    return [part for part in name.split("/") if part not in ("", ".")]
