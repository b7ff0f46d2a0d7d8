# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench of images measures what it says: on small layers, without registries."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import bsdiff4
import pytest

from ansible_collections.lightk8s.edge.tests.bench import images, images_limits, images_sites
from ansible_collections.lightk8s.edge.tests.bench.images_pairs import PAIRS, Pair

from . import making

CHANCE = random.Random(3)
PROGRAM = bytes(CHANCE.choice(b"0123456789abcdef") for dummy in range(60_000))


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> images.Bench:
    def built(pair: Pair, which: str, folder: Path) -> Path:
        path = folder / f"{pair.name}-{which}.tar"
        body = PROGRAM[:30_000] + which.encode() + PROGRAM[30_000:]
        content = CHANCE.randbytes(900_000) if pair.control else body
        path.write_bytes(making.tar_of({f"usr/{pair.name}": content}))
        return path

    monkeypatch.setattr(images, "built", built)
    (tmp_path / "scratch").mkdir()
    return images.Bench(["go", "control"], tmp_path, tmp_path / "scratch")


def test_updates_and_the_control_are_told_apart(bench: images.Bench) -> None:
    found = {pair.name: bench.pair(pair, False) for pair in bench.pairs}
    assert (found["go"]["kind"], found["control"]["kind"]) == ("delta", "blob")
    assert found["go"]["ratio"] > 20
    assert found["go"]["apply"]["peak_mb"] < 48
    assert 0 < sum(found["go"]["streams"].values()) < found["go"]["ours"]
    figures = images.summary(found, None)
    assert figures["update_ratio"] == figures["update_ratio_geomean"] == found["go"]["ratio"]
    assert figures["control_ratio"] <= 1.01
    assert 0.9 < figures["first_install_ratio"] < 1.05
    found["go"] |= {"limits": {"one": 1000, "other": None}, "vs_limit": 1.1}
    figures = images.summary(found, None)
    assert (figures["worst_vs_limit"], figures["limits_missing"]) == (1.1, ["other"])


def test_many_sites_make_each_delta_once(
    bench: images.Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images_sites, "SITES", 12)
    found = bench.sites()
    # From the old version, and from the new one whose blob is gone.
    assert (found["encodes"], found["pairs"], found["images"]) == (2, 2, ["go"])
    assert images.summary({}, found)["encodes_extra"] == 0


def test_limits_are_counted_once_and_missing_tools_are_named(
    bench: images.Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    tars = bench.tars["go", "old"], bench.tars["go", "new"]
    monkeypatch.setenv("PATH", str(bench.folder))
    monkeypatch.setattr(sys, "executable", str(bench.folder / "python"))
    found = images_limits.limits(*tars, bench.folder)
    assert found["bsdiff"]
    assert found["xdelta3"] is None
    monkeypatch.setattr(bsdiff4, "file_diff", None)
    assert images_limits.limits(*tars, bench.folder) == found


def test_the_pairs_are_what_was_promised() -> None:
    assert len([pair for pair in PAIRS if not pair.control]) >= 6
    assert len([pair for pair in PAIRS if pair.control]) == 1
    for pair in PAIRS:
        assert pair.versions("old") != pair.versions("new")
        assert all(name and version for name, version in pair.versions("new"))
