# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cache stays within its limit; what may be on its way to a site stays whatever the limit is."""

from __future__ import annotations

import os
import time
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import platform_of
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.source import Source
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.tidy import tidy

from . import making

NOW = 1_800_000_000.0
DAY = 86400


def put(path: Path, size: int, days: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    os.utime(path, (NOW - days * DAY, NOW - days * DAY))
    return path


def test_the_longest_unused_of_any_kind_goes_first(tmp_path: Path) -> None:
    images = tmp_path / "images"
    blob, record = put(images / "kept/a.blob", 100, 9), put(images / "kept/a.json", 10, 1)
    delta = put(images / "deltas/d.delta", 50, 8)
    layout = put(images / "pulled/x/blobs/sha256/b", 70, 7).parents[2]
    os.utime(layout, (NOW - 7 * DAY, NOW - 7 * DAY))
    unpacked = put(tmp_path / "unpacked/u.tar", 40, 6)
    lock = put(images / "deltas/.d.lock", 0, 30)
    young = put(images / "staged/y", 1000, 0.5)
    assert tidy(tmp_path, 2000, NOW) == 0
    assert tidy(tmp_path, 1160, NOW) == 110
    assert [path.exists() for path in (blob, record, delta)] == [False, False, True]
    assert tidy(tmp_path, 1100, NOW) == 120
    assert [path.exists() for path in (delta, layout, unpacked)] == [False, False, True]
    assert tidy(tmp_path, 0, NOW) == 40
    assert [path.exists() for path in (unpacked, lock, young)] == [False, True, True]


def test_what_was_opened_again_stays(tmp_path: Path) -> None:
    made = making.layout({"r.example/a:1": making.image({"a": b"x" * 90})})
    archive = making.write_archive(tmp_path / "a.tgz", made, "gzip")
    Source(archive, tmp_path / "unpacked")
    (tar,) = (tmp_path / "unpacked").glob("*.tar")
    os.utime(tar, (1e9, 1e9))
    Source(archive, tmp_path / "unpacked").image("r.example/a:1", platform_of("linux/amd64"))
    assert tidy(tmp_path, 0, time.time()) == 0
    os.utime(tar, (1e9, 1e9))
    assert tidy(tmp_path, 0, time.time()) == len(
        making.write_archive(tmp_path / "b", made).read_bytes()
    )


def test_what_a_killed_process_has_left_goes_after_a_day(tmp_path: Path) -> None:
    images = tmp_path / "images"
    left = [
        put(images / f"deltas/.{'a' * 64}/0", 30, 2).parent,
        put(images / "kept/.a.tar", 20, 2),
        put(images / "pulled/.b/plain/c", 5, 2).parents[1],
        put(images / "staged/.c-123", 4, 2),
        put(tmp_path / "unpacked/.d.tar.unpacking", 3, 2),
    ]
    for folder in (left[0], left[2]):
        os.utime(folder, (NOW - 2 * DAY, NOW - 2 * DAY))
    kept = [put(images / "deltas/.memory-1.lock", 0, 9), put(images / "kept/.e.new", 9, 0.5)]
    assert tidy(tmp_path, 10**9, NOW) == 62
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in kept)


def test_an_empty_cache_is_tidy(tmp_path: Path) -> None:
    assert tidy(tmp_path / "absent", 0, NOW) == 0
