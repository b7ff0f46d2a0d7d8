# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What k0s alone has, on a server and an agent: registries as files of its containerd."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from bed.node import Node

from .conftest import MakeFleet, mirror_of
from .lib.distributions import K0S
from .lib.site import NO_ONES_PROXY, Site, actions, common_inputs, starts, wait_for

HOSTS = "/etc/k0s/containerd.d/certs.d"
MIRROR, PORT = "http://127.0.0.1:5001", 5001
AUTH = {"docker.io": {"auth": {"username": "u", "password": "secret-of-the-shop"}}}
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(make_fleet: MakeFleet) -> Site:
    inputs = {
        **common_inputs(K0S, mirror_of("k0s")),
        "edge_node_ip": ["{{ ansible_host }}"],
        "edge_proxy": NO_ONES_PROXY,
        "edge_reserved_memory_mb": 64,  # so that our bounds of eviction count: the machine's disk may be full
    }
    made = Site(make_fleet("shop=server:airgap,agent:airgap"), K0S, inputs)
    made.converge()
    return made


@pytest.fixture(scope="module")
def nodes(site: Site) -> Iterator[list[Node]]:
    """Both, each with a web server that has nothing and writes down what it is asked for."""
    found = list(site.fleet.nodes.values())
    for node in found:
        node.run(["systemd-run", "--unit=mirror", "python3", "-m", "http.server", str(PORT)])
    yield found
    for node in found:
        node.run(["systemctl", "stop", "mirror"])


def registries(*names: str, **configs: Any) -> dict[str, Any]:
    mirrors = {name: {"endpoint": [MIRROR]} for name in names}
    return {"edge_registries": {"mirrors": mirrors, "configs": configs}}


def counts(site: Site) -> list[int]:
    return [starts(node, site.unit(node)) for node in site.fleet.nodes.values()]


def is_asked(site: Site, node: Node, image: str) -> bool:
    """Whether the mirror hears of an image that a pod on the node needs and nobody has."""
    name = image.rpartition("/")[2].partition(":")[0]
    spec = f'{{"spec": {{"nodeName": "{node.name}"}}}}'
    site.server.kubectl("run", name, f"--image={image}", "--overrides", spec)
    state = "jsonpath={.status.containerStatuses[*].state.waiting.reason}"

    def failed() -> bool:
        return "Image" in site.server.kubectl("get", "pod", name, "-o", state).stdout

    wait_for("the pull to fail", failed)
    site.server.kubectl("delete", "pod", name, "--grace-period=0", "--force")
    return f"/{name}/manifests/" in node.run(["journalctl", "--unit=mirror", "--output=cat"]).stdout


def test_mirrors_come_by_one_restart_and_pulls_go_through_them(
    site: Site, nodes: list[Node]
) -> None:
    for node in nodes:
        node.write(f"{HOSTS}/example.org/hosts.toml", "# of others\n")
    before, wanted = counts(site), registries("quay.io", "docker.io", **AUTH)
    predicted = site.converge("--check", **wanted)
    run = site.converge("-vvvv", **wanted)
    assert "secret-of-the-shop" not in run.output
    for node in nodes:
        assert actions(run, node.name) == actions(predicted, node.name)
        assert is_asked(site, node, f"quay.io/none/{node.spec.role}:1")
    assert counts(site) == [count + 1 for count in before]
    assert site.converge(**wanted).changed() == []
    assert site.converge().changed() == []  # who asks for nothing leaves them


def test_mirrors_go_without_a_restart_and_those_of_others_stay(
    site: Site, nodes: list[Node]
) -> None:
    before, fewer = counts(site), registries("docker.io", **AUTH)
    predicted = site.converge("--check", **fewer)
    run = site.converge(**fewer)
    for node in nodes:
        assert actions(run, node.name) == actions(predicted, node.name)
        assert node.run(["ls", HOSTS]).stdout.split() == ["docker.io", "example.org"]
        assert not is_asked(site, node, f"quay.io/none/{node.spec.role}-late:1")
    assert counts(site) == before
    assert site.converge(**fewer).changed() == []


def test_no_registries_is_nothing_of_ours(site: Site, nodes: list[Node]) -> None:
    before = counts(site)
    site.converge(edge_registries={})
    for node in nodes:
        assert node.run(["ls", HOSTS]).stdout.split() == ["example.org"]
        assert node.read(f"{HOSTS}/example.org/hosts.toml") == "# of others\n"
        held = node.run(
            ["grep", "-rl", "secret-of-the-shop", "/etc", "/var/lib/lightk8s"], check=False
        )
        assert held.stdout == ""
    # The account was in the drop-in, which containerd reads at its start.
    assert counts(site) == [count + 1 for count in before]
    assert site.converge(edge_registries={}).changed() == []
    assert site.is_ready()
