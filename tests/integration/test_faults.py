# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Controllers that die, disks that are full, pods without limits: a rerun always ends well."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from bed.fleet import Fleet
from bed.node import Node

from ..unit.kube.authority import ended_authority
from . import faults_node as faults
from .ha_site import Controller, messages, ready, started, starts, until

NAME = "shop-server1"


@pytest.fixture(scope="module")
def fleet(make_fleet: Callable[..., Fleet]) -> Fleet:
    return make_fleet("shop=server:disk=2g")


@pytest.fixture(scope="module")
def node(fleet: Fleet) -> Node:
    return fleet[NAME]


@pytest.fixture(scope="module")
def site(
    fleet: Fleet, release_mirror: Path, tmp_path_factory: pytest.TempPathFactory
) -> Controller:
    return Controller(fleet, release_mirror, tmp_path_factory.mktemp("cache"))


def test_a_full_disk_is_said_and_harms_nothing(site: Controller, node: Node) -> None:
    free = node.run("df -B1M --output=avail /var | tail -1").stdout.strip()
    node.run(f"fallocate -l {int(free) - 60}M /var/filler")
    run = site.converge(check=False)
    said = messages(run)
    assert run.code
    assert "room" in said or "space" in said
    assert NAME in said or "/var/lib/lightk8s" in said
    assert not node.exists("/usr/local/bin/k3s")
    node.run("rm /var/filler")


@pytest.mark.parametrize("moment", [faults.transferring, faults.waiting], ids=lambda m: m.__name__)
def test_a_rerun_ends_what_a_killed_controller_began(
    site: Controller, node: Node, moment: faults.Moment
) -> None:
    """Once with workers that outlive ansible-playbook for their task, once with all dead at once."""
    site.inputs["edge_tls_sans"] = [f"{moment.__name__}.example"]
    run = site.start()
    faults.at(moment, node, run)
    if moment is faults.transferring:
        run.process.kill()
        run.process.wait()
    else:
        run.kill()
    site.converge()
    assert f"{moment.__name__}.example" in node.read("/etc/rancher/k3s/config.yaml")
    assert ready(node) == {NAME: True}
    assert faults.ours(node) == []
    assert site.converge().changed() == []


def test_a_run_killed_before_the_restart_is_completed_with_one(
    site: Controller, node: Node
) -> None:
    count, before = starts(node), started(node)
    faults.end_at_restart(node)
    site.inputs["edge_tls_sans"] = ["shop.example"]
    assert site.converge(check=False).code
    assert "shop.example" in node.read("/etc/rancher/k3s/config.yaml")
    assert node.exists(f"/{faults.JOURNAL}")
    assert started(node) == before
    run = site.converge()
    assert "cut off" in str([task.result.get("warnings") for task in run.of(NAME)])
    assert starts(node) == count + 1
    assert faults.ours(node) == []
    assert site.converge().changed() == []


def test_a_pod_without_limits_stays_under_the_cap(
    site: Controller, node: Node, release_mirror: Path
) -> None:
    node.put(
        release_mirror.parent / "images" / "probe.tar",
        "/var/lib/rancher/k3s/agent/images/probe.tar",
    )
    site.inputs["edge_max_cpu_percent"] = 20
    site.converge()
    burner = ("run", "burner", "--image=docker.io/lightk8s/probe:1", "--image-pull-policy=Never")
    node.kubectl(*burner, "--", "/probe", "-listen", "", "-burn", "4")
    until("the burner", lambda: phase(node, "burner") == "Running")
    share = until("figures", lambda: used(node, 10))
    cap = 0.2 * int(node.run(["nproc"]).stdout)
    assert 0 < share < cap * 1.15
    node.kubectl("delete", "pod", "burner", "--grace-period=0", "--force")


def test_expired_certificates_are_recognised_and_renewed(site: Controller, node: Node) -> None:
    """The stand-in issues certificates for some seconds while its environment says so."""
    dropin = "/etc/systemd/system/k3s.service.d/validity.conf"
    node.write(dropin, "[Service]\nEnvironment=K3S_STANDIN_CERT_VALIDITY=20s\n")
    node.run("systemctl daemon-reload; systemctl stop k3s; k3s certificate rotate", timeout=300)
    node.run("systemctl start --no-block k3s")
    until("new certificates", lambda: node.exists(CERTIFICATE) and not lasts(node, 30))
    until("their end", lambda: not lasts(node, 0))
    node.run(f"rm {dropin}; systemctl daemon-reload")
    count = starts(node)
    run = site.converge()
    assert run.stats[NAME]["unreachable"] == 0
    assert ready(node) == {NAME: True}
    assert lasts(node, 300 * 86400)
    assert starts(node) == count + 1
    assert site.converge().changed() == []


def test_an_ended_authority_is_named_and_nothing_is_restarted(site: Controller, node: Node) -> None:
    """The authority of the API that runs, signed anew by its own key with an end that has passed."""
    kept = [AUTHORITY, KUBECONFIG]
    node.run(["cp", "-p", "--parents", *kept, "/root"])
    right = node.read(AUTHORITY).encode()
    ended = ended_authority(right, node.read(AUTHORITY.replace(".crt", ".key")).encode(), 3)
    before, after = (base64.b64encode(cert).decode() for cert in (right, ended))
    node.write(KUBECONFIG, node.read(KUBECONFIG).replace(before, after), 0o600)
    node.write(AUTHORITY, ended)
    count = starts(node)
    run = site.converge(check=False)
    failure = run.of(NAME, action="edge_site")[-1].result["failure"]
    assert failure["kind"] == "certificate"
    assert "authority of this cluster ended 3 days ago" in failure["message"]
    assert "k3s certificate rotate-ca" in failure["hint"]
    assert run.stats[NAME]["unreachable"] == 0
    info = site.play("info").of(NAME, action="edge_info")[-1].result["info"]
    assert info["certificates"]["authority_days"] == -3
    assert info["api"]["state"] == "expired"
    assert starts(node) == count
    node.run("cp -a /root/etc /root/var /")
    assert site.converge().changed() == []


AUTHORITY = "/var/lib/rancher/k3s/server/tls/server-ca.crt"
KUBECONFIG = "/etc/rancher/k3s/k3s.yaml"
CERTIFICATE = "/var/lib/rancher/k3s/server/tls/serving-kube-apiserver.crt"


def lasts(node: Node, seconds: int) -> bool:
    """Whether the API server's certificate is still good after that time."""
    words = ["openssl", "x509", "-noout", "-checkend", str(seconds), "-in", CERTIFICATE]
    return node.run(words, check=False).returncode == 0


def phase(node: Node, pod: str) -> str:
    return node.kubectl("get", "pod", pod, "-o", "jsonpath={.status.phase}", check=False).stdout


# Processors that all pods used together over some seconds, by the cgroup's own count.
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
