# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Versions and channels."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.channels import parse_channels
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.k3s import K3S
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.store import Store

from .mirror import QUICK, Faults, dead_url, serving, write_channels

OLD, NEW = "v1.33.6+k3s1", "v1.34.2+k3s1"


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


class Bench:
    """A cache and a clock that outlive the stores made on them."""

    def __init__(self, folder: Path) -> None:
        self.cache = folder / "cache"
        self.clock = Clock()
        self.warnings: list[str] = []

    def resolve(self, version: str, *mirrors: str) -> str:
        store = Store(
            self.cache,
            mirrors,
            K3S,
            patience=QUICK,
            clock=self.clock,
            warn=self.warnings.append,
        )
        return store.resolve(version)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize(
    ("version", "tag"),
    [
        (NEW, NEW),
        ("1.34.2+k3s1", NEW),
        (f" {NEW}\n", NEW),
        ("v1.35.0-rc1+k3s2", "v1.35.0-rc1+k3s2"),
    ],
)
def test_an_exact_version_asks_nobody(bench: Bench, version: str, tag: str) -> None:
    assert bench.resolve(version, dead_url()) == tag
    assert not bench.cache.exists()


@pytest.mark.parametrize("name", ["stable", "v1.33", "1.33"])
def test_a_channel_comes_from_the_mirror(bench: Bench, tmp_path: Path, name: str) -> None:
    write_channels(tmp_path, {"stable": OLD, "latest": NEW, "v1.33": OLD, "testing": ""})
    assert bench.resolve(name, str(tmp_path)) == OLD


def test_hosts_of_one_run_share_an_answer(bench: Bench, tmp_path: Path) -> None:
    write_channels(tmp_path, {"stable": OLD})
    with serving(tmp_path) as server:
        bench.resolve("stable", server.url)
        write_channels(tmp_path, {"stable": NEW})
        bench.clock.now += 3599
        assert bench.resolve("stable", server.url) == OLD
        assert len(server.requests) == 1
        bench.clock.now += 2
        assert bench.resolve("stable", server.url) == NEW
        assert len(server.requests) == 2
    assert bench.warnings == []


def test_offline_the_last_answer_is_used_and_said_to_be_old(bench: Bench, tmp_path: Path) -> None:
    write_channels(tmp_path, {"stable": OLD})
    with serving(tmp_path) as server:
        url = server.url
        bench.resolve("stable", url)
    bench.clock.now += 2 * 24 * 3600
    assert bench.resolve("stable", url) == OLD
    (warning,) = bench.warnings
    assert "stable is taken to be v1.33.6+k3s1" in warning
    assert "48 h 0 min ago" in warning
    assert "Connection refused" in warning


def test_a_mirror_that_is_away_is_not_waited_for_by_every_host(
    bench: Bench, tmp_path: Path
) -> None:
    write_channels(tmp_path, {"stable": OLD})
    faults = Faults()
    with serving(tmp_path, faults) as server:
        bench.resolve("stable", server.url)
        bench.clock.now += 4000
        faults.statuses = [503] * 99
        assert [bench.resolve("stable", server.url) for dummy in range(5)] == [OLD] * 5
        assert len(server.requests) == 1 + QUICK.attempts
        assert len(bench.warnings) == 5
        faults.statuses = []
        bench.clock.now += 601
        bench.resolve("stable", server.url)
        assert len(bench.warnings) == 5


def test_the_next_mirror_answers_and_later_ones_are_left_alone(
    bench: Bench, tmp_path: Path
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    write_channels(tmp_path / "b", {"stable": OLD})
    with serving(tmp_path) as third:
        mirrors = (str(tmp_path / "a"), str(tmp_path / "b"), third.url)
        assert bench.resolve("stable", *mirrors) == OLD
        assert third.requests == []
    assert bench.warnings == []


def test_a_channel_added_to_a_mirror_is_found_at_once(bench: Bench, tmp_path: Path) -> None:
    write_channels(tmp_path, {"stable": OLD})
    with pytest.raises(EdgeError, match="known channels: stable"):
        bench.resolve("edge", str(tmp_path))
    write_channels(tmp_path, {"stable": OLD, "edge": NEW})
    assert bench.resolve("edge", str(tmp_path)) == NEW


def test_an_answer_of_another_mirror_does_not_count(bench: Bench, tmp_path: Path) -> None:
    write_channels(tmp_path, {"stable": OLD})
    bench.resolve("stable", str(tmp_path))
    with pytest.raises(EdgeError, match="Connection refused"):
        bench.resolve("stable", dead_url())


@pytest.mark.parametrize("version", ["v1.34.2", "1.3", "", "../x", "nonsense"])
def test_an_unknown_version_is_an_error_with_the_channels(
    bench: Bench, tmp_path: Path, version: str
) -> None:
    write_channels(tmp_path, {"stable": OLD, "v1.34": NEW})
    with pytest.raises(EdgeError) as caught:
        bench.resolve(version, str(tmp_path))
    assert caught.value.kind == "release"
    assert "known channels: stable, v1.34" in str(caught.value)
    assert "quoted in YAML" in caught.value.hint


@pytest.mark.parametrize(
    "damage", ["", "[]", '{"MIRROR": {"time": "x", "channels": {"stable": 1}}}']
)
def test_a_damaged_answer_is_asked_for_anew(bench: Bench, tmp_path: Path, damage: str) -> None:
    write_channels(tmp_path, {"stable": OLD})
    bench.resolve("stable", str(tmp_path))
    kept = bench.cache / "k3s" / "channels.json"
    kept.write_text(damage.replace("MIRROR", f"{tmp_path}/channels"))
    assert bench.resolve("stable", str(tmp_path)) == OLD


@pytest.mark.parametrize(
    "text", ["", "<html>", "{}", '{"data": 1}', '{"data": [1, {"name": "x", "latest": "../y"}]}']
)
def test_a_malformed_document_is_refused(bench: Bench, tmp_path: Path, text: str) -> None:
    (tmp_path / "channels").write_text(text)
    with pytest.raises(EdgeError, match="is not a channel document"):
        bench.resolve("stable", str(tmp_path))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["data", "id", "latest"]), inner)
    ),
)


@given(JSON)
def test_any_document_is_read_or_refused(document: object) -> None:
    is_tag: Callable[[str], bool] = K3S.is_tag
    try:
        channels = parse_channels(json.dumps(document), is_tag)
    except ValueError:
        return
    assert all(map(is_tag, channels.values()))
