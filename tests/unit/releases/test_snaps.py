# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Folders as `snap download` leaves them, with a checksum file beside."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.microk8s import MICROK8S
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.store import Store

from .mirror import QUICK

TAG = "v1.34.2+microk8s.8511"
FILES = (
    *("microk8s_8511.snap", "microk8s_8511.assert", "core22_999.snap", "core22_999.assert"),
    *("core22_2045.snap", "core22_2045.assert", "snapd_24792.snap", "snapd_24792.assert"),
    *("snapd_24792.snap.part", "microk8s-images-amd64.tar"),
)


def fill(folder: Path, names: tuple[str, ...] = FILES) -> Path:
    folder.mkdir(parents=True)
    lines = []
    for name in names:
        (folder / name).write_bytes(name.encode())
        lines.append(f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n")
    (folder / "SHA256SUMS").write_text("".join(lines))
    return folder


def test_snaps_are_found_whatever_their_revision(tmp_path: Path) -> None:
    fill(tmp_path / "m" / TAG)
    store = Store(tmp_path / "c", [str(tmp_path / "m")], MICROK8S, patience=QUICK)
    found = {
        key.removesuffix(":amd64"): asset.name
        for key, asset in store.describe(TAG, arch="amd64").assets.items()
        if key.endswith(":amd64")
    }
    assert found == {
        "binary": "microk8s_8511.snap",
        "binary-assert": "microk8s_8511.assert",
        "core22": "core22_2045.snap",
        "core22-assert": "core22_2045.assert",
        "snapd": "snapd_24792.snap",
        "snapd-assert": "snapd_24792.assert",
        "images": "microk8s-images-amd64.tar",
    }


def test_another_revision_in_the_folder_is_not_the_release(tmp_path: Path) -> None:
    fill(tmp_path / "m" / TAG, ("microk8s_8512.snap",))
    store = Store(tmp_path / "c", [str(tmp_path / "m")], MICROK8S, patience=QUICK)
    with pytest.raises(EdgeError, match="lists no file for amd64"):
        store.describe(TAG, arch="amd64")


@pytest.mark.parametrize("mirrors", [(), ("official",)])
def test_there_is_no_official_folder(tmp_path: Path, mirrors: tuple[str, ...]) -> None:
    with pytest.raises(EdgeError, match="no official place") as error:
        Store(tmp_path, mirrors, MICROK8S)
    assert "snap download" in error.value.hint
