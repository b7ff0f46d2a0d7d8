# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deltas of layers: any layer comes out bit for bit, from any base, and nothing else ever does."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
import typing as t
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._images import form, rebuild
from ansible_collections.lightk8s.edge.plugins.plugin_utils._delta.differences import matches

from . import layers
from .making import digest

Factory = pytest.TempPathFactory
NOISE = b"".join(digest(bytes([n, m])).encode() for n in range(60) for m in range(5))
NAMES = st.sampled_from(
    [
        *(
            "usr/lib/libx.so.1.2.3",
            "usr/lib/libx.so.1.2.4",
            "usr/bin/tool",
            "app/a.py",
            "app/b/a.py",
        ),
        *("etc/ü-\udcff", "var/" + "long/" * 30 + "name", "e", "opt/.wh.gone"),
    ]
)
CONTENTS = st.one_of(
    st.binary(max_size=40),
    st.builds(
        lambda a, b, cut: NOISE[a:] + b + NOISE[:cut],
        *[st.integers(0, 20000), st.binary(max_size=9)],
        st.integers(0, 5000),
    ),
)
FORMS = st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
OTHERS = st.lists(
    st.sampled_from([tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
)
Tree = dict[str, bytes]
TREES = st.dictionaries(NAMES, CONTENTS, max_size=6)


def members(tree: Tree, others: t.Sequence[bytes]) -> t.Iterator[tuple[tarfile.TarInfo, bytes]]:
    for number, kind in enumerate(others):
        other = tarfile.TarInfo(f"other{number}")
        other.type, other.linkname = kind, "e" if kind != tarfile.DIRTYPE else ""
        yield other, b""
    for name, content in tree.items():
        member = tarfile.TarInfo(name)
        member.mtime, member.mode, member.uname = len(content), 0o4755, "root"
        yield member, content


def rebuilt(path: Path, target: layers.Extracted, *bases: layers.Extracted) -> bytes:
    return layers.joined(rebuild.rebuilt(str(path), layers.roots(*bases), target.tar.diff_id))


def refused(path: Path, result: str, roots: t.Mapping[str, str], folder: Path) -> EdgeError:
    """The error with which it is refused; nothing is left of the try."""
    (folder / "out").mkdir(exist_ok=True)
    with pytest.raises(EdgeError) as caught:
        rebuild.write_layer(str(path), roots, result, str(folder / "out/layer.tar"))
    assert caught.value.kind == "artifact"
    assert list((folder / "out").iterdir()) == []
    return caught.value


@given(TREES, st.tuples(TREES, TREES), FORMS, OTHERS)
def test_any_layer_comes_back_from_any_bases(
    tmp_path_factory: Factory, new: Tree, olds: tuple[Tree, Tree], kind: int, others: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("round")
    target = layers.layer(folder / "new", members(new, others), kind)
    bases = [layers.layer(folder / f"{n}", members(tree, ()), kind) for n, tree in enumerate(olds)]
    for used in (bases, bases[:1], []):
        assert rebuilt(layers.delta(folder, target, *used), target, *used) == target.content


@given(st.binary(max_size=3000))
def test_what_is_no_tar_comes_back_too(tmp_path_factory: Factory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("strange")
    target = layers.in_file(folder / "new", content, folder)
    assert rebuilt(layers.delta(folder, target), target) == content


@given(TREES, FORMS, OTHERS, st.data())
def test_a_tar_with_strange_headers_comes_back_too(
    tmp_path_factory: Factory, new: Tree, kind: int, others: list[bytes], data: st.DataObject
) -> None:
    """Whatever a few of its bytes are, and wherever it ends."""
    folder = tmp_path_factory.mktemp("headers")
    whole = layers.layer(folder / "whole", members(new, others), kind)
    body = bytearray(whole.content)
    for place, value in data.draw(
        st.lists(
            st.tuples(st.integers(0, len(body) - 1), st.sampled_from([b"\0", b"\0" * 8, b"7"]))
        )
    ):
        body[place : place + len(value)] = value[: len(body) - place]
    del body[data.draw(st.integers(0, len(body))) :]
    target = layers.in_file(folder / "new", bytes(body), folder)
    path = layers.delta(folder, target, whole)
    assert rebuilt(path, target, whole) == target.content


@given(NAMES, st.integers(0, 1 << 33), st.integers(0, 0o7777), FORMS)
def test_checksums_of_headers_are_those_of_tar(name: str, when: int, mode: int, kind: int) -> None:
    about = tarfile.TarInfo(name)
    about.mtime, about.mode = when, mode
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=kind) as archive:
        archive.addfile(about)
        block = target.getvalue()[-form.BLOCK :]
    assert form.with_checksum(block[:148] + bytes(8) + block[156:]) == block
    assert form.with_checksum(block) == block
    assert form.with_checksum(bytes(form.BLOCK)) == bytes(form.BLOCK)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: Factory) -> tuple[Path, layers.Extracted, layers.Extracted]:
    folder = tmp_path_factory.mktemp("pair")
    changed = bytearray(NOISE)
    changed[::700] = bytes(len(changed[::700]))
    old = layers.files_only(folder / "old", {"usr/a.so.1": NOISE, "b/c": b"same" * 99})
    new = layers.files_only(folder / "new", {"usr/a.so.2": bytes(changed), "b/c": b"same" * 99})
    return layers.delta(folder, new, old), new, old


def test_a_delta_is_small_though_names_carry_versions(
    pair: tuple[Path, layers.Extracted, layers.Extracted], tmp_path: Path
) -> None:
    path, new, old = pair
    assert path.stat().st_size * 20 < len(new.content)
    assert rebuild.bases_of(str(path)) == (old.tar.diff_id,)
    target = tmp_path / "layer.tar"
    rebuild.write_layer(str(path), layers.roots(old), new.tar.diff_id, str(target))
    assert target.read_bytes() == new.content


@given(st.data())
def test_a_flipped_byte_or_a_cut_never_gives_another_layer(
    pair: tuple[Path, layers.Extracted, layers.Extracted],
    tmp_path_factory: Factory,
    data: st.DataObject,
) -> None:
    path, new, old = pair
    body = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(body) - 1))
    if data.draw(st.booleans()):
        body[place] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del body[place:]
    folder = tmp_path_factory.mktemp("bad")
    (folder / "delta").write_bytes(body)
    target, kind = folder / "layer.tar", ""
    try:
        rebuild.write_layer(str(folder / "delta"), layers.roots(old), new.tar.diff_id, str(target))
    except EdgeError as error:
        kind = error.kind
    if kind:
        assert (kind, target.exists()) == ("artifact", False)
        return
    # A few bits of what ends an LZMA stream mean nothing. Who carries a delta checks its digest, too.
    assert len(body) == path.stat().st_size
    assert target.read_bytes() == new.content


def spoiled(root: Path, how: str) -> None:
    path = root / "usr/a.so.1"
    if how == "changed":
        path.write_bytes(path.read_bytes()[:-1] + b"\0")
    elif how == "shorter":
        path.write_bytes(path.read_bytes()[:-1])
    elif how == "behind a link":
        (root / "usr").rename(root / "elsewhere")
        (root / "usr").symlink_to("elsewhere")
    else:
        path.rename(root / "elsewhere")
        if how == "a link":
            path.symlink_to("../elsewhere")
        elif how == "a pipe":
            os.mkfifo(path)
        elif how == "a folder":
            path.mkdir()


@pytest.mark.parametrize(
    "how", ["changed", "shorter", "behind a link", "a link", "a pipe", "a folder", "gone"]
)
def test_a_base_that_is_not_as_it_was_is_refused(
    how: str, pair: tuple[Path, layers.Extracted, layers.Extracted], tmp_path: Path
) -> None:
    path, new, dummy = pair
    old = layers.files_only(tmp_path / "old", {"usr/a.so.1": NOISE, "b/c": b"same" * 99})
    spoiled(old.root, how)
    refused(path, new.tar.diff_id, layers.roots(old), tmp_path)
    refused(path, new.tar.diff_id, {}, tmp_path)
    refused(path, digest(b"another"), layers.roots(old), tmp_path)


@pytest.mark.parametrize(
    "name", [b"../x", b"/x", b"a/../../x", b"a//x", b"./x", b"..", b"", b"a/", b"a/."]
)
def test_no_path_leads_out_of_the_base(name: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"secret")
    (tmp_path / "base/a").mkdir(parents=True)
    base = digest(b"base")
    for listed in (b"\x01" + name + b"\0", b"\x01ok\0\x01" + name + b"\0"):
        path = layers.forged(
            tmp_path / "delta",
            b"secret",
            [(form.OPEN, 0), (form.COPY, 6)],
            bases=[base],
            names=listed,
        )
        error = refused(path, digest(b"secret"), {base: str(tmp_path / "base")}, tmp_path)
        assert "outside of its base" in error.message


Orders = list[tuple[int, int]]


@pytest.mark.parametrize(
    ("orders", "why"),
    [
        ([(form.COPY, 2)], "before it opens"),
        ([(form.OPEN, form.zigzag(1))], "does not name"),
        ([(form.OPEN, form.zigzag(-1))], "does not name"),
        ([(form.OPEN, 0), (form.SEEK, form.zigzag(-1))], "before the start"),
        ([(form.OPEN, 0), (form.COPY, 3)], "more than it promises"),
        ([(form.OPEN, 0), (form.SEEK, form.zigzag(1)), (form.COPY, 2)], "is shorter"),
        ([(form.EXTRA, 2)], "damaged stream"),
        ([(form.OPEN, 0), (form.ADD, 2)], "damaged stream"),
        ([(form.OPEN, 0), (form.COPY, 1)], "less than it promises"),
        (
            [(form.OPEN, 0), (form.COPY, 1), (form.SEEK, form.zigzag(-1)), (form.COPY, 1)],
            "not give",
        ),
        ([(form.EXTRA, 1 << 70)], "out of all bounds"),
        ([(form.HEADER, 1)], "more than it promises"),
        ([(form.EXTRA, 1 << 60)], "more than it promises"),
        ([(form.HEADER, 1 << 60)], "more than it promises"),
        ([(form.PACK, 9), (form.HEADER, 0)], "packs the headers"),
    ],
)
def test_orders_without_sense_are_refused(orders: Orders, why: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"ab")
    base, ways = digest(b"base"), {digest(b"base"): str(tmp_path)}
    good: Orders = [(form.OPEN, 0), (form.COPY, 2)]
    path = layers.forged(tmp_path / "d", b"ab", good, bases=[base], names=b"\x01f\0")
    assert b"".join(rebuild.rebuilt(str(path), ways, digest(b"ab"))) == b"ab"
    path = layers.forged(tmp_path / "d", b"ab", orders, bases=[base], names=b"\x01f\0")
    assert why in refused(path, digest(b"ab"), ways, tmp_path).message


@pytest.mark.parametrize(
    ("streams", "why"),
    [
        ({"orders": bytes([form.EXTRA])}, "more numbers than orders"),
        ({"orders": bytes([form.EXTRA] * 3)}, "without its number"),
        ({"orders": bytes([form.EXTRA, form.EXTRA, 8])}, "does not know"),
        ({"fresh": b"\x01"}, "without its number"),
        ({"fresh": b"\x01\x81"}, "within a number"),
        ({"same": b"\x01"}, "more numbers than orders"),
        ({"steps": b"\x80"}, "within a number"),
    ],
)
def test_orders_and_their_numbers_belong_together(
    streams: dict[str, bytes], why: str, tmp_path: Path
) -> None:
    orders: Orders = [(form.EXTRA, 1), (form.EXTRA, 1)]
    path = layers.forged(tmp_path / "d", b"ab", orders, extra=b"ab")
    assert b"".join(rebuild.rebuilt(str(path), {}, digest(b"ab"))) == b"ab"
    path = layers.forged(tmp_path / "d", b"ab", orders, extra=b"ab", instead=streams)
    assert why in refused(path, digest(b"ab"), {}, tmp_path).message


def test_streams_are_used_up_and_small(tmp_path: Path) -> None:
    path = layers.forged(tmp_path / "d", b"ab", [(form.EXTRA, 2)], extra=b"abc")
    refused(path, digest(b"ab"), {}, tmp_path)
    greedy = layers.forged(
        tmp_path / "d", b"ab", [(form.EXTRA, 2)], extra=b"ab", dictionaries={"extra": 64 << 20}
    )
    refused(greedy, digest(b"ab"), {}, tmp_path)
    names = b"\x01name\0" * (form.MOST_NAMES // 6 + 1)
    many = layers.forged(tmp_path / "d", b"ab", [(form.EXTRA, 2)], extra=b"ab", names=names)
    refused(many, digest(b"ab"), {}, tmp_path)
    with (tmp_path / "d").open("ab") as stream:
        stream.write(b"\0")
    assert "bytes instead of" in refused(tmp_path / "d", digest(b"ab"), {}, tmp_path).message


@given(st.binary(max_size=300), st.binary(min_size=1, max_size=300), st.integers(1, 80))
def test_large_files_are_compared_in_parts(old: bytes, new: bytes, window: int) -> None:
    result = bytearray()
    for match in matches(memoryview(old), memoryview(new), window):
        source = old[match.place : match.place + len(match.diff)]
        result += (
            bytes((a + b) & 255 for a, b in zip(source, match.diff, strict=True)) + match.extra
        )
    assert bytes(result) == new


@given(st.integers(-(1 << 60), 1 << 60))
def test_signed_numbers_come_back(number: int) -> None:
    assert form.unzigzag(form.zigzag(number)) == number


PROGRAM = """
import re, sys
from ansible_collections.lightk8s.edge.plugins.module_utils._images import rebuild
rebuild.write_layer(sys.argv[1], {sys.argv[2]: sys.argv[3]}, sys.argv[4], sys.argv[5])
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


def test_a_node_needs_little_memory(tmp_path: Path) -> None:
    """All decoders at their largest, over files larger than any bound."""
    size, base = 24 << 20, digest(b"base")
    with (tmp_path / "f").open("wb") as stream:
        stream.truncate(size)
    orders = [
        (form.HEADER, size // form.BLOCK),
        (form.EXTRA, size),
        (form.OPEN, 0),
        (form.ADD, size),
    ]
    zeros = bytes(size)
    path = layers.forged(
        tmp_path / "delta",
        zeros * 3,
        orders,
        bases=[base],
        names=b"\x01f\0",
        dictionaries={"extra": 16 << 20},
        header=zeros,
        extra=zeros,
        diff=zeros,
    )
    words = [str(path), base, str(tmp_path), digest(zeros * 3), str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        env={"PYTHONPATH": os.environ["ANSIBLE_COLLECTIONS_PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (tmp_path / "out").stat().st_size == 3 * size
    assert int(done.stdout) < 48_000
