# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a release holds: from checksum files once, from the cache for ever."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.k3s import K3S
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.store import Store

from .mirror import QUICK, TAG, Faults, dead_url, serving, write_release


def a_store(cache: Path, *mirrors: str) -> Store:
    return Store(cache, mirrors, K3S, patience=QUICK)


def failure(store: Store, tag: str = TAG, arch: str | None = None) -> EdgeError:
    with pytest.raises(EdgeError) as caught:
        store.describe(tag, arch=arch)
    assert caught.value.kind == "release"
    assert caught.value.hint
    return caught.value


def test_all_architectures_are_described(tmp_path: Path) -> None:
    folder = write_release(tmp_path / "m")
    release = a_store(tmp_path / "c", str(tmp_path / "m")).describe(TAG)
    assert {key: asset.name for key, asset in release.assets.items()} == {
        "binary:amd64": "k3s",
        "binary:arm64": "k3s-arm64",
        "binary:arm": "k3s-armhf",
        "images:amd64": "k3s-airgap-images-amd64.tar.zst",
        "images:arm64": "k3s-airgap-images-arm64.tar.zst",
        "images:arm": "k3s-airgap-images-arm.tar.zst",
    }
    for asset in release.assets.values():
        assert asset.sha256 == hashlib.sha256((folder / asset.name).read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("ends", "expected"),
    [(("tar", "tar.gz"), "tar.gz"), (("tar",), "tar"), (("tar.zst", "tar"), "tar.zst")],
)
def test_the_smallest_listed_image_archive_is_taken(
    tmp_path: Path, ends: tuple[str, ...], expected: str
) -> None:
    write_release(tmp_path / "m", ends=ends)
    release = a_store(tmp_path / "c", str(tmp_path / "m")).describe(TAG)
    assert release.asset("images", "amd64").name == f"k3s-airgap-images-amd64.{expected}"


def test_a_warm_cache_needs_no_mirror(tmp_path: Path) -> None:
    write_release(tmp_path / "m")
    with serving(tmp_path / "m") as server:
        url = server.url
        cold = a_store(tmp_path / "c", url).describe(TAG)
        assert len(server.requests) == 3
        assert a_store(tmp_path / "c", url).describe(TAG) == cold
        assert len(server.requests) == 3
    assert a_store(tmp_path / "c", url).describe(TAG) == cold


def test_any_spelling_of_an_architecture_is_known(tmp_path: Path) -> None:
    write_release(tmp_path / "m")
    store = a_store(tmp_path / "c", str(tmp_path / "m"))
    for name, expected in (("x86_64", "k3s"), ("aarch64", "k3s-arm64"), ("armhf", "k3s-armhf")):
        assert store.describe(TAG, arch=name).asset("binary", name).name == expected


def test_an_architecture_added_to_the_mirror_later_is_found(tmp_path: Path) -> None:
    write_release(tmp_path / "m", arches=["amd64"])
    mirror = str(tmp_path / "m")
    release = a_store(tmp_path / "c", mirror).describe(TAG)
    with pytest.raises(EdgeError, match="lists no binary for arm64"):
        release.asset("binary", "arm64")
    assert "sha256sum-arm64.txt: No such file" in str(
        failure(a_store(tmp_path / "c", mirror), arch="arm64")
    )
    for path in write_release(tmp_path / "more", arches=["arm64"]).iterdir():
        path.rename(tmp_path / "m" / TAG / path.name)
    store = a_store(tmp_path / "c", mirror)
    assert store.describe(TAG, arch="arm64").asset("binary", "arm64").name == "k3s-arm64"
    assert store.describe(TAG).asset("binary", "amd64").name == "k3s"


def test_a_second_mirror_fills_in(tmp_path: Path) -> None:
    write_release(tmp_path / "a", arches=["amd64"])
    write_release(tmp_path / "b", arches=["arm"], seed=2)
    release = a_store(tmp_path / "c", str(tmp_path / "a"), str(tmp_path / "b")).describe(TAG)
    assert sorted(release.assets) == [
        "binary:amd64",
        "binary:arm",
        "images:amd64",
        "images:arm",
    ]


def test_another_mirror_is_not_bound_by_what_one_said(tmp_path: Path) -> None:
    write_release(tmp_path / "trial", seed=1)
    write_release(tmp_path / "real", seed=2)
    trial = a_store(tmp_path / "c", str(tmp_path / "trial")).describe(TAG)
    real = a_store(tmp_path / "c", str(tmp_path / "real")).describe(TAG)
    assert trial.asset("binary", "amd64").sha256 != real.asset("binary", "amd64").sha256
    again = a_store(tmp_path / "c", str(tmp_path / "trial")).describe(TAG)
    assert again.asset("binary", "amd64").sha256 == trial.asset("binary", "amd64").sha256


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"MIRROR": {"amd64": {"k3s": "../x"}}}', b'{"MIRROR": 1}']
)
def test_a_damaged_record_is_read_anew(tmp_path: Path, damage: bytes) -> None:
    write_release(tmp_path / "m")
    mirror = str(tmp_path / "m")
    cold = a_store(tmp_path / "c", mirror).describe(TAG)
    record = tmp_path / "c" / "k3s" / f"{TAG}.json"
    record.write_bytes(damage.replace(b"MIRROR", mirror.encode()))
    assert a_store(tmp_path / "c", mirror).describe(TAG) == cold


def test_every_mirror_and_its_reason_is_listed(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    listing = tmp_path / "portal" / TAG / "sha256sum-amd64.txt"
    listing.parent.mkdir(parents=True)
    listing.write_text("<html>please log in</html>\n")
    away = dead_url()
    with serving(tmp_path / "empty", Faults(statuses=[500] * 99)) as broken:
        store = a_store(
            tmp_path / "c", away, broken.url, str(tmp_path / "empty"), str(tmp_path / "portal")
        )
        message = str(failure(store))
        assert f"{away}/{TAG}: sha256sum-amd64.txt: Connection refused" in message
        assert f"{broken.url}/{TAG}: sha256sum-amd64.txt: HTTP 500" in message
        assert f"{tmp_path}/empty/{TAG}: sha256sum-amd64.txt: No such file" in message
        assert "sha256sum-amd64.txt: is not a checksum file: line 1" in message
        # A mirror that was given its attempts is not asked for the next file.
        assert len(broken.requests) == QUICK.attempts
    assert not (tmp_path / "c" / "k3s" / f"{TAG}.json").exists()


def test_a_passing_failure_is_tried_again(tmp_path: Path) -> None:
    write_release(tmp_path / "m")
    faults = Faults(statuses=[503, 500])
    with serving(tmp_path / "m", faults) as server:
        assert a_store(tmp_path / "c", server.url).describe(TAG, arch="amd64").assets
        assert len(server.requests) == 3


def test_a_checksum_file_that_is_cut_is_not_taken(tmp_path: Path) -> None:
    write_release(tmp_path / "m")
    # Cut at the end of a line, where the syntax does not give it away.
    line = (tmp_path / "m" / TAG / "sha256sum-amd64.txt").read_text().splitlines()[0]
    with serving(tmp_path / "m", Faults(cut=len(line) + 1, cuts=1)) as server:
        release = a_store(tmp_path / "c", server.url).describe(TAG, arch="amd64")
    assert sorted(release.assets) == ["binary:amd64", "images:amd64"]


@pytest.mark.parametrize("tag", ["v1.34", "stable", "../../etc", "v1.34.2+k3s1/..", ""])
def test_only_an_exact_version_is_described(tmp_path: Path, tag: str) -> None:
    assert "is not a version of k3s" in str(failure(a_store(tmp_path, str(tmp_path)), tag))


def test_an_unpublished_architecture_is_named(tmp_path: Path) -> None:
    write_release(tmp_path / "m")
    error = failure(a_store(tmp_path / "c", str(tmp_path / "m")), arch="s390x")
    assert "k3s is not published for s390x" in str(error)
    assert "amd64, arm64, arm" in error.hint
