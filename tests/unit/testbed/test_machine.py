# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the test bed says of the machine before it starts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from bed import machine
from bed.shell import BedError


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Have so many of 100 GiB free, on a machine where podman has no volumes yet."""
    told = subprocess.CompletedProcess([], 0, f"{tmp_path}/volumes\n", "")
    monkeypatch.setattr(machine, "run", lambda words: told)

    def have(gib: float) -> None:
        usage = Usage(100 << 30, 0, int(gib * (1 << 30)))
        monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)

    return have


def test_nothing_is_said_of_a_disk_with_room(free: Any) -> None:
    free(15)
    assert machine.short_of_disk() == ""


def test_a_disk_on_which_some_kubelets_evict_is_named_with_its_figures(free: Any) -> None:
    free(14.9)
    said = machine.short_of_disk()
    assert said.startswith("disk: 14.9 % (14 of 100 GiB) are free")
    assert "k0s and KubeEdge evict pods below 15 %" in said
    assert "\n" not in said


def test_a_disk_on_which_all_kubelets_evict_is_refused(free: Any) -> None:
    free(4.9)
    with pytest.raises(BedError, match=r"^disk: 4\.9 %"):
        machine.short_of_disk()
