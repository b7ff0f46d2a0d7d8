# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel tells in /proc, read from texts as kernels write them."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._core import proc

MOUNTS = """\
/dev/sda2 / ext4 rw,relatime 0 0
proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0
/dev/sda3 /var ext4 rw,noexec 0 0
/dev/sda4 /mnt/usb\\040stick vfat ro 0 0
/dev/sda5 /var/lib ext4 rw 0 0
tmpfs /var/lib tmpfs ro 0 0
"""
TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:192B 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1525 1 0
   1: 0100007F:0016 0100007F:C69F 01 00000000:00000000 00:00000000 00000000 0 0 1526 1 0
"""
UDP = """\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
  501: 00000000:2118 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 0 2 0 0
"""
ROUTE = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
tun0\t00002A0A\t01080A0A\t0003\t0\t0\t50\t0000FFFF\t0\t0\t0
eth1\t0000630A\t00000000\t0000\t0\t0\t0\t00FFFFFF\t0\t0\t0
"""
NONE = "0" * 32
ROUTE6 = f"""\
fd000000000000000000000000000000 40 {NONE} 00 {NONE} 00000100 00000001 00000000 00000001     eth0
fe800000000000000000000000000000 40 {NONE} 00 {NONE} 00000100 00000001 00000000 00000001     eth0
{NONE} 00 {NONE} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0
{NONE} 00 {NONE} 00 {NONE} ffffffff 00000001 00000000 00200200       lo
"""
CGROUPS = """\
#subsys_name\thierarchy\tnum_cgroups\tenabled
cpu\t1\t17\t1
memory\t0\t174\t0
pids\t8\t47\t1
"""


@pytest.mark.parametrize(
    ("path", "folder", "options"),
    [
        ("/etc", "/", ("rw", "relatime")),
        ("/var/log", "/var", ("rw", "noexec")),
        ("/var", "/var", ("rw", "noexec")),
        ("/variable", "/", ("rw", "relatime")),
        ("/var/lib/rancher", "/var/lib", ("ro",)),
        ("/mnt/usb stick/k3s", "/mnt/usb stick", ("ro",)),
    ],
)
def test_the_nearest_and_latest_mount_counts(
    path: str, folder: str, options: tuple[str, ...]
) -> None:
    found = proc.mount_of(path, proc.mounts(MOUNTS))
    assert found is not None
    assert (found.folder, found.options) == (folder, options)


def test_only_sockets_that_listen_count() -> None:
    assert proc.sockets(TCP, "tcp") == [proc.Socket("tcp", 6443, 1525)]
    assert proc.sockets(UDP, "udp") == [proc.Socket("udp", 8472, 0)]


def test_routes_are_networks_of_interfaces_that_are_up() -> None:
    found = [(r.interface, str(r.network), r.gateway, r.default) for r in proc.routes(ROUTE)]
    assert found == [
        ("eth0", "0.0.0.0/0", True, True),
        ("eth0", "192.168.1.0/24", False, False),
        ("tun0", "10.42.0.0/16", True, False),
    ]


def test_ipv6_routes_leave_out_link_local_and_rejecting_ones() -> None:
    found = [(r.interface, str(r.network), r.gateway) for r in proc.routes6(ROUTE6)]
    assert found == [("eth0", "fd00::/64", False), ("eth0", "::/0", True)]


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_any_ipv4_network_is_read_as_the_kernel_writes_it(
    address: ipaddress.IPv4Address, length: int
) -> None:
    network = ipaddress.IPv4Network((int(address), length), strict=False)
    words = [
        network.network_address.packed[::-1].hex().upper(),
        network.netmask.packed[::-1].hex().upper(),
    ]
    line = f"eth0\t{words[0]}\t00000000\t0001\t0\t0\t0\t{words[1]}\t0\t0\t0"
    assert [route.network for route in proc.routes(f"header\n{line}\n")] == [network]


@pytest.mark.parametrize(
    ("mounts", "unified", "listing", "expected"),
    [
        ("", "cpuset cpu io memory pids\n", "", {"cpuset", "cpu", "io", "memory", "pids"}),
        ("", "cpuset cpu pids\n", CGROUPS, {"cpuset", "cpu", "pids"}),
        ("cgroup /c/cpu cgroup rw,cpu 0 0", "", CGROUPS, {"rw", "cpu"}),
        ("cgroup /c/m cgroup rw,memory 0 0", "", CGROUPS, {"rw"}),
        ("cgroup2 /c/unified cgroup2 rw 0 0", "", "", set()),
    ],
)
def test_controllers_of_both_versions(
    mounts: str, unified: str, listing: str, expected: set[str]
) -> None:
    assert proc.controllers(proc.mounts(mounts), unified, listing) == expected


def test_memory_is_read_in_mebibytes() -> None:
    text = "MemTotal:        3932160 kB\nSwapTotal:       1048576 kB\n"
    assert proc.megabytes(text, "MemTotal") == 3840
    assert proc.megabytes(text, "HugeTotal") == 0


@given(st.text())
def test_no_text_makes_the_mount_table_fail(text: str) -> None:
    assert all(mount.options for mount in proc.mounts(text))
