# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in of MicroK8s, installed by a real snapd on nodes, against what the original's source says."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from bed import mirror, paths
from bed.fleet import Fleet
from bed.node import Node

pytestmark = pytest.mark.slow
VERSION = "v1.34.2+microk8s.8511"
CONFIG = "/var/snap/microk8s/common/.microk8s.yaml"
DATA = "/var/snap/microk8s/current"
SIDELOAD = "/var/snap/microk8s/common/etc/sideload"
KUBELITE = "snap.microk8s.daemon-kubelite.service"


@pytest.fixture(scope="module")
def releases() -> Path:
    return mirror.ensure(paths.cache_root(), distribution="microk8s")


@pytest.fixture(scope="module")
def fleet(make_fleet: Callable[..., Fleet], releases: Path) -> Fleet:
    fleet = make_fleet("one=server,server", packages=("snapd",))
    for node in fleet.nodes.values():
        for name in ("snapd_24792", "core22_2045"):
            node.put(releases / VERSION / f"{name}.snap", f"/root/{name}.snap")
            node.run(f"snap install --dangerous /root/{name}.snap")
        give(node, releases, VERSION)
    return fleet


def give(node: Node, releases: Path, version: str) -> str:
    path = f"/root/microk8s_{version.rpartition('.')[2]}.snap"
    if not node.exists(path):
        node.put(releases / version / Path(path).name, path)
    return path


def install(node: Node, releases: Path, version: str = VERSION) -> None:
    node.run(f"snap install --classic --dangerous {give(node, releases, version)}", timeout=300)


def microk8s(node: Node, words: str, code: int = 0) -> str:
    """What a command says, on both streams; it must end with this code."""
    done = node.run(f"/snap/bin/microk8s {words} 2>&1", check=False, timeout=300)
    assert done.returncode == code, f"{words}: {done.stdout}"
    return done.stdout


def ready(node: Node) -> None:
    microk8s(node, "status --wait-ready --timeout 180")


def until(node: Node, command: str, wanted: str, seconds: float = 120) -> str:
    end = time.monotonic() + seconds
    while True:
        done = node.run(command, check=False)
        if done.returncode == 0 and wanted in done.stdout:
            return done.stdout
        if time.monotonic() > end:
            raise AssertionError(f"{command}: {wanted!r} is not in {done.stdout}{done.stderr}")
        time.sleep(0.5)


def members(node: Node) -> dict[str, str]:
    status = yaml.safe_load(microk8s(node, "status --format yaml"))
    return {m["address"]: m["role"] for m in status["high-availability"]["nodes"]}


def token(node: Node, options: str = "") -> str:
    answer = json.loads(microk8s(node, f"add-node --format json {options}"))
    url = str(answer["urls"][0])
    assert url == f"{node.ip}:25000/{answer['token']}"
    return url


def test_releases_are_what_snap_download_leaves(releases: Path) -> None:
    channels = json.loads((releases / "channels").read_text())["data"]
    assert {"1.34/stable": VERSION}.items() <= {c["name"]: c["latest"] for c in channels}.items()
    lines = (releases / VERSION / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, name in (line.split("  ") for line in lines)}
    snaps = ("microk8s_8511", "core22_2045", "snapd_24792")
    names = {f"{snap}.{end}" for snap in snaps for end in ("snap", "assert")}
    assert set(sums) == {*names, "microk8s-images-amd64.tar"}
    with (releases / VERSION / "microk8s_8511.snap").open("rb") as handle:
        assert hashlib.file_digest(handle, "sha256").hexdigest() == sums["microk8s_8511.snap"]


def test_snapd_refuses_wrong_assertions_and_snaps_without_any(fleet: Fleet, releases: Path) -> None:
    node = fleet["one-server1"]
    node.put(releases / VERSION / "microk8s_8511.assert", "/root/microk8s_8511.assert")
    acked = node.run("snap ack /root/microk8s_8511.assert", check=False)
    assert acked.returncode == 1
    assert "cannot resolve prerequisite assertion" in acked.stderr
    found = node.run("snap install --classic /root/microk8s_8511.snap", check=False)
    assert (found.returncode, found.stderr.split(" for snap")[0]) == (
        1,
        "error: cannot find signatures with metadata",
    )
    hold = node.run("snap refresh --hold microk8s", check=False)
    assert (hold.returncode, hold.stderr) == (64, "error: unknown flag `hold'\n")
    node.run("snap set system refresh.hold=2099-01-01T00:00:00Z")
    assert "hold:" in node.run("snap refresh --time").stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: 9.0.0\n", "the maximum version supported is 0.2.0"),
        ("extraKubeletArgs: {--v: '1'}\n", "could not parse config file version"),
        ("version: 0.2.0\naddons: 7\n", "could not parse configuration"),
        ("version: 0.2.0\nextraCNIEnv: {CNI: none}\n", "CNI must be set to"),
    ],
)
def test_a_bad_launch_configuration_fails_the_installation(
    fleet: Fleet, text: str, said: str
) -> None:
    node = fleet["one-server1"]
    node.run("mkdir -p /var/snap/microk8s/common")
    node.write(CONFIG, text)
    command = "snap install --classic --dangerous /root/microk8s_8511.snap"
    done = node.run(command, check=False, timeout=300)
    assert done.returncode == 1
    assert said in done.stderr
    assert "microk8s" not in node.run("snap list").stdout
    node.run(f"rm -f {CONFIG}")


def test_a_single_node_takes_its_configuration_and_runs_a_pod(fleet: Fleet, releases: Path) -> None:
    node = fleet["one-server1"]
    given = "version: 0.2.0\nunheardOf: 1\nextraKubeletArgs: {--max-pods: '42'}\naddons: [{name: dns}]\n"
    node.run(f"mkdir -p {Path(CONFIG).parent}/sideload")
    node.write(CONFIG, given)
    images = releases.parent / "images" / "probe.tar"
    node.put(images, "/var/snap/microk8s/common/sideload/probe.tar")
    install(node, releases)
    ready(node)
    node.run(f"rm -f {CONFIG}")
    until(node, f"ls {SIDELOAD}", "probe.tar.loaded")
    until(node, "ls /var/snap/microk8s/common/etc/launcher", "install.yaml.applied")
    assert "--max-pods=42" in node.read(f"{DATA}/args/kubelet").splitlines()
    assert microk8s(node, "version") == "MicroK8s v1.34.2 revision x1\n"
    status = yaml.safe_load(microk8s(node, "status --format yaml"))
    assert (status["microk8s"]["running"], members(node)) == (True, {"127.0.0.1:19001": "voter"})
    enabled = {a["name"] for a in status["addons"] if a["status"] == "enabled"}
    assert enabled == {"dns", "ha-cluster"}
    assert microk8s(node, "status -a dns") == "enabled\n"
    node.put(releases / VERSION / "microk8s-images-amd64.tar", f"{SIDELOAD}/own.tar")
    until(node, f"ls {SIDELOAD}", "own.tar.loaded")
    node.run(
        "/snap/bin/microk8s kubectl run probe --image=docker.io/lightk8s/probe:1"
        " --image-pull-policy=Never"
    )
    until(node, "/snap/bin/microk8s kubectl get pod probe", "1/1")


def test_everybody_may_do_everything_until_rbac_is_enabled(fleet: Fleet) -> None:
    node = fleet["one-server1"]
    asked = "kubectl auth can-i delete nodes --as nobody"
    assert "yes" in microk8s(node, asked)
    assert "RBAC is enabled" in microk8s(node, "enable rbac")
    ready(node)
    assert "--authorization-mode=RBAC,Node" in node.read(f"{DATA}/args/kube-apiserver")
    assert "no" in microk8s(node, asked, 1)
    assert "already enabled" in microk8s(node, "enable core/rbac")
    assert "was not found in any repository" in microk8s(node, "enable nonsense", 1)


def test_flags_are_read_at_the_start_and_a_wrong_one_is_a_crash_loop(fleet: Fleet) -> None:
    node = fleet["one-server1"]
    kept = node.read(f"{DATA}/args/kubelet")
    node.write(f"{DATA}/args/kubelet", f"{kept}--nonsense=1\n")
    node.run("snap restart microk8s.daemon-kubelite", check=False)
    until(node, f"systemctl show -P NRestarts {KUBELITE} | grep -c -v '^0$'", "1")
    node.write(f"{DATA}/args/kubelet", kept.replace("--max-pods=42", "--max-pods=43"))
    node.run("snap restart microk8s.daemon-kubelite")
    pods = "/snap/bin/microk8s kubectl get nodes -o jsonpath={.items[0].status.allocatable.pods}"
    until(node, pods, "43")


def test_a_node_that_is_stopped_or_killed_comes_back(fleet: Fleet) -> None:
    node = fleet["one-server1"]
    microk8s(node, "stop")
    assert microk8s(node, "status") == "microk8s is not running, try microk8s start\n"
    assert "not running" in microk8s(node, "kubectl get nodes", 1)
    microk8s(node, "start")
    ready(node)
    node.run(f"systemctl kill --signal=SIGKILL {KUBELITE}")
    until(node, f"systemctl show -P NRestarts {KUBELITE}", "1")
    ready(node)
    node.kill()
    node.start()
    ready(node)
    until(node, "/snap/bin/microk8s kubectl get pod probe", "1/1")


def test_a_worker_joins_by_a_token_that_is_good_and_leaves(fleet: Fleet, releases: Path) -> None:
    first, other = fleet["one-server1"], fleet["one-server2"]
    install(other, releases)
    ready(other)
    url = token(first)
    host, secret, check = url.split("/")
    assert "Invalid connection" in microk8s(other, f"join {host}", 1)
    wrong = "f" * len(check)
    assert "Could not verify" in microk8s(other, f"join {host}/{secret}/{wrong} --worker", 4)
    assert "Invalid token (500)" in microk8s(other, f"join {host}/{'0' * 32}/{check}", 6)
    assert "has the same IP" in microk8s(first, f"join {token(first)}", 6)
    short = token(first, "--token-ttl 0")
    assert "Invalid token (500)" in microk8s(other, f"join {short} --worker", 6)
    assert "Successfully joined" in microk8s(other, f"join {url} --worker")
    until(first, f"/snap/bin/microk8s kubectl get node {other.name}", " Ready ")
    assert "Invalid token (500)" in microk8s(other, f"join {url} --worker", 6)
    said = microk8s(other, "status")
    assert said.startswith("This MicroK8s deployment is acting as a node in a cluster.")
    first.run("/snap/bin/microk8s kubectl delete pod probe --wait=false")
    assert "Generating new cluster certificates" in microk8s(other, "leave")
    ready(other)
    microk8s(first, f"remove-node {other.name}")
    assert other.name not in microk8s(first, "kubectl get nodes")
    assert other.name in microk8s(other, "kubectl get nodes")


def test_a_control_plane_node_joins_and_only_the_first_holds_the_data(fleet: Fleet) -> None:
    first, other = fleet["one-server1"], fleet["one-server2"]
    microk8s(other, f"join {token(first, '--token-ttl 600')}")
    until(other, f"/snap/bin/microk8s kubectl get node {other.name}", " Ready ")
    assert members(other) == {f"{first.ip}:19001": "voter", f"{other.ip}:19001": "spare"}
    assert "--authorization-mode=RBAC,Node" in other.read(f"{DATA}/args/kube-apiserver")
    assert "only copy" in microk8s(first, "leave", 3)
    assert "Removal failed" in microk8s(first, f"remove-node {other.name}", 1)
    microk8s(other, "leave")
    microk8s(first, f"remove-node {other.name}")
    assert members(first) == {f"{first.ip}:19001": "voter"}


def test_a_refresh_keeps_the_data_and_can_be_reverted(fleet: Fleet, releases: Path) -> None:
    node = fleet["one-server1"]
    node.run("/snap/bin/microk8s kubectl create configmap kept --from-literal=a=b")
    install(node, releases, "v1.35.1+microk8s.8701")
    until(node, "/snap/bin/microk8s kubectl get nodes", "v1.35.1")
    ready(node)
    microk8s(node, "kubectl get configmap kept")
    install(node, releases, "v1.34.4+microk8s.8650")
    until(node, "/snap/bin/microk8s kubectl get nodes", " NotReady ")
    node.run("snap revert microk8s", timeout=300)
    until(node, "/snap/bin/microk8s kubectl get nodes", " Ready ")
    assert "v1.35.1" in node.run("snap list microk8s").stdout
    install(node, releases, "v1.34.5+microk8s.8655")
    until(node, f"journalctl --no-pager -u {KUBELITE}", "this build is broken")
    assert "is not running" in microk8s(node, "status --wait-ready --timeout 1", 1)


def test_removal_leaves_nothing(fleet: Fleet) -> None:
    node = fleet["one-server1"]
    node.run("snap remove --purge microk8s", timeout=300)
    for path in ("/var/snap/microk8s", "/snap/microk8s", "/var/lib/kubelet", "/etc/cni/net.d"):
        assert not node.exists(path), path
    assert node.run("pgrep -f '/snap/[m]icrok8s'", check=False).returncode == 1
    assert "microk8s" not in node.read("/proc/mounts")
    assert "vxlan.calico" not in node.run("ip -br link").stdout
