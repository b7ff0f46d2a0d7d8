# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a published document brings to a site of a server and an agent, and who has the last word.

The tests tell one story, in this order.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from bed.links import Link
from bed.node import Node

from ansible_collections.lightk8s.edge.extras.hub.lightk8s_hub import serve
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.signing import Signer

from ..unit.hub.conftest import Running, served
from .conftest import MakeFleet, mirror_of
from .lib import images
from .lib.distributions import K3S
from .lib.site import Site, common_inputs, messages, wait_for
from .lib.staging import listed
from .sync_site import PORT, SITE, ask, document, reached, set_up

pytestmark = pytest.mark.slow
SERVER, AGENT = "shop-server1", "shop-agent1"
NAME = "shop.example/till:1"
HUGE = 2**53 - 1  # the latest generation that a document can have
TAINT = "till:PreferNoSchedule"  # no agent may give itself one


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sync")


@pytest.fixture(scope="module")
def hub(folder: Path) -> Iterator[Running]:
    (folder / "artifacts").mkdir()
    given: dict[str, Any] = {"port": 0, "spread": 0, "artifacts": str(folder / "artifacts")}
    with served(serve.Settings(f"sqlite:///{folder / 'hub.db'}", **given)) as running:
        yield running


@pytest.fixture(scope="module")
def keys(folder: Path) -> dict[str, Signer]:
    return {name: Signer.create(str(folder / name)) for name in ("ours", "stolen")}


@pytest.fixture(scope="module")
def made(folder: Path) -> images.Made:
    probe = images.program(mirror_of(K3S.name).parent / "images" / "probe.tar")
    top = images.tar_of({"opt/data": images.noise(1, 500_000)})
    return images.make(folder / "till", [probe, top], ["/probe"])


@pytest.fixture(scope="module")
def site(
    make_fleet: MakeFleet, hub: Running, keys: dict[str, Signer], folder: Path
) -> Iterator[Site]:
    made = Site(make_fleet("shop=server,agent"), K3S, common_inputs(K3S, mirror_of(K3S.name)))
    made.inputs |= {
        "edge_wait_timeout": 900,
        "edge_mode": "hybrid",
        "edge_sync_url": f"http://127.0.0.1:{PORT}",
        "edge_sync_token": hub.token("site", SITE),
        "edge_sync_interval_minutes": 1000,  # the tests say when
        "edge_sync_trusted_keys": [
            base64.b64encode(signer.public).decode() for signer in keys.values()
        ],
        "edge_publish_to": hub.url,
        "edge_publish_token": hub.token("publisher"),
        "edge_publish_keys": [str(folder / "ours")],
        "edge_publish_artifacts": True,
    }
    assert made.converge().failed() == []
    wait_for("the nodes", made.is_ready)
    with ExitStack() as open_ways, Link() as link:
        for node in made.fleet.nodes.values():
            open_ways.enter_context(reached(node, hub, link))
        yield made


@pytest.fixture(scope="module")
def nodes(site: Site) -> dict[str, Node]:
    return dict(site.fleet.nodes)


def is_done(node: Node) -> bool:
    """Whether a round finds nothing that hinders what the site was told."""
    return bool(ask(node, "sync", check=False)["hindrance"] == "")


def labels(site: Site, name: str) -> dict[str, str]:
    words = (
        "get",
        "node",
        name,
        "-o",
        "go-template={{range $k, $v := .metadata.labels}}{{$k}}={{$v}} {{end}}",
    )
    said = site.server.kubectl(*words).stdout
    return dict(row.split("=", 1) for row in said.split())


def taints(site: Site, name: str) -> list[str]:
    form = "{{range .spec.taints}}{{.key}}:{{.effect}} {{end}}"
    return site.server.kubectl("get", "node", name, "-o", f"go-template={form}").stdout.split()


def test_the_push_that_brings_the_agents_is_the_sites_latest_word(
    site: Site, nodes: dict[str, Node], keys: dict[str, Signer]
) -> None:
    """A document from before it, which nobody published since, is older."""
    held = ask(nodes[SERVER], "status")["document"]["held"]
    assert held > time.time() - 3600
    nodes[SERVER].write("/root/document", document(keys, generation=held - 1))
    said = nodes[SERVER].run(["lightk8s-edge", "accept", "/root/document"], check=False)
    assert (said.returncode, "is older than" in said.stdout) == (2, True)


def test_images_labels_and_taints_come_by_a_document_once_a_window_is_open(
    site: Site, nodes: dict[str, Node], made: images.Made
) -> None:
    now = time.gmtime(time.time() + 7200)  # nodes of the test bed keep UTC
    closed = f"{now.tm_hour:02}:{now.tm_min:02}-{now.tm_hour:02}:{(now.tm_min + 1) % 60:02}"
    if now.tm_min == 59:
        closed = f"{now.tm_hour:02}:57-{now.tm_hour:02}:59"
    assert site.converge(edge_sync_windows=[closed]).failed() == []
    wanted: dict[str, Any] = {
        "edge_images": [{"name": NAME, "source": str(made.folder), "platform": "linux/amd64"}],
        "edge_labels": {"shelf": "12"},
        "edge_taints": [TAINT],
    }
    run = site.play("publish", **wanted)
    assert run.failed() == []
    for node in nodes.values():
        ask(node, "sync", check=False)
        assert "no window is open" in ask(node, "status")["document"]["hindrance"]
        assert not any(NAME in name for name in listed(node))
    set_up(site, edge_sync_windows=[])  # no word about anything but the agents
    for name in (SERVER, AGENT):  # it is the server that sets the agent's taint
        node = nodes[name]
        wait_for("the document", partial(is_done, node))
        assert NAME in listed(node)
        assert labels(site, name).get("shelf") == "12"
        assert TAINT in taints(site, name)
        assert ask(node, "status")["document"]["failure"] == ""


def test_a_revoked_key_binds_the_site_no_more(
    site: Site, nodes: dict[str, Node], keys: dict[str, Signer]
) -> None:
    node = nodes[SERVER]
    parts: dict[str, Any] = {SERVER: {"labels": {"shelf": "99"}}}
    node.write("/root/document", document(keys, by="stolen", generation=HUGE, nodes=parts))
    node.run(["lightk8s-edge", "accept", "/root/document"], timeout=600)
    assert labels(site, SERVER)["shelf"] == "99"
    refused = site.converge(check=False, edge_labels={"shelf": "13"})
    assert f"is older than {HUGE}" in messages(refused)
    revoked: dict[str, Any] = {"edge_sync_revoked_keys": [keys["stolen"].id]}
    assert site.converge(edge_labels={"shelf": "13"}, **revoked).failed() == []
    assert labels(site, SERVER)["shelf"] == "13"
    assert ask(node, "sync", check=False)["hindrance"] != ""
    assert labels(site, SERVER)["shelf"] == "13"
    site.play("publish", edge_labels={"shelf": "14"}, **revoked)
    wait_for("the document", partial(is_done, node))
    assert labels(site, SERVER)["shelf"] == "14"
