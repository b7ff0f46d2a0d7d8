# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site that works alone: its agent, the hub at the far end of a link, documents that come by it."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bed.links import Link
from bed.node import Node
from bed.plays import Run

from ansible_collections.lightk8s.edge.extras.hub.lightk8s_hub import serve, tables
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document import Document
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.signing import Signer, signed

from ..unit.hub.conftest import Running, served
from .conftest import MakeFleet, mirror_of
from .lib.distributions import K3S
from .lib.site import Site, common_inputs, files, main, messages, ready, wait_for

pytestmark = pytest.mark.slow
SERVER = "shop-server1"
SITE = "shop"
PORT = 18080  # on the node's loopback: the near end of the link
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sync")


@pytest.fixture(scope="module")
def hub(folder: Path) -> Iterator[Running]:
    with served(serve.Settings(f"sqlite:///{folder / 'hub.db'}", port=0, spread=1)) as running:
        yield running


@pytest.fixture(scope="module")
def link() -> Iterator[Link]:
    with Link() as made:
        yield made


@pytest.fixture(scope="module")
def keys(folder: Path) -> dict[str, Signer]:
    return {name: Signer.create(str(folder / name)) for name in ("ours", "theirs")}


@pytest.fixture(scope="module")
def site(
    make_fleet: MakeFleet, hub: Running, link: Link, keys: dict[str, Signer]
) -> Iterator[Site]:
    made = Site(make_fleet("shop=server"), K3S, common_inputs(K3S, mirror_of(K3S.name)))
    made.inputs["edge_wait_timeout"] = 900
    made.converge()
    made.inputs |= {
        "edge_mode": "hybrid",
        "edge_sync_url": f"http://127.0.0.1:{PORT}",
        "edge_sync_token": hub.token("site", SITE),
        "edge_sync_interval_minutes": 1000,  # the tests say when
        "edge_sync_trusted_keys": [base64.b64encode(keys["ours"].public).decode()],
        "edge_sync_secrets": {"word": "never-shown"},
    }
    node = made.fleet.nodes[SERVER]
    port = int(hub.url.rpartition(":")[2])
    near = link.forward(("127.0.0.1", port))
    way = f"127.0.0.1:{PORT}:{near[0]}:{near[1]}"
    words = node.ssh_argv()
    tunnel = subprocess.Popen(
        [words[0], "-N", "-o", "ControlPath=none", "-R", way, *words[1:]],
        stdin=subprocess.DEVNULL,
    )
    try:
        yield made
    finally:
        tunnel.terminate()
        tunnel.wait()


@pytest.fixture(scope="module")
def node(site: Site) -> Node:
    return site.fleet.nodes[SERVER]


def set_up(site: Site, *args: str, check: bool = True, **inputs: Any) -> Run:
    return site.play(PLAY, *args, check=check, **inputs)


def done(run: Run) -> list[str]:
    return list(run.of(SERVER, action="edge_sync")[-1].result.get("actions", []))


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
    """A published document; `options` go over those that keep the site as it is."""
    now = int(time.time())
    options = {
        "site": SITE,
        "distribution": "k3s",
        "storage_type": "sqlite",
        **more.pop("options", {}),
    }
    desired = {"nodes": {SERVER: {"rank": 0, "options": options}}}
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


def test_what_was_foretold_is_done_and_then_there_is_nothing_to_do(site: Site, node: Node) -> None:
    began = main(node, K3S.server_unit)
    foretold = set_up(site, "--check", "--diff")
    assert not node.exists(HOME)
    run = set_up(site, "--diff")
    assert done(run) == done(foretold)
    assert "start lightk8s-sync.timer" in done(run)
    assert "never-shown" not in foretold.output + run.output
    node.run(["systemctl", "start", "lightk8s-sync.service"], timeout=300)
    assert ask(node, "status")["last_round"]
    before = kept(node)
    for again in (set_up(site), set_up(site, "--check")):
        assert again.changed() == []
    assert kept(node) == before
    assert main(node, K3S.server_unit) == began
    for path in ("token", "secrets/word", "settings.json", "queue.db"):
        assert node.run(["stat", "-c", "%a", f"{HOME}/{path}"]).stdout.strip() == "600"


def test_what_the_site_tells_is_at_the_hub(hub: Running, node: Node) -> None:
    assert ask(node, "sync")["waiting"] == {}
    found = states(hub)
    name = node.name
    assert found[f"node/{name}"]["ready"] is True
    assert found[f"service/{SERVER}"]["state"] == "running"
    assert found["workload/kube-system/Deployment/coredns"]["wanted"] == 1
    assert {f"{kind}/{SERVER}" for kind in ("agent", "images", "resources", "certificates")} <= set(
        found
    )
    (seen,) = hub.rows(tables.sites)
    assert seen["agent"].startswith("lightk8s-edge/")


def test_while_the_link_is_away_all_is_kept_and_then_it_arrives(
    site: Site, hub: Running, node: Node, link: Link
) -> None:
    link.cut()
    node.kubectl("create", "namespace", "away")
    node.kubectl("create", "deployment", "later", "--image=none.invalid/x:1", "-n", "away")
    wait_for("the deployment", lambda: "later" in node.kubectl("get", "deployments", "-A").stdout)
    assert ask(node, "sync", check=False)["waiting"] != {}
    told = ask(node, "explain")["text"]
    assert "ended the connection" in told or "found no link" in told
    assert "workload/away/Deployment/later" in ask(node, "queue", "ls")["text"]
    assert "workload/away/Deployment/later" not in states(hub)
    link.mend()
    wait_for("what was kept", lambda: ask(node, "sync", check=False)["waiting"] == {})
    assert states(hub)["workload/away/Deployment/later"]["wanted"] == 1
    node.kubectl("delete", "namespace", "away")
    wait_for(
        "the end of the deployment",
        lambda: (
            ask(node, "sync", check=False)
            and states(hub)["workload/away/Deployment/later"] == {"gone": True}
        ),
    )


def test_a_published_document_is_carried_out_once(
    site: Site, hub: Running, node: Node, keys: dict[str, Signer]
) -> None:
    raw = document(keys, options={"labels": {"shelf": "12"}})
    publish(hub, raw)
    assert ask(node, "sync")["hindrance"] == ""
    assert labels(node)["shelf"] == "12"
    assert audits(hub)[-2:] == ["accepted", "applied"]
    assert ask(node, "sync")["document"] == "nothing new is published"
    assert audits(hub)[-2:] == ["accepted", "applied"]
    node.kubectl("label", "node", node.name, "shelf=13", "--overwrite")
    ask(node, "sync")
    assert labels(node)["shelf"] == "12"


WRONG: dict[str, dict[str, Any]] = {
    "untrusted_key": {"by": "theirs"},
    "other_site": {"site": "other"},
    "expired": {"issued": 1_700_000_000, "expires": 1_700_000_001},
    "older": {"generation": 7},
}


@pytest.mark.parametrize("reason", [*WRONG, "bad_signature", "malformed"])
def test_a_wrong_document_is_refused_and_what_runs_stays(
    reason: str, site: Site, node: Node, keys: dict[str, Signer]
) -> None:
    before = labels(node)
    raw = document(keys, options={"labels": {"wrong": "yes"}}, **WRONG.get(reason, {}))
    if reason == "bad_signature":
        content = json.loads(raw)
        content["signatures"][0]["sig"] = base64.b64encode(bytes(64)).decode()
        raw = json.dumps(content).encode()
    elif reason == "malformed":
        raw = raw[:-20]
    node.write("/root/document", raw)
    said = node.run(["lightk8s-edge", "accept", "/root/document"], check=False)
    assert said.returncode == 2
    waiting = node.run(["lightk8s-edge", "events"]).stdout
    assert f'"reason":"{reason}"' in waiting
    assert labels(node) == before


def test_a_document_that_breaks_the_node_is_undone_with_nobody_connected(
    site: Site, hub: Running, node: Node, keys: dict[str, Signer], link: Link
) -> None:
    bad = document(
        keys,
        options={"extra_config": {"kube-apiserver-arg": ["no-such-flag=1"]}, "wait_timeout": 30},
    )
    link.cut()
    node.write("/root/document", bad)
    said = node.run(["lightk8s-edge", "accept", "/root/document"], check=False, timeout=900)
    assert said.returncode == 2, said.stdout
    assert json.loads(said.stdout)["failure"]
    wait_for("the node", lambda: ready(node) == {node.name: True})
    assert labels(node)["shelf"] == "12"
    link.mend()
    wait_for("the news", lambda: ask(node, "sync", check=False)["waiting"] == {})
    assert [word for word in audits(hub) if word in ("failed", "restored")] == [
        "failed",
        "restored",
    ]


def test_the_latest_word_counts_whichever_way_it_came(
    site: Site, hub: Running, node: Node, keys: dict[str, Signer]
) -> None:
    run = site.converge(edge_labels={"shelf": "9"})
    assert "publish it too" in run.output
    assert "is newer" in ask(node, "sync")["hindrance"]
    assert labels(node)["shelf"] == "9"
    assert site.converge(edge_labels={"shelf": "9"}).changed() == []
    later = int(time.time()) + 3600
    publish(hub, document(keys, generation=later, options={"labels": {"shelf": "14"}}))
    assert ask(node, "sync")["hindrance"] == ""
    assert labels(node)["shelf"] == "14"
    refused = site.converge(check=False, edge_labels={"shelf": "9"})
    assert f"is older than {later}, which a published document has brought" in messages(refused)
    assert labels(node)["shelf"] == "14"


@pytest.mark.parametrize("mode", ["online", "offline", "hybrid"])
def test_a_mode_is_what_it_says(mode: str, site: Site, hub: Running, node: Node) -> None:
    run = set_up(site, edge_mode=mode)
    assert set_up(site, edge_mode=mode).changed() == [], done(run)
    units = {"lightk8s-sync.timer": mode != "online", "lightk8s-sync.service": mode == "online"}
    for unit, wanted in units.items():
        assert (
            node.run(["systemctl", "is-enabled", unit], check=False).stdout.strip() == "enabled"
        ) is wanted
    node.kubectl("create", "deployment", mode, "--image=none.invalid/x:1")
    key = f"workload/default/Deployment/{mode}"
    if mode == "offline":
        assert "the mode is offline" in ask(node, "sync", check=False)["why"]
        assert key in ask(node, "queue", "ls")["text"]
        assert key not in states(hub)
        return
    if mode == "hybrid":
        ask(node, "sync")
    wait_for("the news", lambda: key in states(hub))


def test_an_agent_that_was_killed_goes_on(site: Site, hub: Running, node: Node) -> None:
    for number in range(8):
        node.kubectl("create", "deployment", f"kill{number}", "--image=none.invalid/x:1")
        node.run(f"timeout -s KILL {0.4 + 0.3 * number:.1f} lightk8s-edge sync", check=False)
    wait_for("all of it", lambda: ask(node, "sync", check=False)["waiting"] == {})
    known = states(hub)
    assert all(f"workload/default/Deployment/kill{number}" in known for number in range(8))
    assert hub.rows(tables.gaps) == []


def test_a_removal_says_what_is_left(site: Site, hub: Running, node: Node, link: Link) -> None:
    link.cut()
    node.kubectl("create", "deployment", "last", "--image=none.invalid/x:1")
    ask(node, "sync", check=False)
    foretold = set_up(site, "--check", sync_state="absent", sync_drain_seconds=5)
    run = set_up(site, sync_state="absent", sync_drain_seconds=5)
    assert done(run) == done(foretold)
    (result,) = run.of(SERVER, action="edge_sync")
    told = result.result["sync"]
    assert told["left"] > 0
    kept = node.run(f"cat {told['exported']}/*").stdout.splitlines()
    assert len(kept) == told["left"]
    assert any(json.loads(line)["subject"].endswith("/last") for line in kept)
    assert not node.exists(HOME)
    assert node.run("command -v lightk8s-edge", check=False).returncode != 0
    assert "lightk8s-sync" not in node.run("systemctl list-unit-files").stdout
    assert set_up(site, sync_state="absent").changed() == []
    link.mend()
