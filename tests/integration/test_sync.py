# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site that works alone: its agent, the hub at the far end of a link, documents that come by it."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bed.links import Link
from bed.node import Node

from ansible_collections.lightk8s.edge.extras.hub.lightk8s_hub import serve, tables
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.signing import Signer

from ..unit.hub.conftest import Running, served
from .conftest import MakeFleet, mirror_of
from .lib.distributions import K3S
from .lib.site import Site, actions, common_inputs, main, messages, ready, wait_for
from .sync_site import (
    HOME,
    PORT,
    SITE,
    ask,
    audits,
    cut,
    document,
    done,
    kept,
    labels,
    publish,
    reached,
    set_up,
    states,
)

slow = pytest.mark.slow
SERVER = "shop-server1"
ROUND = "stop lightk8s-sync.service"


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
    with reached(made.fleet.nodes[SERVER], hub, link):
        yield made


@pytest.fixture(scope="module")
def node(site: Site) -> Node:
    return site.fleet.nodes[SERVER]


@pytest.fixture(scope="module")
def agent(site: Site) -> None:
    """The agent is set up, whichever tests are chosen."""
    site.converge()


@slow
def test_what_was_foretold_is_done_and_then_there_is_nothing_to_do(site: Site, node: Node) -> None:
    began = main(node, K3S.server_unit)
    foretold = site.converge("--check", "--diff")
    assert not node.exists(HOME)
    run = site.converge("--diff")
    assert actions(run, SERVER) == actions(foretold, SERVER)
    assert "start lightk8s-sync.timer" in actions(run, SERVER)
    assert "never-shown" not in foretold.output + run.output
    node.run(["systemctl", "start", "lightk8s-sync.service"], timeout=300)
    assert ask(node, "status")["last_round"]
    before = kept(node)
    for again in (site.converge(), site.converge("--check"), set_up(site)):
        assert again.changed() == []
    assert kept(node) == before
    assert main(node, K3S.server_unit) == began
    for path in ("token", "secrets/word", "settings.json", "queue.db"):
        assert node.run(["stat", "-c", "%a", f"{HOME}/{path}"]).stdout.strip() == "600"


@slow
@pytest.mark.usefixtures("agent")
def test_another_version_of_the_agent_is_replaced_and_goes_on_with_its_queue(
    site: Site, node: Node
) -> None:
    epoch = ask(node, "status")["queue"]["epoch"]
    node.run(f"printf other > {HOME}/agent.zip")
    assert node.run(["lightk8s-edge", "status"], check=False).returncode != 0
    run = site.converge()
    assert actions(run, SERVER) == ["replace the agent's code"]
    assert ask(node, "status")["queue"]["epoch"] == epoch


@slow
@pytest.mark.usefixtures("agent")
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


@pytest.mark.usefixtures("agent")
def test_while_the_link_is_away_all_is_kept_and_then_it_arrives(
    site: Site, hub: Running, node: Node, link: Link
) -> None:
    with cut(link):
        node.kubectl("create", "namespace", "away")
        node.kubectl("create", "deployment", "later", "--image=none.invalid/x:1", "-n", "away")
        wait_for(
            "the deployment", lambda: "later" in node.kubectl("get", "deployments", "-A").stdout
        )
        assert ask(node, "sync", check=False)["waiting"] != {}
        told = ask(node, "explain")["text"]
        assert "ended the connection" in told or "found no link" in told
        assert "workload/away/Deployment/later" in ask(node, "queue", "ls")["text"]
        assert "workload/away/Deployment/later" not in states(hub)
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


@pytest.mark.usefixtures("agent")
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


@pytest.mark.usefixtures("agent")
@pytest.mark.parametrize("reason", [*WRONG, "bad_signature", "malformed"])
def test_a_wrong_document_is_refused_and_what_runs_stays(
    reason: str, site: Site, hub: Running, node: Node, keys: dict[str, Signer]
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
    assert ask(node, "sync")["waiting"] == {}
    assert reason in [json.loads(row["data"]).get("reason") for row in hub.rows(tables.events)]
    assert labels(node) == before


@pytest.mark.usefixtures("agent")
def test_a_document_that_breaks_the_node_is_undone_with_nobody_connected(
    site: Site, hub: Running, node: Node, keys: dict[str, Signer], link: Link
) -> None:
    bad = document(
        keys,
        options={"extra_config": {"kube-apiserver-arg": ["no-such-flag=1"]}, "wait_timeout": 30},
    )
    with cut(link):
        node.write("/root/document", bad)
        said = node.run(["lightk8s-edge", "accept", "/root/document"], check=False, timeout=900)
        assert said.returncode == 2, said.stdout
        assert json.loads(said.stdout)["failure"]
        wait_for("the node", lambda: ready(node) == {node.name: True})
        assert labels(node)["shelf"] == "12"
    wait_for("the news", lambda: ask(node, "sync", check=False)["waiting"] == {})
    assert [word for word in audits(hub) if word in ("failed", "restored")] == [
        "failed",
        "restored",
    ]


@slow
@pytest.mark.usefixtures("agent")
def test_the_latest_word_counts_whichever_way_it_came(
    site: Site, hub: Running, node: Node, keys: dict[str, Signer]
) -> None:
    publish(hub, document(keys, generation=int(time.time()), options={"labels": {"shelf": "12"}}))
    assert ask(node, "sync")["hindrance"] == ""
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


@slow
@pytest.mark.usefixtures("agent")
def test_push_and_pull_at_once_have_one_order(
    site: Site, hub: Running, node: Node, keys: dict[str, Signer]
) -> None:
    later = int(time.time()) + 7200
    publish(hub, document(keys, generation=later, options={"labels": {"shelf": "30"}}))
    push = site.start(edge_labels={"shelf": "29"})
    while push.process.poll() is None:
        ask(node, "sync", check=False)
    run = push.wait()
    assert run.code == 0 or "is older than" in messages(run), run.output[-2000:]
    wait_for("the document", lambda: ask(node, "sync", check=False)["hindrance"] == "")
    assert labels(node)["shelf"] == "30"


AWAY = """
import json, os, sys, time
sys.path.insert(0, "/var/lib/lightk8s/sync/agent.zip")
from lightk8s_node._doors.agent import agent
from lightk8s_node._host.host import Host

class Clock:
    now = time.time()
    def time(self): return self.now
    def localtime(self, seconds): return time.localtime(seconds)
    def sleep(self, seconds): self.now += seconds

host, clock = Host(), Clock()
for number in range(24):
    clock.now += 3 * 3600
    agent(host, clock).round(patient=False)
with agent(host, clock).queue() as queue:
    held = queue.status()
print(json.dumps({"held": held, "now": clock.now}))
"""


@slow
@pytest.mark.usefixtures("agent")
def test_three_days_without_a_link_leave_the_site_as_it_was_told(
    site: Site, hub: Running, node: Node, link: Link, keys: dict[str, Signer]
) -> None:
    later = int(time.time()) + 7300
    ask(node, "sync")
    link.cut()
    before = hub.rows(tables.streams)
    publish(hub, document(keys, generation=later, options={"labels": {"shelf": "72"}}))
    node.write("/root/away.py", AWAY)
    node.kubectl("label", "node", node.name, "shelf=1", "--overwrite")
    done = node.run(["python3", "-ISE", "/root/away.py"], timeout=600)
    told = json.loads(done.stdout)
    assert hub.rows(tables.streams) == before
    assert told["held"]["bytes"] <= told["held"]["limit"]
    assert told["now"] >= time.time() + 70 * 3600
    assert ready(node) == {node.name: True}
    assert labels(node)["shelf"] == "30"  # what it was told last holds all the time
    link.mend()
    wait_for("the link", lambda: ask(node, "sync", check=False)["waiting"] == {})
    assert labels(node)["shelf"] == "72"


@slow
@pytest.mark.usefixtures("agent")
@pytest.mark.parametrize("mode", ["online", "offline", "hybrid"])
def test_a_mode_is_what_it_says(mode: str, site: Site, hub: Running, node: Node) -> None:
    run = set_up(site, edge_mode=mode)
    assert set_up(site, edge_mode=mode).changed() == [], done(run, SERVER)
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


@slow
@pytest.mark.usefixtures("agent")
def test_an_agent_that_was_killed_goes_on(site: Site, hub: Running, node: Node) -> None:
    for number in range(8):
        node.kubectl("create", "deployment", f"kill{number}", "--image=none.invalid/x:1")
        node.run(f"timeout -s KILL {0.4 + 0.3 * number:.1f} lightk8s-edge sync", check=False)
    wait_for("all of it", lambda: ask(node, "sync", check=False)["waiting"] == {})
    known = states(hub)
    assert all(f"workload/default/Deployment/kill{number}" in known for number in range(8))
    assert hub.rows(tables.gaps) == []


@slow
@pytest.mark.usefixtures("agent")
def test_a_removal_says_what_is_left(site: Site, hub: Running, node: Node, link: Link) -> None:
    link.cut()
    node.kubectl("create", "deployment", "last", "--image=none.invalid/x:1")
    ask(node, "sync", check=False)
    foretold = set_up(site, "--check", sync_state="absent", sync_drain_seconds=5)
    run = set_up(site, sync_state="absent", sync_drain_seconds=5)
    # A round of the timer may be under way at one of both times.
    ended = [[text for text in done(one, SERVER) if ROUND not in text] for one in (run, foretold)]
    assert ended[0] == ended[1]
    assert "remove the agent" in ended[0]
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
