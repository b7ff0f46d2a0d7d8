# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites that something else has set up become ours, with what they run with and what they run."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from bed import inventory
from bed.fleet import Fleet
from bed.node import Node

from . import adopt_layouts as layouts
from .ha_site import VERSION, Controller, messages, ready, started, starts, until

SERVERS = ("script-server1", "ka-server1", "xm-server1")
AGENT = "script-agent1"
INPUTS: dict[str, dict[str, Any]] = {
    "script": {
        "edge_kubeconfig_mode": "0644",
        "edge_tls_sans": ["script.shop.example"],
        "edge_disable": ["traefik"],
        "edge_labels": {"tier": "edge"},
    },
    "ka": {
        "edge_kubeconfig_mode": "0644",
        "edge_disable": ["traefik"],
        "edge_labels": {"tier": "back"},
    },
    "xm": {
        "edge_kubeconfig_mode": "0640",
        "edge_cluster_cidr": ["10.52.0.0/16"],
        "edge_service_cidr": ["10.53.0.0/16"],
        "edge_disable": ["traefik", "servicelb"],
        "edge_tls_sans": ["xm.shop.example"],
    },
}


@pytest.fixture(scope="module")
def fleet(make_fleet: Callable[..., Fleet], release_mirror: Path) -> Fleet:
    made = make_fleet("script=server,agent; ka=server; xm=server")
    folder = release_mirror / VERSION
    server, agent = made["script-server1"], made[AGENT]
    layouts.by_install_script(
        server,
        folder,
        *("--write-kubeconfig-mode", "644", "--tls-san", "script.shop.example"),
        *("--disable=traefik", "--node-label", "tier=edge"),
        env={"K3S_TOKEN": layouts.TOKEN},
    )
    layouts.by_k3s_ansible(made["ka-server1"], folder)
    layouts.by_xanmanning(made["xm-server1"], folder)
    joining = {"K3S_TOKEN": layouts.TOKEN, "K3S_URL": f"https://{server.ip}:6443"}
    layouts.by_install_script(agent, folder, "--node-label", "tier=edge", env=joining, agent=True)
    for name in SERVERS:
        until(f"{name} with its pods", partial(pods, made[name]))
    until("the agent", lambda: ready(server) == {"script-server1": True, AGENT: True})
    return made


@pytest.fixture(scope="module")
def site(
    fleet: Fleet, release_mirror: Path, tmp_path_factory: pytest.TempPathFactory
) -> Controller:
    write(fleet)
    return Controller(fleet, release_mirror, tmp_path_factory.mktemp("cache"), {"edge_adopt": True})


def write(fleet: Fleet, **changed: dict[str, Any]) -> None:
    """The fleet's inventory with each site's inputs, or with those of `changed`."""
    built = inventory.build(fleet.name, list(fleet.nodes.values()))
    for name, node in fleet.nodes.items():
        inputs = changed.get(node.spec.site, INPUTS[node.spec.site])
        only = inputs if node.spec.role == "server" else {"edge_labels": inputs["edge_labels"]}
        built["all"]["hosts"][name].update(only)
    inventory.write(fleet.inventory, built)


def pods(node: Node) -> dict[str, str]:
    """UID and container of each pod that is ready; empty while one is not."""
    listed = json.loads(node.kubectl("get", "pods", "-A", "-o", "json").stdout)["items"]
    found = {}
    for item in listed:
        states = item["status"].get("containerStatuses") or []
        if not states or not all(state["ready"] for state in states):
            return {}
        found[item["metadata"]["uid"]] = ",".join(state["containerID"] for state in states)
    return found


def identity(node: Node) -> dict[str, str]:
    """What must be the same after adopting."""
    shown = node.kubectl("get", "nodes", "-o", "jsonpath={.items[*].metadata.uid}").stdout
    kept = node.run("sha256sum /var/lib/rancher/k3s/server/token | cut -c1-64").stdout
    store = node.run("stat -c %i /var/lib/rancher/k3s/server/db/state.db").stdout
    return {"nodes": shown, "token": kept, "store": store, **pods(node)}


def test_it_is_refused_unless_asked_for(fleet: Fleet, site: Controller) -> None:
    before = {name: started(fleet[name]) for name in SERVERS}
    run = site.converge(check=False, edge_adopt=False)
    for name in SERVERS:
        said = str([task.result.get("msg") for task in run.of(name)])
        assert "was set up by other means" in said
        assert "edge_adopt" in said
        assert started(fleet[name]) == before[name]
        assert not fleet[name].exists("/var/lib/lightk8s/state/distribution.json")


@pytest.mark.parametrize(
    "place, lost, named",
    [
        ("script", "edge_tls_sans", "tls-san would be dropped"),
        ("ka", "edge_disable", "disable would be dropped"),
        ("xm", "edge_cluster_cidr", "cluster-cidr would be dropped"),
    ],
)
def test_a_flag_that_would_be_lost_is_named(
    fleet: Fleet, site: Controller, place: str, lost: str, named: str
) -> None:
    node = fleet[f"{place}-server1"]
    before = started(node)
    write(fleet, **{place: {k: v for k, v in INPUTS[place].items() if k != lost}})
    try:
        run = site.converge("--limit", place, check=False)
    finally:
        write(fleet)
    assert run.code
    assert named in messages(run)
    assert started(node) == before


def test_the_change_is_shown_first(fleet: Fleet, site: Controller) -> None:
    before = {name: started(fleet[name]) for name in SERVERS}
    run = site.converge("--check", "--diff")
    for name in SERVERS:
        shown = [d for task in run.of(name) for d in task.result.get("diff") or []]
        assert any(d["before_header"] == "/etc/systemd/system/k3s.service" for d in shown)
        assert started(fleet[name]) == before[name]
    assert layouts.TOKEN not in run.output


def test_they_become_ours_with_one_restart_at_most(fleet: Fleet, site: Controller) -> None:
    names = (*SERVERS, AGENT)
    units = {name: "k3s-agent.service" if name == AGENT else "k3s.service" for name in names}
    counts = {name: starts(fleet[name], units[name]) for name in names}
    before = {name: identity(fleet[name]) for name in SERVERS}
    run = site.converge()
    assert layouts.TOKEN not in run.output
    for name in names:
        assert starts(fleet[name], units[name]) <= counts[name] + 1
    for name in SERVERS:
        until(f"{name} with its pods", partial(pods, fleet[name]))
        assert identity(fleet[name]) == before[name]
    assert ready(fleet["script-server1"]) == {"script-server1": True, AGENT: True}


def test_then_they_are_as_any_other(fleet: Fleet, site: Controller) -> None:
    assert site.converge().changed() == []
