# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an import that was cut by power has left in containerd is let go, and nothing that lives."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.adapter import Runtime
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host
from ansible_collections.lightk8s.edge.plugins.module_utils._images import imports
from ansible_collections.lightk8s.edge.plugins.module_utils._images.runtime import Containerd

# As ctr of containerd 2.1 prints them: times are the machine's own.
LEASES = """\
ID                   CREATED AT                LABELS
dead-1               2026-11-21T09:00:00Z      containerd.io/gc.expire=2026-11-22T09:00:00Z
dead-2               2026-11-21T12:29:59+03:00 containerd.io/gc.expire=2026-11-22T09:29:59Z,x=y
alive                2026-11-21T10:00:01Z      containerd.io/gc.expire=2026-11-22T10:00:01Z
for-ever             2026-11-21T08:00:00Z      -
somebody             2026-11-21T08:00:00Z      owner=somebody
unread               yesterday                 containerd.io/gc.expire=2026-11-22T10:00:01Z
"""
BOOT = 1795255200.0  # 2026-11-21T10:00:00Z
CTR = """#!/bin/sh
echo "$*" >> {calls}
case "$*" in
*"leases ls"*) cat {leases} ;;
*"images ls"*) printf 'REF TYPE DIGEST SIZE PLATFORMS LABELS\\na:1 t sha256:1 1 B linux/amd64 -\\n' ;;
esac
"""


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    return tmp_path / "calls"


@pytest.fixture
def containerd(tmp_path: Path, calls: Path) -> Containerd:
    ctr, leases = tmp_path / "ctr", tmp_path / "leases"
    ctr.write_text(CTR.format(calls=calls, leases=leases))
    ctr.chmod(0o755)
    leases.write_text(LEASES)
    return Containerd(Host(), Runtime((str(ctr),), str(tmp_path)))


def test_leases_of_before_the_boot_that_end_by_themselves_end_now(
    containerd: Containerd, calls: Path
) -> None:
    containerd.abandon(BOOT)
    assert [line.partition("k8s.io ")[2] for line in calls.read_text().splitlines()] == [
        "leases ls",
        "leases delete dead-1 dead-2",
        "images ls",
        "images tag --force a:1 lightk8s.internal/collect:now",
        "images rm --sync lightk8s.internal/collect:now",
    ]


@pytest.mark.parametrize("boot", [0.0, BOOT - 86_400])
def test_nothing_is_done_where_all_leases_are_of_this_boot(
    containerd: Containerd, calls: Path, boot: float
) -> None:
    containerd.abandon(boot)
    assert len(calls.read_text().splitlines()) == 1


def test_the_boot_is_when_the_first_process_began(tmp_path: Path) -> None:
    assert 0 < imports.booted(Host()) < time.time()
    assert imports.booted(Host(str(tmp_path))) == 0.0
    (tmp_path / "proc/1").mkdir(parents=True)
    (tmp_path / "proc/stat").write_text("cpu 1 2\nbtime 1000\nprocesses 3\n")
    assert imports.booted(Host(str(tmp_path))) == 0.0
    ticks = 7 * os.sysconf("SC_CLK_TCK")
    fields = ["S", *map(str, range(4, 22)), str(ticks), "23"]
    (tmp_path / "proc/1/stat").write_text(f"1 (a ) b) {' '.join(fields)}\n")
    assert imports.booted(Host(str(tmp_path))) == 1007.0
