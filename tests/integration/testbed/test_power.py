# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Power cuts lose what was not written to the disk, and nothing else."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from bed import power
from bed.fleet import Fleet
from bed.node import Node
from bed.shell import run

# Appends numbered lines; a number is acknowledged (in memory) once its line is on the disk. Files
# replaced by rename are old or new after a cut, never empty.
WRITER = """
import os
log = os.open("/opt/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
folder = os.open("/etc", os.O_RDONLY)
number = 0
while True:
    number += 1
    os.write(log, b"line %d\\n" % number)
    os.fsync(log)
    with open("/etc/state.new", "w") as new:
        new.write("%d\\n" % number * 1000)
        new.flush()
        os.fsync(new.fileno())
    os.rename("/etc/state.new", "/etc/state")
    os.fsync(folder)
    with open("/run/acknowledged.new", "w") as seen:
        seen.write(str(number))
    os.rename("/run/acknowledged.new", "/run/acknowledged")
    with open("/opt/careless", "a") as careless:
        careless.write("line %d\\n" % number)
"""


@pytest.fixture(scope="module")
def node(make_fleet: Callable[..., Fleet]) -> Node:
    return make_fleet("shop=server:disk=1g")["shop-server1"]


def test_all_folders_are_on_the_disk(node: Node) -> None:
    for folder in power.FOLDERS:
        source = node.run(["findmnt", "-n", "-o", "SOURCE", "-T", f"/{folder}"]).stdout
        assert source.startswith("/dev/loop")


@pytest.mark.parametrize("turn", [1, 2, 3, 4])
def test_acknowledged_writes_survive_and_careless_ones_do_not(node: Node, turn: int) -> None:
    node.run("rm -f /opt/log /opt/careless /etc/state; sync")
    node.write("/run/writer.py", WRITER)
    node.run(f"systemd-run --quiet --unit=writer{turn} python3 /run/writer.py")
    while not node.exists("/run/acknowledged"):
        time.sleep(0.05)
    time.sleep(0.4 * turn)
    acknowledged = int(node.read("/run/acknowledged"))
    identity = node.read("/etc/machine-id")

    if turn % 2:
        power.cut(node)
    else:
        power.boot_from(node, power.snapshot(node))

    lines = node.read("/opt/log").splitlines()
    assert lines == [f"line {n}" for n in range(1, len(lines) + 1)]
    assert len(lines) >= acknowledged
    state = node.read("/etc/state").splitlines()
    assert len(state) == 1000
    assert len(set(state)) == 1
    assert int(state[0]) >= acknowledged
    kept = node.run("cat /opt/careless", check=False).stdout.splitlines()
    assert len(kept) < len(lines)
    assert node.read("/etc/machine-id") == identity
    assert not node.exists("/run/acknowledged")
    assert node.ssh("systemctl is-system-running").stdout.strip() == "running"


def test_a_cut_node_can_be_switched_off_and_on(node: Node) -> None:
    node.write("/opt/kept", "kept\n")
    node.restart()
    assert node.read("/opt/kept") == "kept\n"


def names_in_opt(disk: Path) -> str:
    return run(["debugfs", "-R", "ls /opt", str(disk)]).stdout


def test_snapshots_of_two_moments_leave_the_node_running(node: Node) -> None:
    before = node.pid("ssh.service")
    first = power.snapshot(node)
    node.run("echo later >/opt/later; sync")
    second = power.snapshot(node, first.with_suffix(".second"))
    assert node.pid("ssh.service") == before
    for disk in (first, second):
        power.check(disk)
        run(["e2fsck", "-f", "-n", str(disk)])
    assert "later" not in names_in_opt(first)
    assert "later" in names_in_opt(second)


def test_a_disk_is_released_when_nobody_holds_it_any_more(tmp_path: Path) -> None:
    disk, mount = tmp_path / "disk.img", tmp_path / "disk"
    mount.mkdir()
    run(["truncate", "--size", "16M", str(disk)])
    run(["mkfs.ext4", "-q", str(disk)])
    run(["mount", "-o", "loop", str(disk), str(mount)])
    with subprocess.Popen(["unshare", "--mount", "--propagation", "private", "sleep", "2"]) as held:
        while os.readlink(f"/proc/{held.pid}/ns/mnt") == os.readlink("/proc/self/ns/mnt"):
            time.sleep(0.01)
        power.release_folder(mount)
        assert held.poll() is not None
    assert str(disk) not in run(["losetup", "--list", "--output", "BACK-FILE"]).stdout
