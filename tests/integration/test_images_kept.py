# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images on a node without a route: what they lead to, what keeps them, and what ends in the middle."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from bed.node import Node

from .conftest import MakeFleet
from .lib import staging
from .lib.site import Site, wait_for
from .lib.staging import (
    ARTIFACTS,
    NAME,
    OTHER_GZIP,
    SNAPSHOTS,
    UNKNOWN,
    Versions,
    absent,
    is_whole,
    listed,
    play,
    result,
    row,
    snapshots,
    start_pod,
)

pytestmark = pytest.mark.slow
PIECE = 1 << 20
# What has the kubelet find its disk full, and so collect every image that nothing uses and nothing pins.
COLLECTING = (
    "/var/lib/rancher/k3s/agent/etc/kubelet.conf.d/99-collect.conf",
    """apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
imageMinimumGCAge: 1s
evictionPressureTransitionPeriod: 1s
evictionHard:
  nodefs.available: 99%
""",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Versions:
    return staging.versions(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def site(make_fleet: MakeFleet, tmp_path_factory: pytest.TempPathFactory, made: Versions) -> Site:
    """Two versions are there; what containerd makes of their layers is known."""
    site = staging.node(make_fleet, tmp_path_factory.mktemp("cache"), disk="4g")
    for versions in ("1", "12"):
        site.play(play(*(row(made, version) for version in versions)))
    return site


@pytest.fixture(scope="module")
def server(site: Site) -> Node:
    return site.server


def restart(site: Site) -> None:
    """All of K3s, containerd too; pods of a Ready node may start."""
    site.server.run(["systemctl", "restart", site.unit(site.server)], timeout=300)
    wait_for("the node", site.is_ready)


def test_an_exact_image_comes_as_a_delta_where_its_blobs_are_known_to_come_out(
    site: Site, server: Node, made: Versions
) -> None:
    site.play(play(absent("2")))
    assert f"{NAME}@{made['2'].digest}" not in listed(server)
    done = result(site.play(play(row(made, "2"), exact=True)))
    assert done["transfer"]["bytes"] < sum(made["2"].layers) / 100
    assert [found["mode"] for found in done["images"]] == ["exact"]
    assert is_whole(server, made, "2")


def test_an_alias_is_brought_again_where_only_what_is_published_counts(
    site: Site, made: Versions
) -> None:
    done = result(site.play(play(row(made, OTHER_GZIP))))
    assert [found["mode"] for found in done["images"]] == ["alias"]
    done = result(site.play(play(row(made, OTHER_GZIP), exact=True)))
    assert [found["mode"] for found in done["images"]] == ["exact"]
    assert is_whole(site.server, made, OTHER_GZIP)
    assert site.play(play(row(made, OTHER_GZIP), exact=True)).changed() == []
    site.play(play(absent(OTHER_GZIP)))


def test_where_layers_are_discarded_once_extracted_an_update_does_without_them(
    site: Site, server: Node, made: Versions
) -> None:
    site.play(play(absent("2")))
    blobs = made["1"].blobs()
    server.run(["k3s", "ctr", "content", "rm", *blobs])
    rows = [row(made, "1"), row(made, "2")]
    done = result(site.play(play(*rows)))
    assert [found["mode"] for found in done["images"]] == ["layer-less", "layer-less"]
    assert done["transfer"]["bytes"] < sum(made["2"].layers) / 100
    assert blobs[0] not in server.run("k3s ctr content ls -q").stdout
    assert site.play(play(*rows)).changed() == []
    restart(site)
    for name, image in (("lean", f"{NAME}@{made['2'].digest}"), ("tag", f"{NAME}:1")):
        start_pod(server, name, image)
        server.kubectl("delete", "pod", name, "--now")
    done = result(site.play(play(*rows, exact=True)))
    assert [found["mode"] for found in done["images"]] == ["exact", "exact"]
    assert is_whole(server, made, "1")
    assert is_whole(server, made, "2")


def test_a_pod_that_pins_the_digest_starts_after_a_restart_and_a_collection_without_a_registry(
    site: Site, server: Node, made: Versions, tmp_path: Path
) -> None:
    staging.load_loose(server, tmp_path)
    server.write(COLLECTING[0], COLLECTING[1])
    restart(site)
    wait_for("a collection", lambda: staging.LOOSE not in listed(server))
    server.run(["rm", COLLECTING[0]])
    assert is_whole(server, made, "2")
    restart(site)
    assert is_whole(server, made, "2")
    assert server.run("ip route show default").stdout == ""
    for name, image in (("pin", f"{NAME}@{made['2'].digest}"), ("tag", f"{NAME}:1")):
        start_pod(server, name, image)


def test_what_a_container_uses_stays_and_the_rest_goes(
    site: Site, server: Node, made: Versions
) -> None:
    server.kubectl("delete", "pod", "tag", "--now")

    def only_the_first() -> bool:
        done = result(site.play(play(absent("1"), absent("2"))))
        assert done["warnings"][-1] == f"{NAME}:2 stays: a container uses it"
        return not done["images"][0]["present"]

    wait_for("the container of the pod to go", only_the_first)
    assert f"{NAME}:1" not in listed(server)
    assert f"{NAME}@{made['1'].digest}" not in listed(server)
    assert made["1"].config not in listed(server)
    assert is_whole(server, made, "2")


def test_a_changed_base_is_noticed_and_the_layer_comes_in_another_way(
    site: Site, server: Node, made: Versions
) -> None:
    spoil = "printf x | dd of=$f bs=1 seek=2000000 conv=notrunc 2>&1"
    server.run(f"for f in {SNAPSHOTS}/*/fs/opt/data; do {spoil}; done")
    done = result(site.play(play(row(made, "3"))))
    assert len(done["staging"]["sent_otherwise"]) == 1
    assert done["transfer"]["bytes"] > sum(made["3"].layers) / 3
    assert is_whole(server, made, "3")


def test_a_piece_that_was_damaged_on_the_node_is_refused_and_sent_again(
    site: Site, server: Node, made: Versions
) -> None:
    blob = staging.top_blob(made, UNKNOWN)
    content = bytearray(blob.read_bytes())
    content[len(content) // 2] ^= 1
    server.write(f"{ARTIFACTS}/{blob.name}", bytes(content))
    before = snapshots(server)
    failure = result(site.play(play(row(made, UNKNOWN)), check=False))["failure"]
    assert failure["kind"] == "artifact"
    assert "was damaged" in failure["message"]
    assert f"{NAME}:{UNKNOWN}" not in listed(server)
    # What an earlier test has removed may be collected meanwhile.
    assert snapshots(server) <= before
    assert site.play(play(row(made, UNKNOWN))).failed() == []
    assert is_whole(server, made, UNKNOWN)
    site.play(play(absent(UNKNOWN)))


def test_a_disk_without_room_is_refused_before_anything_is_sent(
    site: Site, server: Node, made: Versions
) -> None:
    site.play(play(absent("4")))
    about = server.run("stat -f -c '%S %b %a' /var/lib/rancher").stdout.split()
    size, blocks, free = (int(word) for word in about)
    margin = size * blocks // 20 + 5_000_000
    server.run(f"fallocate -l {size * free - margin} /var/lib/rancher/filler")
    try:
        run = site.play(play(row(made, "4")), check=False)
    finally:
        server.run("rm /var/lib/rancher/filler")
    failure = result(run)["failure"]
    assert failure["kind"] == "preflight"
    assert "MB free" in failure["message"]
    assert "transfer" not in result(run)
    assert server.run(f"ls -A {ARTIFACTS}").stdout == ""
    assert result(site.play(play(row(made, "4"))))["changed"]


@pytest.mark.parametrize("delay", [0.0, 0.7, 1.5])
def test_a_run_that_was_killed_is_completed_by_the_next_one(
    site: Site, server: Node, made: Versions, delay: float
) -> None:
    site.play(play(absent("4")))
    before = listed(server)
    started = site.begin(play(row(made, "4")))
    look = f"ls -A {ARTIFACTS}"
    wait_for("pieces", lambda: server.run(look).stdout or started.process.poll() is not None)
    time.sleep(delay)
    started.kill()
    server.run("pkill -9 -x python3; pkill -9 -x ctr", check=False)
    assert set(before) <= set(listed(server))
    assert site.play(play(row(made, "4"))).failed() == []
    assert is_whole(server, made, "4")
    assert site.play(play(row(made, "4"))).changed() == []


def test_the_playbook_prints_what_a_site_costs(site: Site, made: Versions, tmp_path: Path) -> None:
    wanted = [row(made, "1"), row(made, OTHER_GZIP)]
    run = site.play("stage_images", "--check", edge_images=wanted, edge_bandwidth_limit_mbps=0.5)
    table = run.of(task="Print the table")[0].result["msg"]
    assert table[0].split()[:2] == ["SITE", "NODES"]
    assert table[1].split()[0] == "shop"
    site.play("stage_images", edge_images=wanted, edge_images_prune=True)
    assert (
        listed(site.server)[f"{NAME}@{made[OTHER_GZIP].digest}"] != made[OTHER_GZIP].digest
    )  # by another gzip
    names = {name for name in listed(site.server) if name.startswith(f"{NAME}:")}
    assert names == {f"{NAME}:1", f"{NAME}:2", f"{NAME}:5"}
