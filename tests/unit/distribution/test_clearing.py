# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which cgroups of pods a removal takes away."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._distribution import clearing
from ansible_collections.lightk8s.edge.plugins.module_utils._host.commands import Done
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host

SLICE = "sys/fs/cgroup/systemd/kubepods.slice"


def stops(root: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What is run while the cgroups below `root` are taken away."""
    host, said = Host(root=str(root)), []

    def run(words: list[str], **more: object) -> Done:
        said.append(words)
        return Done(tuple(words), 0, "", "")

    monkeypatch.setattr(host, "run", run)
    clearing._drop_cgroups(host)
    return said


def test_slices_that_systemd_keeps_are_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / SLICE / "kubepods-besteffort.slice").mkdir(parents=True)
    assert stops(tmp_path, monkeypatch) == [["systemctl", "stop", "kubepods.slice"]]
    assert not (tmp_path / SLICE).exists()


def test_what_lives_in_a_slice_is_let_live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / SLICE / "kubepods-besteffort.slice"
    inner.mkdir(parents=True)
    (inner / "cgroup.procs").write_text("4711\n", encoding="ascii")
    assert stops(tmp_path, monkeypatch) == []
    assert inner.exists()


def test_cgroups_that_the_kubelet_made_need_no_systemd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sys/fs/cgroup/cpu/kubepods/besteffort").mkdir(parents=True)
    assert stops(tmp_path, monkeypatch) == []
    assert not (tmp_path / "sys/fs/cgroup/cpu/kubepods").exists()
