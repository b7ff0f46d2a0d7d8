# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a layer may hold: nothing that reaches out of the folder it is extracted to, and no devices.

Symbolic links may be absolute, for those of every distribution are; nothing may be laid through such a one, nor through
several that lead out together. What is read here has to be what containerd will read (archive/tar of Go), so headers
are refused that Python's reader takes otherwise.
"""

from __future__ import annotations

import tarfile
import typing as t
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError

RULES = 2  # which form of these rules a layer has passed
_WHITEOUT = ".wh."
_DECIDES = ("path", "linkpath", "size")
_SPARSE = "GNU.sparse.name"
_PAX, _GLOBAL = tarfile.XHDTYPE, tarfile.XGLTYPE
_LONG, _LONG_LINK = tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK
# Headers before an entry that all readers take for the same, by their types.
_KNOWN = {(), (_PAX,), (_LONG,), (_LONG_LINK,), (_LONG, _LONG_LINK), (_LONG_LINK, _LONG)}
_MOST = 1 << 20  # bytes of a header's content, as Go has it
_LINKS = 40  # followed for one path, as in Linux


class _Unclear(ValueError):
    """Something that readers of tars take for different things."""


def check(tar: Path, name: str) -> None:
    """EdgeError(refused) for the first entry that has no place in a layer; `name` is the layer's."""
    if tar.stat().st_size == 0:
        return
    types: list[bytes] = []
    try:
        with tarfile.open(tar, "r:", tarinfo=_noting(types)) as archive:
            why = _first(archive, types) or _global(archive) or _rest(archive)
    except _Unclear as exc:
        why = f"can be read in two ways: {exc}"
    except (tarfile.TarError, ValueError, OverflowError, OSError) as exc:
        why = f"is no tar: {exc}"
    if why:
        raise EdgeError(
            f"layer {name} {why}",
            kind="refused",
            hint="nothing of the image was sent; look at where it comes from",
        )


def _noting(types: list[bytes]) -> type[tarfile.TarInfo]:
    """A reader of headers that refuses unclear ones, and adds the type of each to `types`."""

    class Header(tarfile.TarInfo):
        @classmethod
        def frombuf(cls, buf: t.Any, encoding: str, errors: str) -> t.Any:
            found = super().frombuf(buf, encoding, errors)
            kind, size = buf[156:157], buf[124:136]
            if found.size < 0 or (not size[0] and any(size)):
                raise _Unclear(f"the size of {found.name!r}")
            if kind in (_PAX, _GLOBAL, _LONG, _LONG_LINK) and found.size > _MOST:
                raise _Unclear(f"a header of {found.size} bytes")
            ustar = buf[257:263] == b"ustar\0" and buf[508:512] != b"tar\0"
            if buf[345] and not ustar and kind not in tarfile.GNU_TYPES:
                raise _Unclear(f"the folder of {found.name!r}")
            types.append(kind)
            return found

    return Header


def _first(archive: tarfile.TarFile, types: list[bytes]) -> str:
    links: dict[str, str] = {}
    for entry in archive:
        _clear(entry, types)
        types.clear()
        why = _wrong(entry, links)
        if why:
            return f"holds {entry.name!r}, {why}"
    return ""


def _clear(entry: tarfile.TarInfo, types: t.Sequence[bytes]) -> None:
    """_Unclear for an entry that its headers, of these types, name in more than one way."""
    before, own = list(types[:-1]), types[-1]
    while before and before[0] == _GLOBAL:
        before.pop(0)
    said = entry.pax_headers
    reasons = (
        tuple(before) not in _KNOWN,
        before and own == tarfile.AREGTYPE,
        _SPARSE in said or any(said.get(key) == "" for key in _DECIDES),
        _LONG in before and not entry.name,
        _LONG_LINK in before and not entry.linkname,
        entry.size < 0,
    )
    if any(reasons):
        raise _Unclear(f"what its headers say of {entry.name!r}")


def _wrong(entry: tarfile.TarInfo, links: dict[str, str]) -> str:
    """Why an entry has no place; `links` are the symbolic ones before it, by where they lie."""
    parts = _parts(entry.name)
    if ".." in parts or (parts and parts[-1] in (_WHITEOUT, f"{_WHITEOUT}.", f"{_WHITEOUT}..")):
        return "which lies outside of it"
    if entry.ischr() or entry.isblk():
        return "a device"
    linked = _parts(entry.linkname) if entry.islnk() else []
    if entry.islnk() and (entry.linkname.startswith("/") or ".." in linked):
        return f"a link to {entry.linkname!r} outside of it"
    if entry.issym() and _leaves(parts[:-1], entry.linkname):
        return f"a link to {entry.linkname!r} outside of it"
    place, why = _place(parts, links)
    target, further = _place(linked, links)
    if entry.issym():
        links[place] = entry.linkname
    elif target in links:  # another name of a symbolic link
        links[place] = links[target]
    return why or further


def _place(parts: t.Sequence[str], links: t.Mapping[str, str]) -> tuple[str, str]:
    """Where a path leads once the links in its folders are followed, and why it must not."""
    at: list[str] = []
    left = list(reversed(parts))
    followed = 0
    while left:
        part = left.pop()
        if part == "..":
            if not at:
                return "", "through its own links out of it"
            at.pop()
            continue
        at.append(part)
        target = links.get("/".join(at)) if left else None
        if target is None:
            continue
        followed += 1
        if target.startswith("/") or followed > _LINKS:
            return "", f"through its own link to {target!r}"
        at.pop()
        left.extend(reversed(_parts(target)))
    return "/".join(at), ""


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
