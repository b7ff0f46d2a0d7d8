# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent of a site on real nodes: set up by the role, asked by its command, heard at the hub."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bed.links import Link
from bed.node import Node
from bed.plays import Run

from ansible_collections.lightk8s.edge.extras.hub.lightk8s_hub import tables
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document import Document
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.signing import Signer, signed

from ..unit.hub.conftest import Running
from .lib.site import Site, files

PORT = 18080  # on the node's loopback: the near end of the link
SITE = "shop"
HOME = "/var/lib/lightk8s/sync"
PLAY = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {"lightk8s.edge.edge_topology": {}, "run_once": True, "register": "edge_topology"},
            {"ansible.builtin.import_role": {"name": "lightk8s.edge.sync"}},
        ],
    }
]


@contextmanager
def reached(node: Node, hub: Running, link: Link) -> Iterator[None]:
    """The hub answers on the node's loopback, while the link is up."""
    near = link.forward(("127.0.0.1", int(hub.url.rpartition(":")[2])))
    with node.reaches(PORT, near):
        yield


@contextmanager
def cut(link: Link) -> Iterator[None]:
    """Nothing passes in here; what fails leaves the link as it was."""
    link.cut()
    try:
        yield
    finally:
        link.mend()


def set_up(site: Site, *args: str, check: bool = True, **inputs: Any) -> Run:
    """Run the role by itself."""
    return site.play(PLAY, *args, check=check, **inputs)


def done(run: Run, host: str) -> list[str]:
    """What the role has done, or would do."""
    return list(run.of(host, action="edge_sync")[-1].result.get("actions", []))


def ask(node: Node, *words: str, check: bool = True) -> dict[str, Any]:
    said = node.run(["lightk8s-edge", *words], check=check, timeout=600)
    return dict(json.loads(said.stdout)) if said.stdout.startswith("{") else {"text": said.stdout}


def states(hub: Running) -> dict[str, Any]:
    return {row["subject"]: json.loads(row["data"]) for row in hub.rows(tables.states)}


def audits(hub: Running) -> list[str]:
    rows = sorted(hub.rows(tables.events), key=lambda row: (row["received"], row["seq"]))
    return [row["type"].rpartition(".")[2] for row in rows if row["class"] == "audit"]


def generations() -> Iterator[int]:
    number = int(time.time()) - 3600  # before every push of these tests
    while True:
        number += 10
        yield number


NUMBERS = generations()


def document(keys: dict[str, Signer], *, by: str = "ours", **more: Any) -> bytes:
    """A published document; `options` go over those that keep the site as it is, on each of `nodes`."""
    now = int(time.time())
    options = {
        "site": SITE,
        "distribution": "k3s",
        "storage_type": "sqlite",
        **more.pop("options", {}),
    }
    nodes = more.pop("nodes", {"shop-server1": {}})
    desired = {
        "nodes": {name: {"rank": 0, "options": {**options, **own}} for name, own in nodes.items()}
    }
    content = {"site": SITE, "generation": 0, "issued": now, "expires": now + 3600, **more}
    content["generation"] = content["generation"] or next(NUMBERS)
    return signed(Document(desired=desired, **content), [keys[by]]).raw()


def publish(hub: Running, raw: bytes) -> None:
    answer = hub.ask("PUT", f"/v1/desired/{SITE}", raw, token=hub.token("publisher"))
    assert answer.status == 200, answer.body


def labels(node: Node) -> dict[str, str]:
    said = node.kubectl("get", "node", "-o", "jsonpath={.items[0].metadata.labels}").stdout
    return dict(json.loads(said))


def kept(node: Node) -> dict[str, str]:
    """What lies on the node beside what rounds of the agent write."""
    found = files(node, "/var/lib/lightk8s", "/etc/systemd/system")
    own = ("state.json", "queue.db", "round.lock", "agent.zip.")
    return {
        path: row
        for path, row in found.items()
        if path != HOME and not path.rpartition("/")[2].startswith(own)
    }
