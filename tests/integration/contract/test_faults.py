# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites that die, disks that are full, pods without limits: a rerun always ends well."""

from __future__ import annotations

import base64

import pytest
from bed.node import Node

from ...unit.kube.authority import ended_authority
from ..conftest import MakeFleet
from ..lib import ground
from ..lib.distributions import Distribution
from ..lib.site import (
    Site,
    messages,
    repeats,
    results,
    run_pod,
    starts,
    wait_for,
)
from . import moments


@pytest.fixture(scope="module")
def site(
    distribution: Distribution, make_fleet: MakeFleet, tmp_path_factory: pytest.TempPathFactory
) -> Site:
    site = ground.lone(distribution, make_fleet, node="disk=3g")
    site.inputs["edge_cache_dir"] = str(tmp_path_factory.mktemp("cache"))
    return site


@pytest.fixture(scope="module")
def node(site: Site) -> Node:
    return site.lone


def test_a_full_disk_is_said_and_harms_nothing(site: Site, node: Node) -> None:
    free = node.run("df -B1M --output=avail /var | tail -1").stdout.strip()
    node.run(f"fallocate -l {int(free) - 60}M /var/filler")
    run = site.converge(check=False)
    said = messages(run)
    assert run.code
    assert "room" in said or "space" in said
    assert node.name in said or "/var/lib/lightk8s" in said
    assert not node.exists(site.distribution.binary)
    node.run("rm /var/filler")


@pytest.mark.parametrize(
    "moment", [moments.transferring, moments.waiting], ids=lambda m: m.__name__
)
def test_a_rerun_ends_what_a_killed_controller_began(
    site: Site, node: Node, moment: moments.Moment
) -> None:
    """Once with workers that outlive ansible-playbook for their task, once with all dead at once."""
    site.inputs.update(site.distribution.naming(f"{moment.__name__}.example"))
    run = site.start()
    moments.at(moment, site, node, run)
    if moment is moments.transferring:
        run.process.kill()
        run.process.wait()
    else:
        run.kill()
    site.converge()
    assert f"{moment.__name__}.example" in node.read(site.distribution.config)
    assert site.is_ready()
    assert moments.ours(node) == []
    assert site.converge().changed() == []


def test_a_run_killed_before_the_restart_is_completed_with_one(site: Site, node: Node) -> None:
    unit = site.unit(node)
    count, before = starts(node, unit), site.main(node)
    moments.end_at_restart(node)
    site.inputs.update(site.distribution.naming("shop.example"))
    assert site.converge(check=False).code
    assert "shop.example" in node.read(site.distribution.config)
    assert node.exists(f"/{moments.JOURNAL}")
    assert site.main(node) == before
    run = site.converge()
    assert "cut off" in str([task.result.get("warnings") for task in run.of(node.name)])
    assert starts(node, unit) == count + 1
    assert moments.ours(node) == []
    assert site.converge().changed() == []


def test_a_pod_without_limits_stays_under_the_cap(site: Site, node: Node) -> None:
    site.inputs["edge_max_cpu_percent"] = 20
    site.converge()
    run_pod(site, "burner", "-burn", "4")
    share = wait_for("figures", lambda: used(node, 10))
    cap = 0.2 * int(node.run(["nproc"]).stdout)
    assert 0 < share < cap * 1.15
    site.server.kubectl("delete", "pod", "burner", "--grace-period=0", "--force")


def test_expired_certificates_are_recognised_and_renewed(site: Site, node: Node) -> None:
    """The stand-ins issue certificates for some seconds while their environment says so."""
    told, unit = site.distribution, site.unit(node)
    dropin = f"/etc/systemd/system/{unit}.d/validity.conf"
    node.write(dropin, f"[Service]\nEnvironment={told.validity}=20s\n")
    node.run(f"systemctl daemon-reload; systemctl stop {unit}; {told.reissue}", timeout=300)
    node.run(f"systemctl start --no-block {unit}")
    wait_for("new certificates", lambda: ends(site, node, 30))
    wait_for("their end", lambda: ends(site, node, 0))
    node.run(f"rm {dropin}; systemctl daemon-reload")
    count, before = starts(node, unit), repeats(node, unit)
    run = site.converge()
    assert run.stats[node.name]["unreachable"] == 0
    assert site.is_ready()
    assert not ends(site, node, 300 * 86400)
    # Who leads loses his lease meanwhile and ends; systemd's start may then renew before a run asks for it.
    own = repeats(node, unit) - before
    assert starts(node, unit) - count - own in ((0, 1) if own else (1,))
    assert site.converge().changed() == []


def test_an_ended_authority_is_named_and_nothing_is_restarted(site: Site, node: Node) -> None:
    """The authority of the API that runs, signed anew by its own key with an end that has passed."""
    authority, kubeconfig = site.distribution.authority, site.distribution.kubeconfig
    kept = [authority, kubeconfig]
    node.run(["mkdir", "/root/kept"])
    node.run(["cp", "-p", "--parents", *kept, "/root/kept"])
    right = node.read(authority).encode()
    ended = ended_authority(right, node.read(authority.replace(".crt", ".key")).encode(), 3)
    before, after = (base64.b64encode(cert).decode() for cert in (right, ended))
    node.write(kubeconfig, node.read(kubeconfig).replace(before, after), 0o600)
    node.write(authority, ended)
    unit = site.unit(node)
    count = starts(node, unit)
    run = site.converge(check=False)
    failure = results(run, node.name)[-1].result["failure"]
    assert failure["kind"] == "certificate"
    assert "authority of this cluster ended 3 days ago" in failure["message"]
    assert site.distribution.name in failure["hint"]
    assert run.stats[node.name]["unreachable"] == 0
    info = site.play("info").of(node.name, action="edge_info")[-1].result["info"]
    assert info["certificates"]["authority_days"] == -3
    assert info["api"]["state"] == "expired"
    assert starts(node, unit) == count
    for path in kept:  # folders above them may be links
        node.run(["cp", "-p", f"/root/kept{path}", path])
    assert site.converge().changed() == []


def ends(site: Site, node: Node, seconds: int) -> bool:
    """Whether the API server's certificate is there and ends within that time."""
    path = site.distribution.certificate
    words = ["openssl", "x509", "-noout", "-checkend", str(seconds), "-in", path]
    return node.exists(path) and node.run(words, check=False).returncode == 1


USED = """
import pathlib, sys, time
root = pathlib.Path("/sys/fs/cgroup")
def spent():
    for name in ("kubepods", "kubepods.slice"):
        for path in (root / "cpuacct" / name, root / "cpu,cpuacct" / name):
            if (path / "cpuacct.usage").exists():
                return int((path / "cpuacct.usage").read_text()) / 1e9
        if (root / name / "cpu.stat").exists():
            return int((root / name / "cpu.stat").read_text().split()[1]) / 1e6
    raise SystemExit("no cgroup of pods")
first, at = spent(), time.monotonic()
time.sleep(float(sys.argv[1]))
print((spent() - first) / (time.monotonic() - at))
"""


def used(node: Node, seconds: float) -> float:
    return float(node.run(["python3", "-c", USED, str(seconds)]).stdout)
