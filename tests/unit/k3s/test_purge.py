# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a purge takes: processes, folders, tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.resources import Seen
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.adapter import (
    Facts,
    Observation,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k3s import (
    purge,
    remains,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.processes import (
    Process,
    to_end,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.remains import (
    containers_mounts,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.spec import Spec
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host

DATA = "/var/lib/rancher/k3s"
BIN = f"{DATA}/data/abc/bin"
SOCKET = "/run/k3s/containerd/containerd.sock"
PROCESSES = {
    1: Process(0, "/usr/lib/systemd/systemd", ("/sbin/init",)),
    10: Process(1, "/usr/sbin/sshd", ("sshd",)),
    11: Process(10, "/usr/bin/dash", ("sh", "-c", f"ls {DATA}/data/ {SOCKET}")),
    12: Process(11, "/usr/bin/python3", ("python3",)),
    20: Process(1, f"{BIN}/k3s", ("k3s server",)),
    21: Process(20, f"{BIN}/containerd", ("containerd",)),
    30: Process(1, "/opt/containerd-shim-runc-v2", ("containerd-shim-runc-v2", "-address", SOCKET)),
    31: Process(30, "/pause", ("/pause",)),
    40: Process(1, "/usr/bin/containerd-shim-runc-v2", ("containerd-shim-runc-v2", "-id", "x")),
    50: Process(1, "/usr/bin/less", ("less", f"{BIN}/k3s")),
}


def test_only_what_k3s_runs_is_ended() -> None:
    assert to_end(PROCESSES, purge.mark(DATA), 12) == {20, 21, 30, 31}


def test_whoever_started_this_process_lives() -> None:
    inside = {**PROCESSES, 60: Process(31, "/usr/bin/python3", ("python3",))}
    assert to_end(inside, purge.mark(DATA), 60) == {20, 21}


def test_a_data_folder_elsewhere() -> None:
    assert to_end(PROCESSES, purge.mark("/srv/k3s"), 12) == {30, 31}


def folders(host: Host, *names: str) -> None:
    for name in names:
        host.make_folder(name)


def mounted(host: Host, *points: str) -> None:
    lines = "".join(f"dev {point} ext4 rw 0 0\n" for point in points)
    host.write("/proc/self/mounts", lines.encode())


def test_leftovers(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    assert remains.leftovers(host, DATA) == ()
    folders(host, f"{DATA}/server", "/etc/rancher/k3s", "/run/k3s")
    assert set(remains.leftovers(host, DATA)) == {
        *(DATA, "/etc/rancher/k3s", "/run/k3s", "/etc/rancher", "/var/lib/rancher")
    }


def test_a_data_folder_of_the_users_keeps_what_is_not_of_k3s(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    folders(host, "/srv/server", "/srv/photos", "/etc/rancher/other")
    assert remains.leftovers(host, "/srv") == ("/srv/server",)


@pytest.mark.parametrize(
    ("content", "points", "found"),
    [
        ((), [DATA], False),
        (("lost+found",), [DATA], False),
        (("server",), [DATA], True),
        (("storage",), [f"{DATA}/storage"], False),
        (("storage", "agent"), [f"{DATA}/storage"], True),
        (("storage/disk",), [f"{DATA}/storage/disk"], False),
        (("storage/disk", "storage/pvc"), [f"{DATA}/storage/disk"], True),
    ],
)
def test_mount_points_stay(
    tmp_path: Path, content: tuple[str, ...], points: list[str], found: bool
) -> None:
    host = Host(str(tmp_path))
    folders(host, DATA, *(f"{DATA}/{name}" for name in content))
    mounted(host, *points)
    assert (DATA in remains.leftovers(host, DATA)) is found


def test_mounts_of_containers_alone_are_undone(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    inner = "/var/lib/kubelet/pods/1/volumes/a"
    mounted(host, "/var/lib/kubelet", "/var/lib/kubelet/pods/1", inner, "/run/k3s-backup", DATA)
    assert containers_mounts(host, remains.PLACES) == [inner, "/var/lib/kubelet/pods/1"]


def test_the_users_own_tools_stay() -> None:
    tools = {
        "/usr/local/bin/kubectl": Seen("file"),
        "/usr/local/bin/crictl": Seen("link", target="k3s"),
        "/usr/local/bin/ctr": Seen("link", target="/opt/ctr"),
        "/usr/local/bin/k3s": Seen("file"),
    }
    steps = purge.steps(Spec("k3s", state="purged"), Observation(Facts("", ""), tools, {}))
    assert [step.target for step in steps] == ["/usr/local/bin/crictl", "/usr/local/bin/k3s"]


def test_the_data_folder_in_use_is_cleared() -> None:
    facts = Facts("", "", config={"data-dir": "/srv/k3s/"}, leftovers=("/srv/k3s/server",))
    steps = purge.steps(Spec("k3s", state="purged"), Observation(facts, {}, {}))
    assert [(step.verb, step.target) for step in steps] == [
        ("k3s_clear", "/srv/k3s"),
        ("remove_tree", "/srv/k3s/server"),
    ]
