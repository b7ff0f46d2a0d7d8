# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in of k0s, against what was recorded of the original, and at work on nodes."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from bed import mirror, paths
from bed.fleet import Fleet
from bed.node import Node

from . import k0s_recorded as recorded

VERSION = "v1.34.2+k0s.0"
IMAGES = "/var/lib/k0s/images"


@pytest.fixture(scope="module")
def releases() -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TESTBED_RELEASES", "standin")
        return mirror.ensure(paths.cache_root(), distribution="k0s")


@pytest.fixture(scope="module")
def fleet(make_fleet: Callable[..., Fleet], releases: Path) -> Fleet:
    fleet = make_fleet("one=server; two=server,agent")
    for node in fleet.nodes.values():
        node.put(releases / VERSION / f"k0s-{VERSION}-amd64", "/usr/local/bin/k0s")
        node.run("chmod 755 /usr/local/bin/k0s; mkdir -p /etc/k0s")
    return fleet


def refused(node: Node, command: str) -> str:
    done = node.run(f"k0s {command}", check=False)
    assert done.returncode == 1, command
    return done.stderr.removeprefix("Error: ").strip()


def give_images(node: Node, releases: Path) -> None:
    node.run(f"mkdir -p {IMAGES}")
    bundle = releases / VERSION / f"k0s-airgap-bundle-{VERSION}-amd64"
    node.put(bundle, f"{IMAGES}/bundle.tar")
    node.put(releases.parent / "images" / "probe.tar", f"{IMAGES}/probe.tar")


def until(node: Node, command: str, wanted: str, seconds: float = 90) -> str:
    end = time.monotonic() + seconds
    while True:
        done = node.run(command, check=False)
        if done.returncode == 0 and wanted in done.stdout:
            return done.stdout
        if time.monotonic() > end:
            raise AssertionError(f"{command}: {wanted!r} is not in {done.stdout}{done.stderr}")
        time.sleep(0.5)


def test_releases_are_laid_out_as_on_github(releases: Path) -> None:
    for version, bundle in (
        (VERSION, f"k0s-airgap-bundle-{VERSION}-amd64"),
        ("v1.36.0+k0s.0", "k0s-airgap-bundle-v1.36.0+k0s.0-linux-amd64.tar"),
    ):
        lines = (releases / version / "sha256sums.txt").read_text().splitlines()
        sums = {name: digest for digest, name in (line.split(" *") for line in lines)}
        assert {f"k0s-{version}-amd64", bundle, "airgap-images-list.txt"} == set(sums)
        with (releases / version / bundle).open("rb") as handle:
            assert hashlib.file_digest(handle, "sha256").hexdigest() == sums[bundle]


def test_a_node_without_k0s_answers_as_recorded(fleet: Fleet) -> None:
    node = fleet["one-server1"]
    assert {command: refused(node, command) for command in recorded.BARE} == recorded.BARE
    assert node.run("k0s version").stdout == f"{VERSION}\n"
    assert node.run("k0s airgap list-images").stdout == recorded.IMAGES


def test_configurations_are_judged_as_recorded(fleet: Fleet) -> None:
    node = fleet["one-server1"]
    for text, wanted in recorded.VALIDATED.items():
        node.write("/root/k0s.yaml", text)
        done = node.run("k0s config validate --config /root/k0s.yaml", check=False)
        said = done.stderr.removeprefix("Error: ").strip()
        assert sorted(said.splitlines()) == sorted(wanted.splitlines()), text
        assert done.returncode == (1 if wanted else 0), text


def test_units_are_written_as_recorded_and_not_twice(fleet: Fleet) -> None:
    node = fleet["one-server1"]
    for words, command in recorded.INSTALLED.items():
        role = words.split()[0]
        node.run(f"k0s install {words}")
        unit = node.read(f"/etc/systemd/system/k0s{role}.service")
        assert unit == recorded.UNIT.replace("{command}", command)
        assert refused(node, f"install {words}") == recorded.AGAIN.replace("{role}", role)
    assert refused(node, "stop") == "already stopped"
    node.run("k0s reset")
    assert refused(node, "stop") == "k0s has not been installed as a service"


def test_a_single_node_runs_a_pod_and_leaves_what_the_original_leaves(
    fleet: Fleet, releases: Path
) -> None:
    node = fleet["one-server1"]
    give_images(node, releases)
    node.run("k0s install controller --single --labels tier=edge && k0s start")
    assert refused(node, "start") == "already running"
    until(node, "k0s kubectl get nodes", " Ready ")
    node.run("k0s kubectl run probe --image=docker.io/lightk8s/probe:1 --image-pull-policy=Never")
    until(node, "k0s kubectl get pod probe", "1/1")
    status = json.loads(node.run("k0s status -o json").stdout)
    assert (status["Role"], status["Workloads"], status["SingleNode"]) == ("controller", True, True)
    assert status["ClusterConfig"]["spec"]["storage"]["type"] == "kine"
    assert refused(node, "token create") == (
        "refusing to create token: cannot join into a single node cluster"
    )
    assert refused(node, "etcd member-list") == "wrong storage type: kine"
    assert "running" in refused(node, "reset")
    # the time of the nodes is too short for an API server that others watch
    node.run("mkdir -p /run/systemd/system/k0scontroller.service.d")
    node.write(
        "/run/systemd/system/k0scontroller.service.d/stop.conf", "[Service]\nTimeoutStopSec=90\n"
    )
    node.run("systemctl daemon-reload; k0s stop; k0s reset", timeout=100)
    gone = ["/var/lib/k0s", "/run/k0s", "/etc/systemd/system/k0scontroller.service"]
    kept = ["/etc/k0s/containerd.toml", "/var/log/pods", "/usr/libexec/k0s", "/usr/local/bin/k0s"]
    for path in gone + kept:
        found = node.run(f"test -e {path}", check=False).returncode == 0
        assert found == (path in kept), path
    assert node.run("pgrep -f '/[v]ar/lib/k0s'", check=False).returncode == 1


def test_a_worker_joins_by_a_token_and_not_by_one_that_has_expired(
    fleet: Fleet, releases: Path
) -> None:
    server, agent = fleet["two-server1"], fleet["two-agent1"]
    profile = "[{name: rig, values: {maxPods: 33}}]"
    server.write(
        "/etc/k0s/k0s.yaml", f"spec: {{storage: {{type: kine}}, workerProfiles: {profile}}}\n"
    )
    server.run("k0s install controller --config /etc/k0s/k0s.yaml && k0s start")
    until(server, "k0s status", "Workloads: false")
    assert refused(server, "token create --role controller") == (
        "refusing to create token: cannot join controller into current storage"
    )
    expired = server.run("k0s token create --expiry 1s").stdout
    good = server.run("k0s token create --role worker --expiry 1h").stdout
    give_images(agent, releases)

    agent.write("/etc/k0s/token", expired)
    time.sleep(1.5)
    agent.run("k0s install worker --token-file /etc/k0s/token --profile rig && k0s start")
    until(agent, "journalctl -u k0sworker --no-pager", "has asked for the client to provide")
    assert agent.run("systemctl is-active k0sworker").stdout == "active\n"
    assert refused(agent, "status") == recorded.SOCKET
    agent.run("k0s stop; systemctl reset-failed")

    agent.write("/etc/k0s/token", good)
    agent.run("k0s start")
    until(server, "k0s kubectl get nodes", " Ready ")
    pods = "k0s kubectl get nodes -o jsonpath={.items[0].status.allocatable.pods}"
    assert server.run(pods).stdout == "33"
    until(agent, "k0s status", "Kube-api probing successful: true")
    listed = server.run("k0s token list --role worker").stdout.splitlines()
    assert listed[0].split() == ["ID", "ROLE", "EXPIRES", "AT"]
    for line in listed[1:]:
        name = line.split()[0]
        said = server.run(f"k0s token invalidate {name}").stdout
        assert said == f"token {name} deleted successfully\n"
    assert server.run("k0s token list --role worker").stdout == "No k0s join tokens found\n"
