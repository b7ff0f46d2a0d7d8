# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites that are refused, budgets, reports of what is there and what is away, and a reset, on K3s.

How an agent leaves is told for all distributions by `contract/test_leave.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bed import inventory
from bed.fleet import Fleet
from bed.node import Node
from bed.plays import Run

from ..unit.kube.authority import DAY, Authority, now
from .ha_site import Controller, messages, ready, until

SERVER, AGENT = "leave-server1", "leave-agent1"
ADMIN = "/var/lib/rancher/k3s/server/tls/client-admin.crt"


@pytest.fixture(scope="module")
def fleet(make_fleet: Callable[..., Fleet]) -> Fleet:
    return make_fleet("leave=server,agent")


@pytest.fixture(scope="module")
def site(
    fleet: Fleet, release_mirror: Path, tmp_path_factory: pytest.TempPathFactory
) -> Controller:
    made = Controller(fleet, release_mirror, tmp_path_factory.mktemp("cache"))
    made.converge()
    return made


@pytest.fixture
def server(site: Controller) -> Node:
    return site.fleet[SERVER]


def info(run: Run, host: str) -> dict[str, Any]:
    found: dict[str, Any] = run.of(host, action="edge_info")[-1].result["info"]
    return found


def left(run: Run) -> dict[str, Any]:
    return run.of(AGENT, action="edge_node_leave")[-1].result


def remove(site: Controller, *args: str, check: bool = True, **more: Any) -> Run:
    return site.play("remove_node", *args, check=check, edge_leave=[AGENT], **more)


def secrets(server: Node) -> list[str]:
    listed = server.kubectl("get", "secrets", "-n", "kube-system", "-o", "name").stdout.split()
    return [name for name in listed if AGENT in name]


def pods(server: Node, host: str) -> list[str]:
    listed = json.loads(server.kubectl("get", "pods", "-A", "-o", "json").stdout)["items"]
    return [
        pod["metadata"]["name"]
        for pod in listed
        if pod["spec"].get("nodeName") == host and not pod["metadata"].get("deletionTimestamp")
    ]


def pinned(server: Node, name: str) -> None:
    """A pod on the agent and a budget that does not let it go."""
    image = "docker.io/rancher/mirrored-pause:3.6"
    spec = json.dumps({"spec": {"nodeSelector": {"kubernetes.io/hostname": AGENT}}})
    server.kubectl("run", name, f"--image={image}", "-l", f"app={name}", f"--overrides={spec}")
    server.kubectl("create", "pdb", name, f"--selector=app={name}", "--min-available=1")
    until("the pod runs", lambda: "Running" in server.kubectl("get", "pod", name).stdout)


# Nothing listens at these addresses: a host that a connection was opened to would be unreachable.
WRONG: dict[str, tuple[list[dict[str, Any]], str]] = {
    "even": ([{}, {}], "2 etcd servers bear no more failures than 1"),
    "lite": ([{"edge_storage_type": "sqlite"}] * 2, "sqlite cannot serve 2 servers"),
    "twin": ([{}, {"edge_role": "agent", "ansible_host": "127.9.9.1"}], "are one machine"),
    "boss": ([{"edge_role": "boss"}], "edge_role is 'boss'"),
    "name": (
        [{"edge_node_name": "n"}, {"edge_node_name": "n", "edge_role": "agent"}],
        "the name n",
    ),
}


def with_wrong_sites(fleet: Fleet) -> Path:
    built = inventory.build(fleet.name, list(fleet.nodes.values()))
    hosts = built["all"]["hosts"]
    for place, (site, (rows, _words)) in enumerate(WRONG.items()):
        for number, row in enumerate(rows):
            address = "127.9.9.1" if site == "twin" else f"127.9.{place}.{10 + number}"
            given = {"edge_site": site, "edge_role": "server", "ansible_host": address, **row}
            hosts[f"{site}{number}"] = {"ansible_port": 9, **given}
    return inventory.write(fleet.root / "hosts-wrong", built)


@pytest.mark.parametrize("play", ["converge", "site"])
def test_wrong_sites_are_refused_by_name_and_others_go_on(site: Controller, play: str) -> None:
    run = site.play(play, check=False, inventory=with_wrong_sites(site.fleet))
    assert run.code == 2
    assert run.changed() == []
    assert [run.stats[name]["failures"] for name in (SERVER, AGENT)] == [0, 0]
    refused = {name: row for name, row in run.stats.items() if name not in (SERVER, AGENT)}
    assert [row["failures"] for row in refused.values()] == [1] * len(refused)
    assert not any(row["unreachable"] for row in run.stats.values())
    for name, (rows, words) in WRONG.items():
        said = [t for t in run.failed() if t.host.startswith(name) and "failure" in t.result]
        assert len(said) == len(rows)
        assert all(f"site {name}: " in t.result["msg"] and words in t.result["msg"] for t in said)


def test_reports_agree_with_kubectl(site: Controller, server: Node, tmp_path: Path) -> None:
    ghost = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "ghost"}}
    server.run(f"k3s kubectl create -f - <<'END'\n{json.dumps(ghost)}\nEND")
    path = tmp_path / "report.json"
    run = site.play("info", edge_report_path=str(path))
    server.kubectl("delete", "node", "ghost")
    assert not [task for task in run.changed() if task.action.endswith("edge_info")]
    found = info(run, SERVER)
    nodes = {row["name"]: row["ready"] for row in found["nodes"]}
    assert nodes == {SERVER: True, AGENT: True, "ghost": False}
    assert (found["unknown_nodes"], found["missing_nodes"]) == (["ghost"], [])
    assert found["datastore"]["kind"] == "sqlite"
    assert found["datastore"]["bytes"] > 10_000
    shown = server.run("systemctl show -p MainPID --value k3s").stdout
    assert found["service"]["pid"] == int(shown)
    agent = info(run, AGENT)
    assert (agent["role"], agent["node"]["ready"], agent["datastore"]) == ("agent", True, {})
    assert "Node ghost is in no inventory" in run.output
    assert set(json.loads(path.read_text())) == {SERVER, AGENT}


def test_a_budget_is_respected(site: Controller, server: Node) -> None:
    pinned(server, "kept")
    run = remove(site, check=False, edge_leave_timeout=5)
    assert run.code
    assert "pods did not leave" in messages(run)
    assert "default/kept" in messages(run)
    assert set(ready(server)) == {SERVER, AGENT}
    assert pods(server, AGENT) == ["kept"]
    assert site.fleet[AGENT].exists("/usr/local/bin/k3s")


def test_a_budget_gives_way_to_force(site: Controller, server: Node) -> None:
    done = left(remove(site, edge_leave_timeout=5, edge_leave_force=True))
    assert done["leave"]["forced"] == ["default/kept"]
    assert list(ready(server)) == [SERVER]
    assert secrets(server) == []
    assert not site.fleet[AGENT].exists("/var/lib/rancher")


def test_reports_name_what_is_away(site: Controller) -> None:
    site.fleet[AGENT].kill()
    run = site.play("info")
    assert "unreachable" in run.output
    assert info(run, SERVER)["missing_nodes"] == [AGENT]


def test_strangers_are_named(site: Controller) -> None:
    run = site.play("remove_node", check=False, edge_leave=["nobody"])
    assert run.code
    assert "not in the inventory: nobody" in messages(run)


def test_a_stopped_server_with_an_ended_certificate(site: Controller, server: Node) -> None:
    ended = Authority().issue("admin", before=now() - 9 * DAY, after=now() - 3 * DAY)
    server.run("systemctl stop k3s")
    server.run(f"cat > {ADMIN} <<'END'\n{ended.cert.decode()}END")
    found = info(site.play("info"), SERVER)
    assert found["service"]["state"] == "stopped"
    assert found["api"] == {"state": "off"}
    assert found["certificates"]["expired"] == [ADMIN]
    assert found["certificates"]["days"] < 0


def test_a_reset_goes_on_without_a_host_that_is_away(site: Controller, server: Node) -> None:
    """The server is stopped and its certificate has ended, the agent is off."""
    refused = site.play("reset", check=False)
    assert "edge_reset_confirm=true" in messages(refused)
    assert server.exists("/usr/local/bin/k3s")
    run = site.play("reset", check=False, edge_reset_confirm=True)
    assert run.failed() == []
    assert run.stats[AGENT]["unreachable"] == 1
    assert not server.exists("/usr/local/bin/k3s")
    assert not server.exists("/var/lib/rancher")
    assert site.play("reset", check=False, edge_reset_confirm=True).changed() == []
