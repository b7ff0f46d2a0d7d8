# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Folder mirrors, and the cache folder itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.cache import (
    default_cache_dir,
    is_thrown_away,
)

from .bench import Bench
from .mirror import write_release


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return write_release(tmp_path / "m", arches=["amd64"])


def test_a_file_of_the_same_file_system_is_linked(tmp_path: Path, release: Path) -> None:
    bench = Bench(tmp_path, str(tmp_path / "m"))
    assert bench.fetch().samefile(release / "k3s")
    assert bench.lines == []
    assert bench.objects() == [bench.binary().sha256]


def test_a_linked_file_that_the_mirror_changes_in_place_is_found_out(
    tmp_path: Path, release: Path
) -> None:
    Bench(tmp_path, str(tmp_path / "m")).fetch()
    with (release / "k3s").open("r+b") as handle:
        handle.write(b"changed")
    bench = Bench(tmp_path, str(tmp_path / "m"))
    assert "wrong checksum" in str(bench.failure())
    assert bench.objects() == []
    assert (release / "k3s").exists()


def test_a_symlink_on_the_mirror_is_followed(tmp_path: Path, release: Path) -> None:
    (release / "k3s").rename(tmp_path / "real")
    (release / "k3s").symlink_to(tmp_path / "real")
    path = Bench(tmp_path, str(tmp_path / "m")).fetch()
    assert path.is_file()
    assert not path.is_symlink()


@pytest.mark.parametrize("kind", ["folder", "pipe", "dangling"])
def test_what_is_not_a_file_is_named(tmp_path: Path, release: Path, kind: str) -> None:
    bench = Bench(tmp_path, str(tmp_path / "m"))
    bench.binary()
    (release / "k3s").unlink()
    if kind == "folder":
        (release / "k3s").mkdir()
    elif kind == "pipe":
        os.mkfifo(release / "k3s")
    else:
        (release / "k3s").symlink_to("nowhere")
    reason = "No such file" if kind == "dangling" else "is not a file"
    assert f"{release}/k3s: {reason}" in str(bench.failure())


def test_a_file_url_is_a_folder(tmp_path: Path, release: Path) -> None:
    bench = Bench(tmp_path, (tmp_path / "m").as_uri())
    assert bench.fetch().read_bytes() == (release / "k3s").read_bytes()


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, release: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    error = Bench(tmp_path, str(tmp_path / "m")).failure("io")
    assert str(tmp_path / "cache") in str(error)
    assert "edge_cache_dir" in error.hint


def test_the_default_folder_follows_xdg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache/me")
    assert default_cache_dir() == Path("/var/cache/me/lightk8s")
    for ignored in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", ignored)
        assert default_cache_dir() == Path("/home/me/.cache/lightk8s")


@pytest.mark.parametrize("mark", [".dockerenv", "run/.containerenv"])
def test_a_cache_inside_a_container_goes_away_with_it(tmp_path: Path, mark: str) -> None:
    cache = tmp_path / "root" / "not" / "there" / "yet"
    assert not is_thrown_away(cache, tmp_path)
    (tmp_path / mark).parent.mkdir(exist_ok=True)
    (tmp_path / mark).touch()
    assert is_thrown_away(cache, tmp_path)
    assert not is_thrown_away(Path("/proc/self"), tmp_path)  # another file system
