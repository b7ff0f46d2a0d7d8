# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes of the test bed are what they claim to be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from bed import fleet as fleets
from bed.fleet import Fleet
from bed.links import Link
from bed.paths import LABEL
from bed.plays import playbook
from bed.shell import BedError, run

PING = [{"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.ping": {}}]}]


@pytest.fixture(scope="module")
def fleet(make_fleet: Callable[..., Fleet]) -> Fleet:
    return make_fleet("shop=server:memory=512m,agent:airgap; plant=server:readonly_usr")


def test_systemd_is_up_on_every_node(fleet: Fleet) -> None:
    for node in fleet.nodes.values():
        assert node.run("systemctl is-system-running").stdout.strip() == "running"
        assert node.run("hostname").stdout.strip() == node.name


@pytest.mark.parametrize("user", ["root", "edge"])
def test_ssh_with_the_key_of_the_fleet(fleet: Fleet, user: str) -> None:
    node = fleet["shop-server1"]
    assert node.ssh("id -un", user=user).stdout.strip() == user
    assert node.ssh(["sudo", "-n", "id", "-un"], user=user).stdout.strip() == "root"


def test_a_node_has_its_own_cgroups(fleet: Fleet) -> None:
    for node in fleet.nodes.values():
        shared = node.run("ls /sys/fs/cgroup/*/release_agent", check=False).stdout
        assert shared == ""
        groups = node.run("find /sys/fs/cgroup -name 'libpod*'").stdout
        assert groups == ""


def test_a_node_cannot_change_the_machine(fleet: Fleet) -> None:
    node = fleet["shop-server1"]
    for name in ("vm/swappiness", "fs/file-max", "kernel/pid_max", "kernel/panic"):
        before = Path("/proc/sys", name).read_text()
        node.run(f"echo 77777 >/proc/sys/{name}")
        assert node.read(f"/proc/sys/{name}") == "77777\n"
        assert Path("/proc/sys", name).read_text() == before


def test_nodes_reach_each_other_and_an_airgapped_one_nothing_else(fleet: Fleet) -> None:
    agent, server = fleet["shop-agent1"], fleet["shop-server1"]
    agent.run(f"ping -c 1 -W 5 {server.ip}")
    assert "default" not in agent.run("ip route").stdout
    assert "default" in server.run("ip route").stdout
    assert agent.run("ping -c 1 -W 1 192.0.2.1", check=False).returncode != 0


def test_memory_limit_and_peak(fleet: Fleet) -> None:
    node = fleet["shop-server1"]
    node.reset_memory_peak()
    before = node.memory_peak()
    node.run(["python3", "-c", "x = bytearray(200 << 20)"])
    assert node.memory_peak() - before > 150 << 20
    greedy = node.run(["python3", "-c", "x = bytearray(700 << 20)"], check=False)
    assert greedy.returncode != 0


def test_usr_is_read_only_where_asked(fleet: Fleet) -> None:
    assert fleet["plant-server1"].run("touch /usr/local/bin/x", check=False).returncode != 0
    fleet["plant-server1"].run("touch /opt/x")
    fleet["shop-server1"].run("touch /usr/local/bin/x")


def test_files_come_and_go(fleet: Fleet, tmp_path: Path) -> None:
    node = fleet["shop-server1"]
    node.write("/etc/a/b", "content\n", mode=0o600)
    assert node.read("/etc/a/b") == "content\n"
    assert node.run("stat -c '%a %U' /etc/a/b").stdout == "600 root\n"
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "x").write_bytes(b"\0" * 100_000)
    node.put(tmp_path / "folder", "/opt/folder")
    assert node.run("stat -c %s /opt/folder/x").stdout == "100000\n"
    assert not node.exists("/opt/other")


def test_bytes_on_the_wire_are_counted(fleet: Fleet) -> None:
    node = fleet["shop-server1"]
    before = node.net_bytes()
    node.ssh("cat >/dev/null", stdin=b"x" * 500_000)
    assert node.net_bytes() - before > 500_000


def test_power_off_and_on(fleet: Fleet) -> None:
    node = fleet["shop-agent1"]
    node.run("echo kept >/opt/kept; echo gone >/run/gone")
    before = node.pid("ssh.service")
    assert before > 0
    node.kill()
    assert not node.running()
    node.start()
    assert node.read("/opt/kept") == "kept\n"
    assert not node.exists("/run/gone")
    assert "default" not in node.run("ip route").stdout
    assert node.ssh("true").returncode == 0


def test_reboot_from_inside(fleet: Fleet) -> None:
    node = fleet["plant-server1"]
    play = [
        {
            "hosts": node.name,
            "gather_facts": False,
            "tasks": [{"ansible.builtin.reboot": {"reboot_timeout": 60}}],
        }
    ]
    playbook(fleet, play)
    assert node.run("touch /usr/x", check=False).returncode != 0


def test_an_inventory_that_ansible_reads(fleet: Fleet) -> None:
    done = playbook(fleet, PING)
    assert {t.host: t.result["ping"] for t in done.of(action="ping")} == dict.fromkeys(
        fleet.nodes, "pong"
    )
    assert done.stats["shop-agent1"]["ok"] == 1


def test_alias_names_and_another_user(fleet: Fleet) -> None:
    inventory = fleet.write_inventory("hosts-aliases", user="edge", names=7)
    done = playbook(fleet, PING, inventory=inventory)
    assert len(done.stats) == 7


def test_a_failed_play_is_an_error_that_shows_the_log(fleet: Fleet) -> None:
    play = [{"hosts": "shop", "tasks": [{"ansible.builtin.fail": {"msg": "on purpose"}}]}]
    with pytest.raises(BedError, match="on purpose"):
        playbook(fleet, play)
    done = playbook(fleet, play, check=False)
    assert [t.result["msg"] for t in done.failed()] == ["on purpose"] * 2


def test_a_site_behind_a_link(fleet: Fleet) -> None:
    with Link(delay=0.02) as link:
        via = {n.name: link.forward((n.ip, 22)) for n in fleet.site("shop")}
        inventory = fleet.write_inventory("hosts-link", via=via)
        playbook(fleet, PING, "--limit", "shop", inventory=inventory)
        up, down = link.counts()
        assert up > 10_000
        assert down > 1000
        link.cut()
        dead = playbook(fleet, PING, "--limit", "shop", inventory=inventory, check=False)
        assert {t.status for t in dead.tasks} == {"unreachable"}


def test_up_again_repairs(fleet: Fleet) -> None:
    node = fleet["shop-server1"]
    node.kill()
    run(["podman", "rm", "--force", "--time", "0", fleet["shop-agent1"].container])
    again = fleets.up(fleet.name, owned=True)
    assert again == fleet
    for each in again.nodes.values():
        assert each.ssh("true").returncode == 0


def test_another_topology_is_refused(fleet: Fleet) -> None:
    with pytest.raises(BedError, match="another topology"):
        fleets.up(fleet.name, "shop=server")


def test_two_fleets_side_by_side_and_one_goes(
    fleet: Fleet, make_fleet: Callable[..., Fleet]
) -> None:
    other = make_fleet("shop=server")
    assert other.subnet != fleet.subnet
    root = other.root
    other.down()
    label = f"label={LABEL}={other.name}"
    for kind in ("container", "volume", "network"):
        every = ["--all"] if kind == "container" else []
        assert run(["podman", kind, "ls", *every, "--quiet", "--filter", label]).stdout == ""
    assert not root.exists()
    assert fleet["shop-server1"].ssh("true").returncode == 0


def test_a_fleet_whose_owner_is_gone_is_abandoned(make_fleet: Callable[..., Fleet]) -> None:
    orphan = make_fleet("shop=server")
    assert orphan.name not in fleets.reap()
    state = orphan.root / "nodes.json"
    data = json.loads(state.read_text())
    state.write_text(json.dumps({**data, "owner": "1:0"}))
    assert orphan.name in fleets.reap()
    assert not orphan["shop-server1"].running()
