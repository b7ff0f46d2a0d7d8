# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images that the server of a site gives to its registry, Debian's own on another node, and who gets them there."""

from __future__ import annotations

from typing import Any

import pytest
from bed.node import Node
from bed.plays import Run

from ..unit.kube.authority import Authority
from .conftest import MakeFleet, mirror_of
from .lib import depot, staging
from .lib.depot import Depot
from .lib.distributions import K3S
from .lib.site import Site, common_inputs, wait_for
from .lib.staging import (
    NAME,
    OTHER_GZIP,
    SERVER,
    UNKNOWN,
    Versions,
    absent,
    is_whole,
    listed,
    play,
    result,
    row,
    start_pod,
)

pytestmark = pytest.mark.slow
AGENT = "shop-agent1"
REGISTRY, REPOSITORY = NAME.split("/")
# The agent's containerd removes layers that it has pulled and extracted.
CONTAINERD = "/var/lib/rancher/k3s/agent/etc/containerd"
DISCARD = f"""sed "/^.plugins.'io.containerd.cri.v1.images'.$/a discard_unpacked_layers = true" \
  {CONTAINERD}/config.toml > {CONTAINERD}/config-v3.toml.tmpl"""
# Without an answer, as of a box that has no power: nobody has this address.
NOBODY = 250


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Versions:
    return staging.versions(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def site(make_fleet: MakeFleet, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Both nodes ask the registry on the agent for what is published elsewhere."""
    fleet = make_fleet(f"shop=server,agent:packages={depot.PACKAGE}", airgap=True, disk="4g")
    url = Depot(fleet[AGENT]).url
    inputs = {
        **common_inputs(K3S, mirror_of(K3S.name)),
        "edge_node_ip": "{{ ansible_host }}",
        "edge_registries": {"mirrors": {REGISTRY: {"endpoint": [url]}}},
    }
    site = Site(fleet, K3S, inputs)
    assert site.converge().failed() == []
    agent = fleet[AGENT]
    agent.run(DISCARD)
    agent.run(["systemctl", "restart", site.unit(agent)], timeout=300)
    wait_for("the nodes", site.is_ready)
    site.inputs["edge_cache_dir"] = str(tmp_path_factory.mktemp("cache"))
    return site


@pytest.fixture(scope="module")
def server(site: Site) -> Node:
    return site.server


@pytest.fixture(scope="module")
def kept(site: Site) -> Depot:
    kept = Depot(site.fleet[AGENT])
    kept.begin()
    return kept


def give(site: Site, url: str, *rows: dict[str, Any], check: bool = True, **more: Any) -> Run:
    """Bring the images to the server alone, and give them to the registry; `foretell` does neither."""
    words = ["--check"] if more.pop("foretell", False) else []
    plays = [{**one, "hosts": SERVER} for one in play(*rows, site_registry=url, **more)]
    return site.play(plays, *words, check=check)


def failure(run: Run) -> dict[str, Any]:
    assert [task.host for task in run.failed()] == [SERVER]
    return dict(result(run)["failure"])


def test_images_arrive_as_foretold_with_the_digests_that_are_published(
    site: Site, kept: Depot, made: Versions
) -> None:
    told = result(give(site, kept.url, row(made, "1"), foretell=True))
    assert kept.digest(f"{REPOSITORY}:1") == ""
    done = result(give(site, kept.url, row(made, "1")))
    assert told["actions"] == done["actions"]
    assert done["actions"][-1] == f"give {NAME}:1 to {kept.url}"
    digest = made["1"].digest
    assert [kept.digest(f"{REPOSITORY}{where}") for where in (":1", f"@{digest}")] == [digest] * 2
    blobs = {*made["1"].blobs(), made["1"].config}
    assert kept.blobs(f"{REPOSITORY}@{digest}") == blobs


def test_a_second_run_changes_nothing_and_asks_for_a_name_alone(
    site: Site, kept: Depot, made: Versions
) -> None:
    before = len(kept.asked())
    run = give(site, kept.url, row(made, "1"))
    assert run.changed() == []
    assert "transfer" not in result(run)
    assert kept.asked()[before:] == [("GET", f"/v2/{REPOSITORY}/manifests/1", 200)]


def test_an_update_gives_what_is_new_alone(site: Site, kept: Depot, made: Versions) -> None:
    before = len(kept.asked())
    done = result(give(site, kept.url, row(made, "1"), row(made, "2")))
    assert done["transfer"]["bytes"] < sum(made["2"].layers) / 100
    assert kept.digest(f"{REPOSITORY}:2") == made["2"].digest
    asked = kept.asked()[before:]
    base = f"/v2/{REPOSITORY}/blobs/{made['2'].blobs()[0]}"
    assert ("GET", base, 206) in asked  # one byte, to see that it is there
    assert [method for method, _path, _status in asked].count("POST") == 2  # a layer, the config


def test_nodes_without_the_image_get_it_from_there(
    site: Site, server: Node, kept: Depot, made: Versions
) -> None:
    site.play([{**play(absent("2"))[0], "hosts": SERVER}])
    pinned = f"{NAME}@{made['2'].digest}"
    for node in (site.fleet[AGENT], server):
        assert not {f"{NAME}:2", pinned} & set(listed(node))
        before = len(kept.asked())
        for name, image in (("tag", f"{NAME}:2"), ("pin", pinned)):
            start_pod(server, name, image, policy="Always", nodeName=node.name)
        for name in ("tag", "pin"):
            server.kubectl("delete", "pod", name, "--now")
        layer = f"/v2/{REPOSITORY}/blobs/{made['2'].blobs()[-1]}"
        assert ("GET", layer, 200) in kept.asked()[before:]


def test_what_was_pulled_and_discarded_is_a_base_of_the_update(
    site: Site, server: Node, made: Versions
) -> None:
    agent = site.fleet[AGENT]
    held = agent.run("k3s ctr content ls -q").stdout.split()
    assert not set(made["2"].blobs()) & set(held)
    one = {**play(row(made, "2"), row(made, "3"))[0], "hosts": AGENT}
    done = site.play([one]).of(AGENT, action="edge_images")[-1].result
    assert [found["mode"] for found in done["images"]] == ["layer-less", "layer-less"]
    assert done["transfer"]["bytes"] < sum(made["3"].layers) / 100
    start_pod(server, "lean", f"{NAME}@{made['3'].digest}", nodeName=AGENT)
    server.kubectl("delete", "pod", "lean", "--now")


def test_a_registry_that_is_away_is_named_and_gets_its_images_later(
    site: Site, server: Node, kept: Depot, made: Versions
) -> None:
    nobody = f"http://{server.ip.rpartition('.')[0]}.{NOBODY}:{depot.PORT}"
    kept.stop()
    for url, said in ((kept.url, "refused the connection"), (nobody, nobody)):
        for foretell in (True, False):
            run = give(site, url, row(made, "3"), check=False, foretell=foretell)
            found = failure(run)
            assert found["kind"] == "artifact"
            assert found["message"].startswith(f"the registry of the site gets no images: {url} ")
            assert said in found["message"]
            assert "run again when it answers" in found["hint"]
        assert is_whole(server, made, "3")
    kept.begin()
    done = result(give(site, kept.url, row(made, "3")))
    assert done["actions"] == [f"give {NAME}:3 to {kept.url}"]
    assert kept.digest(f"{REPOSITORY}:3") == made["3"].digest


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"auth": {"htpasswd": {"realm": "shop", "path": f"{depot.STORE}/users"}}}, "401"),
        ({"storage": {"maintenance": {"readonly": {"enabled": True}}}}, "405"),
    ],
    ids=["login", "readonly"],
)
def test_a_registry_that_takes_nothing_says_why(
    site: Site, kept: Depot, made: Versions, settings: dict[str, dict[str, Any]], said: str
) -> None:
    kept.begin(**settings)
    try:
        found = failure(give(site, kept.url, row(made, UNKNOWN), check=False))
    finally:
        kept.begin()
    assert found["kind"] == "refused"
    assert f"{kept.url} does not take {NAME}:{UNKNOWN}: {said} " in found["message"]
    assert "without credentials" in found["hint"]
    assert is_whole(site.server, made, UNKNOWN)
    assert kept.digest(f"{REPOSITORY}:{UNKNOWN}") == ""


def test_a_registry_whose_disk_is_full_gets_nothing_by_halves(
    site: Site, kept: Depot, made: Versions
) -> None:
    kept.stop()
    kept.node.run(f"mount -t tmpfs -o size=5m,mode=777 tmpfs {depot.STORE}")
    try:
        kept.begin()
        found = failure(give(site, kept.url, row(made, UNKNOWN), check=False))
        assert kept.digest(f"{REPOSITORY}:{UNKNOWN}") == ""
    finally:
        kept.stop()
        kept.node.run(["umount", depot.STORE])
        kept.begin()
    assert f"does not take {NAME}:{UNKNOWN}: 500 " in found["message"]
    give(site, kept.url, row(made, UNKNOWN))
    assert kept.digest(f"{REPOSITORY}:{UNKNOWN}") == made[UNKNOWN].digest


def test_a_certificate_counts_that_the_node_trusts(
    site: Site, server: Node, kept: Depot, made: Versions
) -> None:
    authority = Authority()
    kept.forget()
    url = kept.begin_with_tls(*authority.issue("depot", names=(kept.node.ip,)))
    try:
        found = failure(give(site, url, row(made, "1"), check=False))
        assert found["kind"] == "certificate"
        assert f"the certificate of {url} is not trusted" in found["message"]
        server.write("/usr/local/share/ca-certificates/depot.crt", authority.pair.cert)
        server.run("update-ca-certificates")
        done = result(give(site, url, row(made, "1")))
    finally:
        kept.begin()
    assert done["actions"] == [f"give {NAME}:1 to {url}"]
    assert kept.digest(f"{REPOSITORY}:1") == made["1"].digest


def test_what_the_node_has_made_of_an_image_is_replaced_by_what_is_published(
    site: Site, kept: Depot, made: Versions
) -> None:
    rows, place = [row(made, OTHER_GZIP)], f"{REPOSITORY}:{OTHER_GZIP}"
    done = result(give(site, kept.url, *rows))
    assert [found["mode"] for found in done["images"]] == ["alias"]
    assert kept.digest(place) not in ("", made[OTHER_GZIP].digest)
    assert kept.config(place) == made[OTHER_GZIP].config
    assert give(site, kept.url, *rows).changed() == []
    give(site, kept.url, *rows, exact=True)
    assert kept.digest(place) == made[OTHER_GZIP].digest


def test_layers_that_the_node_has_discarded_are_asked_for_by_name(
    site: Site, server: Node, kept: Depot, made: Versions
) -> None:
    give(site, kept.url, row(made, "3"))
    server.run(["k3s", "ctr", "content", "rm", *made["3"].blobs()])
    run = give(site, kept.url, row(made, "3"))
    assert run.changed() == []
    assert [found["mode"] for found in result(run)["images"]] == ["layer-less"]
    kept.forget()
    found = failure(give(site, kept.url, row(made, "3"), check=False))
    assert f"has discarded {made['3'].blobs()[0]}" in found["message"]
    assert "edge_images_exact" in found["hint"]
    assert kept.digest(f"{REPOSITORY}:3") == ""
    give(site, kept.url, row(made, "3"), exact=True)
    assert kept.digest(f"{REPOSITORY}:3") == made["3"].digest


def test_in_a_site_the_server_that_begins_it_gives(site: Site, kept: Depot, made: Versions) -> None:
    inputs: dict[str, Any] = {
        "edge_images": [row(made, "1")],
        "edge_images_site_registry": kept.url,
    }
    run = site.play("stage_images", **inputs)
    actions = {
        name: run.of(name, action="edge_images")[-1].result["actions"] for name in (SERVER, AGENT)
    }
    gives = f"give {NAME}:1 to {kept.url}"
    assert (gives in actions[SERVER], gives in actions[AGENT]) == (True, False)
    assert f"{NAME}:1" in listed(site.fleet[AGENT])
    assert site.play("stage_images", **inputs).changed() == []
    kept.forget()
    assert [task.host for task in site.converge(**inputs).changed()] == [SERVER]
    assert kept.digest(f"{REPOSITORY}:1") == made["1"].digest
    again = site.converge(**inputs)
    assert again.changed() == []
    asked = [len(again.of(name, action="edge_images")) for name in (SERVER, AGENT)]
    assert asked == [1, 0]  # what the registry has, nobody else has to ask
