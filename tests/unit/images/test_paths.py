# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers with path tricks are refused on the controller; those of ordinary images are not."""

from __future__ import annotations

import gzip
import io
import json
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
    ([("a", SYM, "b"), ("b", SYM, "/etc"), ("a/x", FILE, "")], "through its own link"),
    ([("a", SYM, "b"), ("b", SYM, "a"), ("a/x", FILE, "")], "through its own link"),
    ([("lib", SYM, "usr"), ("lib/p", SYM, "/etc"), ("usr/p/x", FILE, "")], "through its own link"),
    ([("p", SYM, "/etc"), ("h", HARD, "p"), ("h/x", FILE, "")], "through its own link"),
    ([("p", SYM, "/etc"), ("shadow", HARD, "p/shadow")], "through its own link"),
    ([("d/l", SYM, ".."), ("x", SYM, "d/l/../../etc"), ("x/f", FILE, "")], "out of it"),
    ([("dev/sda", BLOCK, "")], "a device"),
    ([("dev/mem", CHAR, "")], "a device"),
]
ORDINARY: list[list[Entry]] = [
    [("./", DIR, ""), ("etc/mtab", SYM, "/proc/mounts"), ("etc/hosts", FILE, "")],
    [("lib", SYM, "usr/lib"), ("lib/a", FILE, ""), ("usr/lib/b", SYM, "../../etc/b")],
    [("bin", SYM, "usr/bin"), ("bin/a", SYM, "../lib/a"), ("bin/b", HARD, "bin/a")],
    [("etc/x", SYM, "/run/x"), ("etc/x", SYM, "/run/y"), ("etc/y", HARD, "etc/x")],
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


def head(
    name: bytes,
    kind: bytes = b"0",
    size: bytes = b"00000000000\0",
    link: bytes = b"",
    **parts: bytes,
) -> bytes:
    """A header; `parts`: its magic, prefix and end."""
    magic, prefix = parts.get("magic", b"ustar\x0000"), parts.get("prefix", b"")
    fields = (name, 100), (b"0000644\0" * 3, 24), (size, 12), (b"0" * 11, 12), (b" " * 8, 8)
    more = (kind, 1), (link, 100), (magic, 8), (b"", 80), (prefix, 155), (parts.get("end", b""), 12)
    block = b"".join(value.ljust(width, b"\0") for value, width in (*fields, *more))
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def before(kind: bytes, content: bytes) -> bytes:
    """A header that says more of the next one."""
    return head(b"more", kind, b"%011o\0" % len(content)) + content + bytes(-len(content) % 512)


def pax(key: bytes, value: bytes, kind: bytes = b"x") -> bytes:
    words = b"%b=%b\n" % (key, value)
    return before(kind, b"%02d %b" % (len(words) + 3, words))


BAD, LONG, TEXT = b"../../etc/x", (b"L", b"clean\0"), b"%011o\0"
UNCLEAR: dict[str, bytes] = {
    "pax, then long": pax(b"path", b"clean") + before(b"L", BAD) + head(b"a"),
    "pax twice": pax(b"path", b"clean") + pax(b"path", BAD) + head(b"a"),
    "long twice": before(*LONG) + before(b"L", BAD) + head(b"a"),
    "long link twice": before(b"K", b"a") + before(b"K", b"/etc/shadow") + head(b"b", b"1"),
    "global between": before(*LONG) + pax(b"comment", b"123", b"g") + head(BAD),
    "of Solaris": pax(b"path", b"clean", b"X") + head(BAD),
    "empty": pax(b"path", b"") + head(BAD),
    "long and empty": before(b"L", b"\0") + head(BAD),
    "sparse": pax(b"GNU.sparse.name", b"clean") + head(BAD),
    "prefix of GNU": head(b"p", b"2", link=b"/etc", magic=b"ustar  \0", prefix=b"q") + head(b"p/x"),
    "prefix of none": head(b"p", b"2", link=b"/etc", magic=b"", prefix=b"q") + head(b"p/x"),
    "prefix of star": head(b"p", b"2", link=b"/etc", prefix=b"q", end=bytes(8) + b"tar\0")
    + head(b"p/x"),
    "size after NUL": head(b"a", size=b"\0\0" + b"1000") + head(b"b", size=TEXT % 512) + head(BAD),
    "size below 0": head(b"a", size=b"\xff" * 10 + b"\xfe\0") + head(b"b"),
    "pax below 0": pax(b"size", b"-9999") + head(b"b") + head(b"c"),
    "folder by pax": pax(b"path", b"d/") + head(b"d", b"\0", TEXT % 512) + head(BAD),
    "large": head(b"more", b"L", b"\x80" + bytes(3) + b"\x7f" + b"\xff" * 7) + head(b"a"),
}


@pytest.mark.parametrize("case", UNCLEAR)
def test_what_readers_take_for_different_things_is_refused(tmp_path: Path, case: str) -> None:
    said = judged(tmp_path, UNCLEAR[case] + bytes(1024))
    assert said.startswith("refused: layer sha256:1 can be read in two ways")


def test_headers_in_their_usual_order_are_not(tmp_path: Path) -> None:
    first = pax(b"comment", b"123", b"g") + pax(b"path", b"a/b") + head(b"a")
    second = before(*LONG) + before(b"K", b"/etc\0") + head(b"l", b"2", prefix=b"q")
    assert judged(tmp_path, first + second + head(b"b", b"\0") + bytes(1024)) == ""


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


def test_a_layer_that_claims_to_be_one_that_is_kept_is_looked_into(tmp_path: Path) -> None:
    """Its config names the diffID of a layer that was kept before, its manifest a blob that holds something else."""
    good = making.image({"opt/a": b"a"})
    bad = gzip.compress(tar_of([("../etc/cron.d/x", FILE, "")]))
    manifest = json.loads(good.blobs["blobs/" + good.entry["digest"].replace(":", "/")])
    manifest["layers"] = [making.entry(bad, manifest["layers"][0]["mediaType"])]
    body = json.dumps(manifest).encode()
    blobs = {**good.blobs, making.place(body): body, making.place(bad): bad}
    entry = {**good.entry, **making.entry(body, good.entry["mediaType"])}
    claim = making.Made(blobs, entry, good.config, good.tars)
    files = making.layout({"shop.example/good:1": good, "shop.example/bad:1": claim})
    source = Source(making.write_folder(tmp_path / "source", files), tmp_path)
    amd64, kept = platform_of("linux/amd64"), Kept(tmp_path / "kept")
    kept.keep(source.image("shop.example/good:1", amd64))
    for _again in range(2):
        with pytest.raises(EdgeError, match="the tar of layer"):
            kept.keep(source.image("shop.example/bad:1", amd64))


def test_a_layer_that_is_kept_may_come_in_another_compression(tmp_path: Path) -> None:
    images = [making.image({"opt/a": b"a"}, packed=kind) for kind in ("gzip", "zstd", "")]
    files = making.layout({f"shop.example/till:{n}": made for n, made in enumerate(images)})
    source = Source(making.write_folder(tmp_path / "source", files), tmp_path)
    kept = Kept(tmp_path / "kept")
    found = [source.image(f"shop.example/till:{n}", platform_of("linux/amd64")) for n in range(3)]
    for image in found:
        kept.keep(image)
    record = Kept(tmp_path / "kept").record(found[0].layers[0].diff_id)
    assert record
    assert record.blobs == {image.layers[0].digest for image in found}
