# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers with path tricks are refused on the controller; those of ordinary images are not."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.kept import Kept
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import Layer, platform_of
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.paths import check
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.source import Source

from . import making

FILE, HARD, SYM = tarfile.REGTYPE, tarfile.LNKTYPE, tarfile.SYMTYPE
CHAR, BLOCK, FIFO, DIR = tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE
Entry = tuple[str, bytes, str]


def tar_of(
    entries: Sequence[Entry], form: int = tarfile.GNU_FORMAT, pax: Mapping[str, str] | None = None
) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=form, pax_headers=pax) as archive:
        for name, kind, link in entries:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, link
            archive.addfile(member, io.BytesIO())
    return target.getvalue()


def judged(folder: Path, tar: bytes) -> str:
    """Why it is refused; empty where it is not."""
    path = folder / "layer.tar"
    path.write_bytes(tar)
    try:
        check(path, "sha256:1")
    except EdgeError as exc:
        return f"{exc.kind}: {exc.message}"
    return ""


TRICKS: list[tuple[list[Entry], str]] = [
    ([("../etc/cron.d/x", FILE, "")], "outside"),
    ([("opt/../../etc/x", FILE, "")], "outside"),
    ([("opt/..", DIR, "")], "outside"),
    ([("opt/" + "a/" * 80 + "../x", FILE, "")], "outside"),
    ([("opt/.wh...", FILE, "")], "outside"),
    ([("opt/.wh..", FILE, "")], "outside"),
    ([("shadow", HARD, "/etc/shadow")], "link to '/etc/shadow'"),
    ([("shadow", HARD, "../../etc/shadow")], "link to '../../etc/shadow'"),
    ([("shadow", HARD, "opt/../../etc/shadow")], "link to 'opt/../../etc/shadow'"),
    ([("opt/up", SYM, "../../etc")], "link to '../../etc'"),
    ([("up", SYM, "./..")], "link to './..'"),
    ([("opt", SYM, "/etc"), ("opt/passwd", FILE, "")], "through its own link"),
    ([("./opt", SYM, "/etc"), ("opt//a/b", FILE, "")], "through its own link"),
    ([("dev/sda", BLOCK, "")], "a device"),
    ([("dev/mem", CHAR, "")], "a device"),
]
ORDINARY: list[list[Entry]] = [
    [("./", DIR, ""), ("etc/mtab", SYM, "/proc/mounts"), ("etc/hosts", FILE, "")],
    [("lib", SYM, "usr/lib"), ("lib/a", FILE, ""), ("usr/lib/b", SYM, "../../etc/b")],
    [("usr/bin/a", FILE, ""), ("usr/bin/b", HARD, "usr/bin/a"), ("run/pipe", FIFO, "")],
    [("/ko-app/till", FILE, ""), ("opt/.wh..wh..opq", FILE, ""), ("opt/.wh...x", FILE, "")],
    [("opt/a..b/..c", FILE, ""), ("opt/" + "long/" * 60 + "x", FILE, "")],
]


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize(("entries", "why"), TRICKS)
def test_a_trick_is_refused(tmp_path: Path, entries: list[Entry], why: str, form: int) -> None:
    plain: Entry = ("etc/plain", FILE, "")
    said = judged(tmp_path, tar_of([plain, *entries, plain], form))
    assert said.startswith("refused: ")
    assert why in said


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("entries", ORDINARY)
def test_what_ordinary_images_hold_is_not(tmp_path: Path, entries: list[Entry], form: int) -> None:
    assert judged(tmp_path, tar_of(entries, form)) == ""


def test_names_that_readers_may_see_otherwise_are_refused(tmp_path: Path) -> None:
    tar = tar_of([("etc/a", FILE, "")], tarfile.PAX_FORMAT, {"path": "etc/a"})
    assert "for all of its entries" in judged(tmp_path, tar)
    assert judged(tmp_path, tar_of([("a", FILE, "")], tarfile.PAX_FORMAT, {"comment": "x"})) == ""


def test_what_cannot_be_read_to_its_end_is_refused(tmp_path: Path) -> None:
    first, second = (tar_of([(name, FILE, "")])[:512] for name in ("a", "../b"))
    broken = bytearray(second)
    broken[150] ^= 1  # its checksum
    assert "cannot be read beyond byte 512" in judged(tmp_path, first + bytes(broken) + second)
    assert "is no tar" in judged(tmp_path, b"no tar" * 1000)
    assert judged(tmp_path, b"") == judged(tmp_path, bytes(1024)) == ""


def test_nothing_of_such_an_image_is_kept(tmp_path: Path) -> None:
    made = making.image({"opt/a": b"a", "opt/up": b"->../../etc"})
    making.write_folder(tmp_path / "source", making.layout({"shop.example/till:1": made}))
    amd64 = platform_of("linux/amd64")
    image = Source(tmp_path / "source", tmp_path).image("shop.example/till:1", amd64)
    kept = Kept(tmp_path / "kept")
    with pytest.raises(EdgeError) as caught:
        kept.keep(image)
    assert caught.value.kind == "refused"
    layer: Layer = image.layers[0]
    assert kept.record(layer.diff_id) is None
