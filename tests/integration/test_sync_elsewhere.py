# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites of every other distribution, and one of several nodes, that take what is published for them."""

from __future__ import annotations

import base64
import concurrent.futures
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bed.node import Node

from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.signing import Signer

from .conftest import mirror_of, passing_fleets
from .ha_probe import Readyz
from .lib import ground
from .lib.distributions import DISTRIBUTIONS, K3S, Distribution
from .lib.site import Site, common_inputs, starts, wait_for
from .sync_site import SITE, ask

pytestmark = pytest.mark.slow
TAINT = "example.org/slow:PreferNoSchedule"
REMOVE = {"lightk8s.edge.edge_site": {"nouns": ["sync"], "sync": {"state": "absent"}}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sync")


@pytest.fixture(scope="module")
def signer(folder: Path) -> Signer:
    return Signer.create(str(folder / "key"))


def lives_alone(site: Site, folder: Path, signer: Signer) -> Site:
    """The same inputs for push, publication and agents; what is published lies in a folder."""
    site.inputs |= {
        "edge_wait_timeout": 900,
        "edge_mode": "offline",
        "edge_sync_interval_minutes": 1000,  # the tests say when
        "edge_sync_trusted_keys": [base64.b64encode(signer.public).decode()],
        "edge_publish_to": str(folder / "www"),
        "edge_publish_keys": [str(folder / "key")],
    }
    return site


def published(site: Site, folder: Path, **inputs: Any) -> bytes:
    """What publish.yml makes of the site's inputs."""
    site.play("publish", **inputs)
    return (folder / "www" / "v1" / "desired" / SITE).read_bytes()


def take(node: Node, raw: bytes) -> dict[str, Any]:
    """A document that is brought by hand; where it is not the node's turn, its rounds go on trying."""
    node.write("/root/document", raw)
    node.run(["lightk8s-edge", "accept", "/root/document"], check=False, timeout=900)
    wait_for("the document", lambda: ask(node, "sync", check=False).get("hindrance") == "")
    return dict(ask(node, "status")["document"])


def told(node: Node) -> dict[str, Any]:
    """The newest of what waits to be told, by what it is about."""
    lines = node.run(["lightk8s-edge", "events", "-n", "5000"]).stdout.splitlines()
    rows = [json.loads(line) for line in lines]
    return {row["subject"]: row["data"] for row in rows}


@pytest.fixture(
    scope="module", params=[d for d in DISTRIBUTIONS if d is not K3S], ids=lambda d: d.name
)
def alone(
    request: pytest.FixtureRequest, clean_machine: None, folder: Path, signer: Signer
) -> Iterator[Site]:
    distribution: Distribution = request.param
    with passing_fleets(request) as make:
        site = lives_alone(ground.lone(distribution, make), folder, signer)
        assert site.converge().failed() == []
        wait_for("the nodes", site.is_ready)
        yield site


def taints(site: Site, node: Node) -> str:
    words = ("get", "node", node.name, "-o", "jsonpath={.spec.taints[*].key}")
    return site.server.kubectl(*words, check=False).stdout


def capacity(site: Site, node: Node) -> str:
    words = ("get", "node", node.name, "-o", "jsonpath={.status.capacity.pods}")
    return site.server.kubectl(*words, check=False).stdout.strip()


def test_a_site_of_each_distribution_works_alone(alone: Site, folder: Path) -> None:
    site, node = alone, alone.lone
    assert site.converge().changed() == []
    ask(node, "sync")
    seen = told(node)
    assert seen[f"service/{node.name}"]["state"] == "running"
    assert {f"{kind}/{node.name}" for kind in ("agent", "resources")} <= set(seen)

    wanted: dict[str, Any] = {"edge_max_pods": 33, "edge_taints": [TAINT]}
    raw = published(site, folder, **wanted)
    document = take(node, raw)
    assert (document["failure"], document["hindrance"]) == ("", "")
    assert document["applied"] == document["held"] > 0
    wait_for("the bound", lambda: capacity(site, node) == "33")
    if node is not site.server:
        assert take(site.server, raw)["failure"] == ""
    assert "example.org/slow" in taints(site, node)
    assert site.converge(**wanted).changed() == []

    play = [{"hosts": "all", "gather_facts": False, "tasks": [REMOVE]}]
    run = site.play(play)
    assert run.of(node.name, action="edge_site")[-1].result["sync"]["left"] > 0
    assert node.run("command -v lightk8s-edge", check=False).returncode != 0


@pytest.fixture(scope="module")
def pair(
    request: pytest.FixtureRequest, clean_machine: None, folder: Path, signer: Signer
) -> Iterator[Site]:
    with passing_fleets(request) as make:
        site = Site(make("shop=server,agent"), K3S, common_inputs(K3S, mirror_of(K3S.name)))
        lives_alone(site, folder, signer)
        assert site.converge().failed() == []
        wait_for("the nodes", site.is_ready)
        yield site


def test_nodes_of_a_site_take_one_document_each_for_itself(pair: Site, folder: Path) -> None:
    nodes = list(pair.fleet.nodes.values())
    wanted: dict[str, Any] = {
        "edge_max_pods": 34,
        "edge_labels": {"shelf": "12"},
        "edge_taints": [TAINT],
    }
    raw = published(pair, folder, **wanted)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        documents = list(pool.map(lambda node: take(node, raw), nodes))
    assert all(document["applied"] == document["held"] for document in documents)
    wait_for("the bounds", lambda: {capacity(pair, node) for node in nodes} == {"34"})
    assert all("example.org/slow" in taints(pair, node) for node in nodes)
    lease = ("get", "lease", "-n", "kube-system", "lightk8s-turn", "-o", "jsonpath={.spec}")
    assert json.loads(pair.server.kubectl(*lease).stdout).get("holderIdentity", "") == ""
    wait_for("the nodes", pair.is_ready)
    assert pair.converge(**wanted).changed() == []


def test_a_reset_says_what_was_not_delivered_and_leaves_no_agent(pair: Site) -> None:
    run = pair.play("reset", edge_reset_confirm=True)
    for node in pair.fleet.nodes.values():
        (result,) = run.of(node.name, action="edge_sync")
        left = result.result["sync"]["left"]
        assert left > 0
        assert node.run("cat /var/lib/lightk8s-left/* | wc -l").stdout.strip() == str(left)
        assert node.run("command -v lightk8s-edge", check=False).returncode != 0
        assert not node.exists("/var/lib/lightk8s")
        assert "lightk8s-sync" not in node.run("systemctl list-unit-files").stdout


@pytest.fixture(scope="module")
def servers(
    request: pytest.FixtureRequest, clean_machine: None, folder: Path, signer: Signer
) -> Iterator[Site]:
    with passing_fleets(request) as make:
        site = Site(make("shop=server,server,server"), K3S, common_inputs(K3S, mirror_of(K3S.name)))
        lives_alone(site, folder, signer)
        assert site.converge().failed() == []
        wait_for("the nodes", site.is_ready)
        yield site


def test_servers_take_turns_and_the_site_serves_on(servers: Site, folder: Path) -> None:
    nodes = list(servers.fleet.nodes.values())
    raw = published(servers, folder, edge_max_pods=35)
    before = {node.name: starts(node, K3S.server_unit) for node in nodes}
    with Readyz(nodes, folder) as probe, concurrent.futures.ThreadPoolExecutor() as pool:
        documents = list(pool.map(lambda node: take(node, raw), nodes))
        wait_for("the bounds", lambda: {capacity(servers, node) for node in nodes} == {"35"})
    assert all(document["applied"] == document["held"] for document in documents)
    assert {node.name: starts(node, K3S.server_unit) - before[node.name] for node in nodes} == {
        node.name: 1 for node in nodes
    }
    assert probe.rounds > 0
    assert probe.bad == []
    wait_for("the nodes", servers.is_ready)
    assert servers.converge(edge_max_pods=35).changed() == []
