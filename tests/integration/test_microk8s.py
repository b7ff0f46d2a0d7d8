# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What MicroK8s alone has: assertions, the hold of refreshes, add-ons, files of arguments, joins that end a cluster.

Nodes of trixie, whose snapd can hold a single snap; that of bookworm, which cannot, is in the drift table.
"""

from __future__ import annotations

from typing import Any

import pytest
from bed.node import Node

from .conftest import MakeFleet, mirror_of
from .lib.distributions import MICROK8S
from .lib.site import Site, actions, common_inputs, failure, ready, results, starts, wait_for

SERVER, AGENT = "shop-server1", "shop-agent1"
ARGS = MICROK8S.config_folder
CLI = "/snap/bin/microk8s"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(make_fleet: MakeFleet) -> Site:
    fleet = make_fleet("shop=server,agent", suite="trixie", packages=MICROK8S.packages)
    return Site(fleet, MICROK8S, common_inputs(MICROK8S, mirror_of("microk8s")))


@pytest.fixture(scope="module")
def server(site: Site) -> Node:
    return site.fleet[SERVER]


@pytest.fixture(scope="module")
def agent(site: Site) -> Node:
    return site.fleet[AGENT]


def extra(**more: Any) -> dict[str, Any]:
    """Inputs that are for the server alone."""
    return {
        "edge_extra_config": "{{ of_servers if edge_role == 'server' else of_all }}",
        "of_servers": {"dangerous": True, **more},
        "of_all": {"dangerous": True},
    }


def test_an_assertion_that_snapd_does_not_believe_is_refused_beforehand(
    site: Site, server: Node
) -> None:
    run = site.converge(check=False, edge_extra_config={})
    found = failure(run, SERVER)
    assert found["kind"] == "artifact"
    assert "snapd does not accept" in found["message"]
    assert "dangerous: true" in found["hint"]
    assert not server.exists("/snap/snapd")
    assert not server.exists("/etc/microk8s.yaml")


def test_refreshes_of_this_snap_alone_are_held(site: Site, server: Node, agent: Node) -> None:
    site.converge()
    for node in (server, agent):
        assert "held" in node.run(["snap", "list", "microk8s"]).stdout
        # snapd itself puts all refreshes off for the first hours; we for weeks.
        weeks = "[ $(date -d $(snap get system refresh.hold) +%s) -gt $(date -d '+7 days' +%s) ]"
        assert node.run(weeks, check=False).returncode == 1
    assert site.converge().changed() == []


@pytest.mark.parametrize("words", ["--unhold", "--hold=24h"])
def test_a_hold_that_is_gone_or_ends_soon_is_made_again(
    site: Site, server: Node, words: str
) -> None:
    began = site.main(server)
    server.run(["snap", "refresh", words, "microk8s"])
    predicted = site.converge("--check")
    run = site.converge()
    assert (
        actions(run, SERVER)
        == actions(predicted, SERVER)
        == ["keep MicroK8s from refreshing by itself"]
    )
    assert "held" in server.run(["snap", "list", "microk8s"]).stdout
    assert site.converge().changed() == []
    assert site.main(server) == began


def test_base_snaps_have_come_along(server: Node, agent: Node) -> None:
    for node in (server, agent):
        assert {"core22", "snapd"} <= set(node.run("ls /snap").stdout.split())


def test_images_are_read_once(site: Site, server: Node) -> None:
    def loaded() -> list[str]:
        return server.run(["ls", MICROK8S.images]).stdout.split()

    wait_for("the archive to be read", lambda: loaded() == ["lightk8s.tar.loaded"])
    assert site.converge(edge_verify="full").changed() == []
    assert loaded() == ["lightk8s.tar.loaded"]


def test_rbac_is_on_unless_it_is_refused(site: Site, server: Node) -> None:
    asked = ("auth", "can-i", "delete", "nodes", "--as", "nobody")
    assert server.kubectl(*asked, check=False).stdout.strip() == "no"
    open_to_all = extra(extraKubeAPIServerArgs={"--authorization-mode": "AlwaysAllow"})
    run = site.converge(**open_to_all)
    assert "asks nobody for permission" in str(results(run, SERVER)[-1].result["warnings"])
    assert server.kubectl(*asked).stdout.strip() == "yes"
    site.converge()
    assert server.kubectl(*asked, check=False).stdout.strip() == "no"


def test_an_argument_comes_and_goes_and_those_of_others_stay(site: Site, server: Node) -> None:
    path = f"{ARGS}/kube-apiserver"
    server.write(path, server.read(path) + "--max-requests-inflight=401\n", 0o660)
    before, count = server.read(path), starts(server, site.unit(server))
    assert site.converge().changed() == []
    site.converge(**extra(extraKubeAPIServerArgs={"--event-ttl": "10m"}))
    assert server.read(path) == before.replace("--event-ttl=5m", "--event-ttl=10m")
    assert starts(server, site.unit(server)) == count + 1
    site.converge()
    assert server.read(path) == before
    assert starts(server, site.unit(server)) == count + 2
    assert site.converge().changed() == []


def test_registries_come_and_go_and_those_of_others_stay(
    site: Site, server: Node, agent: Node
) -> None:
    def mirrors(*names: str) -> dict[str, Any]:
        mirror = {"endpoint": ["https://mirror.example.org"]}
        return {"edge_registries": {"mirrors": dict.fromkeys(names, mirror)}}

    def hosts(node: Node, name: str) -> str:
        path = f"{ARGS}/certs.d/{name}/hosts.toml"
        return node.read(path) if node.exists(path) else ""

    before = hosts(server, "docker.io")
    server.write(f"{ARGS}/certs.d/example.org/hosts.toml", "# of others\n")
    began = [site.main(node) for node in (server, agent)]
    site.converge(**mirrors("docker.io", "quay.io"))
    for node in (server, agent):
        assert "mirror.example.org" in hosts(node, "docker.io")
        assert "mirror.example.org" in hosts(node, "quay.io")
    assert site.converge().changed() == []  # who asks for nothing leaves them
    site.converge(**mirrors("quay.io"))
    assert hosts(server, "docker.io") == hosts(agent, "docker.io") == before
    site.converge(edge_registries={})
    for node in (server, agent):
        assert not node.exists(f"{ARGS}/certs.d/quay.io")
        assert hosts(node, "docker.io") == before
    assert hosts(server, "example.org") == "# of others\n"
    assert site.converge().changed() == []
    assert [site.main(node) for node in (server, agent)] == began


def test_add_ons_come_and_go_and_those_of_others_stay(site: Site, server: Node) -> None:
    def enabled(name: str) -> bool:
        return server.run([CLI, "status", "-a", name]).stdout.strip() == "enabled"

    server.run([CLI, "enable", "hostpath-storage"], timeout=300)
    wanted = extra(addons=[{"name": "metrics-server"}])
    predicted = site.converge("--check", **wanted)
    run = site.converge(**wanted)
    assert (
        actions(run, SERVER) == actions(predicted, SERVER) == ["enable the add-on metrics-server"]
    )
    wait_for("the add-on", lambda: enabled("metrics-server"))
    assert site.converge(**wanted).changed() == []
    run = site.converge()
    assert actions(run, SERVER) == ["disable the add-on metrics-server"]
    wait_for("the add-on to go", lambda: not enabled("metrics-server"))
    assert enabled("hostpath-storage")
    assert enabled("dns")
    server.run([CLI, "disable", "dns"], timeout=300)
    predicted = site.converge("--check")
    found = actions(site.converge(), SERVER)
    assert found == actions(predicted, SERVER)
    # It takes lines away from the kubelet's arguments, too.
    assert found[-1] == "enable the add-on dns"
    wait_for("the add-on to be back", lambda: enabled("dns"))
    assert site.converge().changed() == []


def test_a_join_that_fails_leaves_the_node_as_it_was(site: Site, server: Node, agent: Node) -> None:
    """MicroK8s is there already, as a cluster of its own, and the server's agent cannot be reached."""
    agent.run([CLI, "leave"], timeout=300)
    server.run([CLI, "remove-node", AGENT, "--force"])
    began = site.main(agent)
    rule = f"INPUT -p tcp --dport 25000 -s {agent.ip} -j REJECT"
    server.run(f"iptables -I {rule}")
    try:
        run = site.converge(check=False, edge_max_pods=33)
    finally:
        server.run(f"iptables -D {rule}")
    found = failure(run, AGENT)
    assert found["kind"] == "join"
    assert "is still a cluster of its own" in found["message"]
    assert site.main(agent) == began
    assert agent.run("ls /var/lib/lightk8s/tx").stdout == ""
    assert "33" not in agent.run("cat /etc/microk8s/kubelet.conf.d/*").stdout
    site.converge()
    wait_for("both nodes", lambda: ready(server) == {SERVER: True, AGENT: True})
    assert site.converge().changed() == []


def test_an_agent_leaves_living_and_dead(site: Site, server: Node, agent: Node) -> None:
    site.play("remove_node", edge_leave=[AGENT])
    assert ready(server) == {SERVER: True}
    assert not agent.exists("/snap/microk8s")
    assert not agent.exists("/var/snap/microk8s")
    site.converge()
    wait_for("both nodes", lambda: ready(server) == {SERVER: True, AGENT: True})
    agent.kill()
    run = site.play("remove_node", check=False, edge_leave=[AGENT], edge_leave_timeout=60)
    assert run.failed() == []
    assert ready(server) == {SERVER: True}
