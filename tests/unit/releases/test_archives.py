# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Releases whose programs lie in an archive with a bare SHA-512 beside it, as KubeEdge's do."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.checksums import (
    parse_bare_sha512,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.kubeedge import KUBEEDGE
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.store import Store

from .mirror import QUICK

TAG = "v1.23.1"
FOLDER = f"kubeedge-{TAG}-linux-amd64"
PROGRAMS = {
    "cloud/cloudcore/cloudcore": b"cloud",
    "edge/edgecore": b"edge",
    "version": b"v1.23.1\n",
}


def fill(mirror: Path, programs: dict[str, bytes], tag: str = TAG) -> Path:
    folder = mirror / tag
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{FOLDER}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, data in programs.items():
            member = tarfile.TarInfo(f"{FOLDER}/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    digest = hashlib.sha512(path.read_bytes()).hexdigest()
    (folder / f"checksum_{FOLDER}.tar.gz.txt").write_text(f"{digest}\n")
    return path


def store_of(tmp_path: Path, *mirrors: str) -> Store:
    names = mirrors or ("m",)
    return Store(tmp_path / "c", [str(tmp_path / name) for name in names], KUBEEDGE, patience=QUICK)


def kept(tmp_path: Path) -> set[bytes]:
    return {
        path.read_bytes()
        for path in (tmp_path / "c" / "objects").iterdir()
        if path.suffix != ".seen"
    }


def test_programs_are_kept_by_their_own_digest_and_the_archive_is_not(tmp_path: Path) -> None:
    archive = fill(tmp_path / "m", PROGRAMS)
    asset = store_of(tmp_path).describe(TAG, arch="x86_64").asset("edgecore", "amd64")
    assert asset.sha256 == hashlib.sha256(b"edge").hexdigest()
    assert kept(tmp_path) == {b"edge", b"cloud"}
    archive.unlink()
    later = store_of(tmp_path)
    assert later.fetch(later.describe(TAG).asset("edgecore", "amd64")).read_bytes() == b"edge"


def test_nothing_is_fetched_before_an_architecture_is_known(tmp_path: Path) -> None:
    assert store_of(tmp_path).describe(TAG).assets == {}
    assert not (tmp_path / "c").exists()


def test_a_program_that_has_gone_from_the_cache_is_unpacked_again(tmp_path: Path) -> None:
    fill(tmp_path / "m", PROGRAMS)
    store = store_of(tmp_path)
    asset = store.describe(TAG, arch="amd64").asset("cloudcore", "amd64")
    (tmp_path / "c" / "objects" / asset.sha256).unlink()
    assert store.fetch(asset).read_bytes() == b"cloud"


def test_an_archive_that_was_replaced_is_not_taken_for_the_former_one(tmp_path: Path) -> None:
    fill(tmp_path / "m", PROGRAMS)
    store = store_of(tmp_path)
    asset = store.describe(TAG, arch="amd64").asset("cloudcore", "amd64")
    (tmp_path / "c" / "objects" / asset.sha256).unlink()
    fill(tmp_path / "m", {**PROGRAMS, "cloud/cloudcore/cloudcore": b"other"})
    with pytest.raises(EdgeError, match="any more") as error:
        store.fetch(asset)
    assert error.value.kind == "artifact"


def test_a_damaged_archive_is_refused_and_the_next_mirror_is_asked(tmp_path: Path) -> None:
    path = fill(tmp_path / "bad", PROGRAMS)
    path.write_bytes(path.read_bytes()[:-9] + b"#########")
    with pytest.raises(EdgeError, match="wrong checksum"):
        store_of(tmp_path, "bad").describe(TAG, arch="amd64")
    fill(tmp_path / "good", PROGRAMS)
    found = store_of(tmp_path, "bad", "good").describe(TAG, arch="amd64")
    assert sorted(found.assets) == ["cloudcore:amd64", "edgecore:amd64"]


@pytest.mark.parametrize(
    ("programs", "word"), [({"edge/edgecore": b"e"}, "holds no cloudcore"), ({}, "holds no")]
)
def test_an_archive_without_the_programs_is_refused(
    tmp_path: Path, programs: dict[str, bytes], word: str
) -> None:
    fill(tmp_path / "m", programs)
    with pytest.raises(EdgeError, match=word):
        store_of(tmp_path).describe(TAG, arch="amd64")
    assert kept(tmp_path) <= {b"e"}


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    path = fill(tmp_path / "m", PROGRAMS)
    path.write_bytes(b"no archive")
    checksum = path.with_name(f"checksum_{path.name}.txt")
    checksum.write_text(hashlib.sha512(b"no archive").hexdigest())
    with pytest.raises(EdgeError, match="cannot be unpacked"):
        store_of(tmp_path).describe(TAG, arch="amd64")


@pytest.mark.parametrize("text", ["", "<html>", "a" * 64, f"{'a' * 128}  file.tar.gz"])
def test_only_one_bare_digest_is_a_checksum_file(text: str) -> None:
    with pytest.raises(ValueError, match="SHA-512"):
        parse_bare_sha512(text)


def test_the_latest_version_is_the_channel_stable(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "latestversion").write_text("v1.24.0\n")
    assert store_of(tmp_path).resolve("stable") == "v1.24.0"
    assert store_of(tmp_path).resolve("1.23.1") == "v1.23.1"
