# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site of two nodes: what both need crosses the uplink once. A proxy before both sshds counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from bed.links import Link
from bed.node import Node
from bed.plays import Run

from .conftest import MakeFleet, mirror_of
from .lib import images
from .lib.distributions import K3S
from .lib.site import Site, common_inputs, wait_for

pytestmark = pytest.mark.slow
SERVER, AGENT = "shop-server1", "shop-agent1"
NAME = "shop.example/till"
FOLDER = "/var/lib/rancher/k3s/agent/images"
# Notes each name that appears in a folder, how it did, and what it held by then.
WATCH = """
import ctypes, hashlib, os, struct, sys
libc = ctypes.CDLL(None)
handle = libc.inotify_init()
folder, log = sys.argv[1:]
libc.inotify_add_watch(handle, folder.encode(), 0x00000180 | 0x00000008)
out = open(log, "w", buffering=1)
out.write("ready\\n")
while True:
    data = os.read(handle, 65536)
    while data:
        mask, _cookie, size = struct.unpack("IIII", data[:16])[1:]
        name = data[16 : 16 + size].rstrip(b"\\0").decode()
        data = data[16 + size :]
        kind = {0x80: "moved", 0x100: "created", 8: "written"}.get(mask, str(mask))
        try:
            with open(os.path.join(folder, name), "rb") as file:
                digest = hashlib.sha256(file.read()).hexdigest()
        except OSError as error:
            digest = error.__class__.__name__
        out.write(f"{kind} {name} {digest}\\n")
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, images.Made]:
    folder = tmp_path_factory.mktemp("images")
    probe = images.program(mirror_of(K3S.name).parent / "images" / "probe.tar")
    found = {}
    for version in "123":
        top = images.tar_of({"opt/data": images.noise(int(version), 3_000_000)})
        found[version] = images.make(folder / version, [probe, top], ["/probe"])
    return found


@pytest.fixture(scope="module")
def site(make_fleet: MakeFleet, tmp_path_factory: pytest.TempPathFactory) -> Site:
    fleet = make_fleet("shop=server,agent", airgap=True, disk="4g")
    addresses = {node.name: node.ip for node in fleet.nodes.values()}
    inputs = {
        **common_inputs(K3S, mirror_of(K3S.name)),
        "edge_node_ip": f"{{{{ {addresses!r}[inventory_hostname] }}}}",
        "edge_cache_dir": str(tmp_path_factory.mktemp("cache")),
        "edge_mode": "offline",
    }
    return Site(fleet, K3S, inputs)


@pytest.fixture
def link(site: Site) -> Iterator[Link]:
    with Link() as link:
        yield link


def through(site: Site, link: Link, what: str, *args: str, **inputs: Any) -> tuple[Run, int]:
    """A run over the site's uplink, and the bytes that went up there."""
    via = {node.name: link.forward((node.ip, 22)) for node in site.fleet.nodes.values()}
    inventory = site.fleet.write_inventory("hosts-uplink", via=via)
    before = link.counts()[0]
    run = site.play(what, *args, inventory=inventory, **inputs)
    return run, link.counts()[0] - before


def staged(run: Run) -> dict[str, dict[str, Any]]:
    return {name: dict(run.of(name, action="edge_images")[-1].result) for name in (SERVER, AGENT)}


def rows(made: dict[str, images.Made], *versions: str) -> list[dict[str, Any]]:
    return [{"name": f"{NAME}:{v}", "source": str(made[v].folder)} for v in versions]


def has(node: Node, version: str) -> bool:
    return f"{NAME}:{version}" in node.run("k3s ctr images ls -q").stdout.split()


def test_an_installation_carries_the_release_once(site: Site, link: Link) -> None:
    watched = site.server
    watched.run(f"mkdir -p {FOLDER}")
    watched.write("/root/watch.py", WATCH)
    watched.run(
        f"systemd-run --unit=watch --collect python3 /root/watch.py {FOLDER} /root/watch.log"
    )
    wait_for("the watch", lambda: "ready" in watched.run("cat /root/watch.log").stdout)
    run, sent = through(site, link, "converge")
    assert run.failed() == []
    wait_for("the nodes", site.is_ready)
    results = [task.result for task in run.of(AGENT, action="edge_site")]
    transfer = next(result["transfer"] for result in results if "transfer" in result)
    assert transfer["lan_bytes"] > 40_000_000
    assert transfer["bytes"] < transfer["lan_bytes"] / 100
    one = site.server.run(f"stat -c %s /usr/local/bin/k3s {FOLDER}/*").stdout.split()
    assert sent < 1.02 * sum(map(int, one)) + 2_000_000


def test_the_folder_of_images_never_shows_what_is_not_whole(site: Site) -> None:
    server = site.server
    lines = [line.split() for line in server.run("cat /root/watch.log").stdout.splitlines()[1:]]
    server.run("systemctl stop watch")
    whole = {
        line.split()[1]: line.split()[0]
        for line in server.run(f"cd {FOLDER} && sha256sum *").stdout.splitlines()
    }
    assert whole
    # What no watcher takes for an archive may be written in place.
    seen = [(kind, name, digest) for kind, name, digest in lines if not name.startswith(".")]
    assert {name for _kind, name, _digest in seen} == set(whole)
    for kind, name, digest in seen:
        assert (kind, digest) == ("moved", whole[name])


def test_an_image_crosses_the_uplink_once(
    site: Site, link: Link, made: dict[str, images.Made]
) -> None:
    wanted = rows(made, "1")
    told, _sent = through(site, link, "stage_images", "--check", edge_images=wanted)
    run, sent = through(site, link, "stage_images", edge_images=wanted)
    assert all(has(node, "1") for node in site.fleet.nodes.values())
    found = staged(run)
    over_uplink = sum(result["transfer"]["bytes"] for result in found.values())
    over_lan = sum(result["transfer"].get("lan_bytes", 0) for result in found.values())
    size = sum(made["1"].layers)
    assert over_uplink < 1.01 * size
    assert over_lan > 0.95 * over_uplink
    # Requests, answers and ssh itself come on top, for two nodes.
    assert sent < 1.02 * size + 250_000
    foretold = table(told)
    assert foretold == table(run)
    assert foretold[5:7] == [f"{over_uplink / 1e6:.2f}", "MB"]


def table(run: Run) -> list[str]:
    return str(run.of(task="Print the table")[0].result["msg"][1]).split()


def test_where_the_network_is_closed_each_node_is_sent_its_own(
    site: Site, link: Link, made: dict[str, images.Made]
) -> None:
    nodes = list(site.fleet.nodes.values())
    rule = "INPUT -i eth0 -p tcp --syn --dport 32768:60999 -s {} -j REJECT"
    pairs = [(nodes[0], nodes[1]), (nodes[1], nodes[0])]
    for node, other in pairs:
        node.run(f"iptables -I {rule.format(other.ip)}")
    try:
        run, sent = through(site, link, "stage_images", edge_images=rows(made, "1", "2"))
    finally:
        for node, other in pairs:
            node.run(f"iptables -D {rule.format(other.ip)}")
    assert all(has(node, "2") for node in nodes)
    assert all("lan_bytes" not in result["transfer"] for result in staged(run).values())
    assert sent > 2 * 3_000_000
    assert "so from here" in run.output


def test_the_nodes_of_a_site_share_the_bound_of_its_link(
    site: Site, link: Link, made: dict[str, images.Made]
) -> None:
    inputs = {"edge_lan_transfer": False, "edge_bandwidth_limit_mbps": 2}
    wanted = rows(made, "1", "2", "3")
    run, sent = through(site, link, "stage_images", edge_images=wanted, **inputs)
    assert all(has(node, "3") for node in site.fleet.nodes.values())
    assert sent > 2 * 3_000_000
    assert sent / run.seconds < 1.05 * 250_000


def test_converge_looks_at_right_images_in_its_only_run(
    site: Site, made: dict[str, images.Made]
) -> None:
    wanted = rows(made, "1", "2", "3")
    site.converge(edge_images=wanted)
    run = site.converge(edge_images=wanted)
    assert run.changed() == []
    assert run.of(action="edge_images") == []
    looked = run.of(SERVER, action="edge_site")[0].result
    assert [row["present"] for row in looked["images"]] == [True] * 3
    site.server.run(f"k3s ctr images rm {NAME}:3")
    again = site.converge(edge_images=wanted)
    assert [task.host for task in again.changed()] == [SERVER]
    assert has(site.server, "3")


def test_a_restart_imports_nothing_again(site: Site) -> None:
    before = imports(site.server)
    assert before
    restart(site)
    assert imports(site.server) == before
    # K3s's note is what keeps it from that.
    site.server.run(["rm", f"{FOLDER}/.cache.json"])
    restart(site)
    wait_for("K3s to import", lambda: imports(site.server) > before)


def restart(site: Site) -> None:
    site.server.run(["systemctl", "restart", site.unit(site.server)], timeout=300)
    wait_for("the nodes", site.is_ready)


def imports(node: Node) -> int:
    """How often K3s has told of an archive that it imports."""
    said = node.run("journalctl -u k3s -o cat --no-pager").stdout
    return said.count(f"Importing images from {FOLDER}/")
