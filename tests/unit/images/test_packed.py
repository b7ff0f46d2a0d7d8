# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that gzip packed, in layers: deltas are made of what they hold, and the same bytes come back."""

from __future__ import annotations

import random
import subprocess
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._images import form, packing, rebuild
from ansible_collections.lightk8s.edge.plugins.plugin_utils._delta.blocks import block_ends
from ansible_collections.lightk8s.edge.plugins.plugin_utils._delta.encoder import encode
from ansible_collections.lightk8s.edge.plugins.plugin_utils._delta.packed import packed

from . import layers
from .making import digest

CHANCE = random.Random(4)
LETTERS = bytes(range(48, 112))
LINES = [bytes(CHANCE.choices(LETTERS, k=60)) for dummy in range(300)]
# Long repetitions between single letters: what makes gzip end blocks early.
PAGE = b"".join(
    CHANCE.choice(LINES) + bytes(CHANCE.choices(LETTERS, k=7)) for dummy in range(3_000)
)
CHANGED = b"another" + PAGE[:70_000] + b"newer" + PAGE[70_000:]


def gzipped(content: bytes, *words: str) -> bytes:
    """By the program that packages are made with."""
    done = subprocess.run(
        ["gzip", "-9", "-n", *words], input=content, stdout=subprocess.PIPE, check=True
    )
    return done.stdout


def test_what_gzip_packs_is_packed_again_bit_for_bit() -> None:
    found = packed(memoryview(gzipped(PAGE)))
    assert found is not None
    assert found.content == PAGE
    assert len(found.blocks) > 1  # where zlib alone would make none
    assert sum(found.blocks) == len(PAGE)
    assert packed(memoryview(gzipped(b"a few words")))
    # Neither of these is what gzip makes at its best.
    assert packed(memoryview(gzipped(PAGE, "-1"))) is None
    assert packed(memoryview(gzipped(PAGE)[:-9])) is None
    assert packed(memoryview(b"\x1f\x8b\x08" + PAGE)) is None
    assert packed(memoryview(gzipped(b""))) is None


def test_heads_with_names_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "page.1"
    path.write_bytes(PAGE)
    subprocess.run(["gzip", "-9", str(path)], check=True)
    body = (tmp_path / "page.1.gz").read_bytes()
    found = packed(memoryview(body))
    assert found is not None
    assert found.head.endswith(b"page.1\0")
    assert (body.startswith(found.head), body.endswith(found.end)) == (True, True)


@given(
    st.lists(st.integers(1, 40_000), min_size=1, max_size=6),
    st.integers(0, 9),
    st.sampled_from([zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED, zlib.Z_HUFFMAN_ONLY]),
)
def test_blocks_end_where_they_were_ended(parts: list[int], level: int, strategy: int) -> None:
    deflate = zlib.compressobj(level, zlib.DEFLATED, -15, 9, strategy)
    body, place, ends = b"", 0, set()
    for count in parts:
        part = (PAGE * 2)[place : place + count]
        if not part:
            break
        place += len(part)
        ends.add(place)
        body += deflate.compress(part) + deflate.flush(zlib.Z_BLOCK)
    found = block_ends(body + deflate.flush())
    assert found[-1] == place
    assert ends <= set(found)
    assert found == sorted(found)


def test_a_changed_word_in_a_packed_file_costs_a_word(tmp_path: Path) -> None:
    old = layers.files_only(tmp_path / "old", {"man/a.gz": gzipped(PAGE), "man/b": PAGE})
    files = {"man/a.gz": gzipped(CHANGED), "man/b": PAGE, "man/new.gz": gzipped(PAGE[:1000])}
    new = layers.files_only(tmp_path / "new", files)
    path = layers.delta(tmp_path, new, old)
    assert path.stat().st_size * 8 < len(gzipped(CHANGED))
    made = layers.joined(rebuild.rebuilt(str(path), layers.roots(old), new.tar.diff_id))
    assert made == new.content


def test_a_node_whose_zlib_packs_otherwise_is_spared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = layers.files_only(tmp_path / "old", {"man/a.gz": gzipped(PAGE)})
    new = layers.files_only(tmp_path / "new", {"man/a.gz": gzipped(CHANGED)})
    path = layers.delta(tmp_path, new, old)
    plain = tmp_path / "plain"
    encode([old.tar], new.tar, plain, pack=False)
    assert plain.stat().st_size > 9 * path.stat().st_size
    monkeypatch.setattr(rebuild, "faithful", lambda: False)
    made = layers.joined(rebuild.rebuilt(str(plain), layers.roots(old), new.tar.diff_id))
    assert made == new.content
    with pytest.raises(EdgeError, match="another one here"):
        list(rebuild.rebuilt(str(path), layers.roots(old), new.tar.diff_id))


@pytest.mark.parametrize("old", [b"no gzip", gzipped(PAGE, "-1"), gzipped(PAGE)[:-4]])
def test_any_old_file_will_do(old: bytes, tmp_path: Path) -> None:
    base = layers.files_only(tmp_path / "old", {"a.gz": old})
    new = layers.files_only(tmp_path / "new", {"a.gz": gzipped(PAGE)})
    path = layers.delta(tmp_path, new, base)
    made = layers.joined(rebuild.rebuilt(str(path), layers.roots(base), new.tar.diff_id))
    assert made == new.content


def test_this_zlib_packs_as_zlib_does() -> None:
    assert packing.faithful()


Orders = list[tuple[int, int]]
HELD = gzipped(b"word")[10:-8]


@pytest.mark.parametrize(
    ("orders", "why"),
    [
        ([(form.PACK, 0), (form.EXTRA, 4)], "no sense"),
        ([(form.PACK, 3), (form.EXTRA, 2), (form.PACK, 2), (form.EXTRA, 2)], "no sense"),
        ([(form.PACK, 3), (form.EXTRA, 4)], "more than it says"),
        ([(form.PACK, 5), (form.EXTRA, 4)], "less than it promises"),
        ([(form.UNPACK, 0), (form.COPY, 4)], "not packed by gzip"),
        ([(form.UNPACK, form.zigzag(2)), (form.COPY, 4)], "not packed by gzip"),
        ([(form.PACK, 4), (form.UNPACK, form.zigzag(1)), (form.COPY, 5)], "is shorter"),
        ([(form.UNPACK, form.zigzag(3)), (form.COPY, 4)], "does not name"),
    ],
)
def test_packing_without_sense_is_refused(orders: Orders, why: str, tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"word")
    (tmp_path / "good").write_bytes(gzipped(b"word"))
    (tmp_path / "bomb").write_bytes(gzipped(bytes(form.MOST_UNPACKED + 1)))
    base, names = digest(b"base"), b"\x01plain\0\x01good\0\x01bomb\0"
    roots = {base: str(tmp_path)}
    unpack = (form.UNPACK, form.zigzag(1))
    for good in ([(form.EXTRA, 4)], [unpack, (form.COPY, 4)]):
        ways: Orders = [(form.PACK, 4), *good]
        path = layers.forged(
            tmp_path / "d",
            HELD,
            ways,
            bases=[base],
            names=names,
            extra=b"word"[: 4 * (good[0][0] == 1)],
        )
        assert layers.joined(rebuild.rebuilt(str(path), roots, digest(HELD))) == HELD
    path = layers.forged(tmp_path / "d", HELD, orders, bases=[base], names=names, extra=b"word")
    with pytest.raises(EdgeError, match=why) as caught:
        list(rebuild.rebuilt(str(path), roots, digest(HELD)))
    assert caught.value.kind == "artifact"


def test_other_versions_are_refused_by_what_they_are(tmp_path: Path) -> None:
    path = layers.forged(tmp_path / "d", b"ab", [(form.EXTRA, 2)], extra=b"ab")
    for version in (0, 1, 2, 4, 255):
        path.write_bytes(b"LK8DELT" + bytes([version]) + path.read_bytes()[8:])
        with pytest.raises(EdgeError, match="not of the form that this version reads"):
            list(rebuild.rebuilt(str(path), {}, digest(b"ab")))
    path.write_bytes(b"LK8DELT\x03" + path.read_bytes()[8:])
    assert layers.joined(rebuild.rebuilt(str(path), {}, digest(b"ab"))) == b"ab"
