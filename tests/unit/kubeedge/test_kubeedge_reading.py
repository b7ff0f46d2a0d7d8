# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a KubeEdge node and its cluster are read to say."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.door import redact
from ansible_collections.lightk8s.edge.plugins.module_utils._core.places import RECEIPT
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.access import view
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.kubeedge import (
    config,
    health,
    look,
    machine,
    paths,
    tokens,
    unit,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.spec import Spec
from ansible_collections.lightk8s.edge.plugins.module_utils._doors.site_view import judge
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host

from ..kube.authority import Authority
from . import recorded

EDGE = Spec("kubeedge", role="agent")
RUNC = "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]\n"


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(str(tmp_path))


@pytest.mark.parametrize(
    ("text", "driver"),
    [
        ("", "cgroupfs"),
        (recorded.CONTAINERD_CGROUPFS, "cgroupfs"),
        (recorded.CONTAINERD_SYSTEMD, "systemd"),
        (recorded.CONTAINERD_SYSTEMD.replace("= true", "= true  # as the host"), "systemd"),
        # Another runtime's setting is none of the default one's.
        (
            recorded.CONTAINERD_CGROUPFS
            + '[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.kata.options]\n'
            + "SystemdCgroup = true\n",
            "cgroupfs",
        ),
        # containerd 2
        (
            recorded.CONTAINERD_2,
            "systemd",
        ),
        # Written by hand, on one line.
        (f"{RUNC}options = {{ BinaryName = 'runc', SystemdCgroup = true }}\n", "systemd"),
        (f"{RUNC}options.SystemdCgroup = true\n", "systemd"),
        (f"{RUNC}options = {{ SystemdCgroup = false }} # not true\n", "cgroupfs"),
    ],
)
def test_the_cgroup_driver_is_read_from_containerd(text: str, driver: str) -> None:
    assert machine.cgroup_driver(text) == driver


@pytest.mark.parametrize(
    ("text", "enabled"),
    [
        ("", True),
        ('disabled_plugins = ["cri"]\n', False),
        ('disabled_plugins = [\n  "io.containerd.grpc.v1.cri",\n]\n', False),
        ('disabled_plugins = ["io.containerd.internal.v1.opt"]\n', True),
    ],
)
def test_a_cri_plugin_that_is_off_is_seen(text: str, enabled: bool) -> None:
    assert machine.cri_enabled(text) is enabled


def test_a_connection_to_the_cloud_side_is_seen() -> None:
    assert machine.connected(recorded.CONNECTED, 10000)
    assert machine.connected(recorded.CONNECTED, 10002)
    assert not machine.connected(recorded.CONNECTED, 10350)  # listens, and is no connection
    assert not machine.connected("", 10000)


def test_a_port_that_listens_is_seen() -> None:
    assert machine.listens(recorded.CONNECTED, 10350)
    assert not machine.listens(recorded.CONNECTED, 10002)  # a connection to that port elsewhere
    anybody = "   0: " + "0" * 32 + ":2712 " + "0" * 32 + ":0000 0A 00000000:00000000"
    assert machine.listens(anybody, 10002)
    assert not machine.listens("", 10002)


@pytest.mark.parametrize("folder", ["/etc/systemd/system", "/lib/systemd/system"])
def test_a_unit_with_a_kubelet_of_its_own_is_found_without_asking_systemd(
    host: Host, folder: str
) -> None:
    assert machine.look(host)["others"] == []
    host.write(f"{folder}/kubelet.service", b"[Service]\n")
    assert machine.look(host)["others"] == ["kubelet.service"]


def test_a_masked_unit_runs_no_kubelet(host: Host) -> None:
    host.write("/usr/lib/systemd/system/kubelet.service", b"[Service]\n")
    masked = Path(host.path("/etc/systemd/system/kubelet.service"))
    masked.parent.mkdir(parents=True)
    masked.symlink_to("/dev/null")
    assert machine.look(host)["others"] == []


@pytest.mark.parametrize(
    ("endpoint", "servers", "found"),
    [
        ("", (), ("", 10000)),
        ("https://Cloud.example:10900/", (), ("cloud.example", 10900)),
        ("https://cloud.example", ("https://10.0.0.1:6443",), ("cloud.example", 10000)),
        ("", ("https://10.0.0.1:6443",), ("10.0.0.1", 10000)),
        ("", ("https://[fd00::1]:6443",), ("fd00::1", 10000)),
    ],
)
def test_the_cloud_side_s_address_is_that_of_the_input_or_of_a_server(
    endpoint: str, servers: tuple[str, ...], found: tuple[str, int]
) -> None:
    settings = {"api_endpoint": endpoint} if endpoint else {}
    spec = Spec("kubeedge", role="agent", servers=servers, settings=settings)
    assert config.cloud_address(spec) == found


def test_cloudcore_finds_the_cluster_of_its_machine(host: Host) -> None:
    """That of root may lead anywhere, and counts last."""
    assert look.known_kubeconfig(host) == ""
    host.write("/root/.kube/config", b"of another cluster")
    assert look.known_kubeconfig(host) == "/root/.kube/config"
    host.write_json(RECEIPT, {"distribution": "k0s", "role": "server"})
    command = "ExecStart=/usr/local/bin/k0s controller --data-dir=/srv/k0s\n"
    host.write("/etc/systemd/system/k0scontroller.service", f"[Service]\n{command}".encode())
    assert look.known_kubeconfig(host) == "/root/.kube/config"
    host.write("/srv/k0s/pki/admin.conf", b"of this one")
    assert look.known_kubeconfig(host) == "/srv/k0s/pki/admin.conf"
    host.write_json(RECEIPT, {"distribution": "kubeedge", "role": "agent"})
    assert look.known_kubeconfig(host) == "/root/.kube/config"
    host.write("/etc/rancher/k3s/k3s.yaml", b"of K3s")
    assert look.known_kubeconfig(host) == "/etc/rancher/k3s/k3s.yaml"


def test_the_state_of_the_cri_plugin_is_read() -> None:
    assert health.plugin_trouble(recorded.PLUGINS) == ""
    assert "error" in health.plugin_trouble(recorded.PLUGINS_ERROR)
    assert "absent" in health.plugin_trouble("")


def test_the_form_of_a_token_is_known_and_never_shown() -> None:
    assert tokens.looks_right(recorded.TOKEN)
    assert tokens.looks_right(f"{recorded.TOKEN}\n")
    assert not tokens.looks_right("K10" + "a" * 64 + "::server:word")
    line = f"panic: token {recorded.TOKEN} is not for this authority"
    assert "6383d7b1" not in redact(line)
    assert redact("a" * 64 + " a digest alone") == "a" * 64 + " a digest alone"


def test_the_cluster_s_word_on_a_node() -> None:
    node = view(recorded.NODE)
    assert judge(node, "ke-e", "v1.23.1") == ""
    assert "not v1.23.2" in judge(node, "ke-e", "v1.23.2")
    assert "no Node ke-e" in judge(None, "ke-e", "v1.23.1")
    down: dict[str, t.Any] = dict(recorded.NODE["status"])
    down["conditions"] = [{**recorded.STOPPED, "message": recorded.STOPPED_MESSAGE}]
    trouble = judge(view({**recorded.NODE, "status": down}), "ke-e", "v1.23.1")
    assert "container runtime is down" in trouble


def test_a_file_that_others_have_changed_is_stale(host: Host) -> None:
    assert not look.stale(host)
    host.write(paths.EDGE_BASE, b"a: 1\n", 0o600)
    host.write(f"{paths.KUBELET_DROPINS}/60-x.conf", b"b: 2\n")
    host.write(paths.EDGE_CONFIG, unit.composed(b"a: 1\n", [b"b: 2\n"]), 0o600)
    assert not look.stale(host)
    host.chmod(paths.EDGE_CONFIG, 0o644)
    assert look.stale(host)
    host.write(paths.EDGE_CONFIG, b"a: 2\n", 0o600)
    assert look.stale(host)


def test_the_name_of_a_node_is_that_of_its_file(host: Host) -> None:
    host.write(paths.EDGE_BASE, recorded.WORKING.encode(), 0o600)
    document = look.configuration(host, "agent")
    assert look.node_name(EDGE, document, "other") == "ke-g"
    assert look.node_name(Spec("kubeedge"), document, "other") == ""


def test_a_version_is_that_of_the_receipt_or_of_the_file_never_asked_of_the_program(
    host: Host,
) -> None:
    path = "/usr/local/bin/edgecore"
    assert look.installed_version(host, path, {}, {"version": "v1.23.1"}) == ""
    host.write(path, b"#!/bin/sh\nexit 9\n", 0o755)
    digest = host.sha256(path)
    assert (
        look.installed_version(host, path, {}, {"version": "v1.23.1", "sha256": digest})
        == "v1.23.1"
    )
    other = {"version": "v1.23.1", "sha256": "0" * 64}
    assert look.installed_version(host, path, {"edgecoreVersion": "v1.23.2"}, other) == "v1.23.2"


def test_the_end_of_a_certificate_is_seen(host: Host) -> None:
    assert look.certificate_days(host) is None
    host.write(paths.KEY, b"k", 0o600)
    host.write(paths.CERTIFICATE, b"damaged", 0o600)
    assert look.certificate_days(host) == -1


def test_cloudcore_works_with_the_kubeconfig_it_had_before(host: Host) -> None:
    spec = Spec("kubeedge")
    assert look.cluster_kubeconfig(host, spec) == ""
    host.write("/root/.kube/config", b"x")
    assert look.cluster_kubeconfig(host, spec) == "/root/.kube/config"
    host.write("/etc/rancher/k3s/k3s.yaml", b"x")
    assert look.cluster_kubeconfig(host, spec) == "/etc/rancher/k3s/k3s.yaml"
    host.write("/srv/mine", b"x")
    host.write_json("/var/lib/lightk8s/state/guest.json", {"source": "/srv/mine"})
    assert look.cluster_kubeconfig(host, spec) == "/srv/mine"
    named = Spec("kubeedge", settings={"extra_config": {"kubeAPIConfig": {"kubeConfig": "/n"}}})
    assert look.cluster_kubeconfig(host, named) == "/n"


@pytest.mark.parametrize("name", ["shop1-agent1", "0.9-x", "n" * 50])
def test_a_node_that_was_taken_off_and_kept_its_certificate_is_still_known(
    host: Host, name: str
) -> None:
    assert look.certified_name(host) == ""
    host.write(paths.CERTIFICATE, b"damaged", 0o600)
    assert look.certified_name(host) == ""
    issued = Authority("KubeEdge").issue(f"system:node:{name}", "system:nodes").cert
    host.write(paths.CERTIFICATE, issued, 0o600)
    assert look.certified_name(host) == name
    assert look.node_name(EDGE, look.any_configuration(host), "other") == name


def test_whose_certificate_it_is_counts_where_nothing_else_tells(host: Host) -> None:
    issued = Authority("KubeEdge").issue("system:node:shop1-agent1", "system:nodes")
    host.write(paths.CERTIFICATE, issued.cert, 0o600)
    host.write(paths.KEY, issued.key, 0o600)
    assert look.look(host, EDGE, {}).machine["certified"] == "shop1-agent1"
    host.write_json("/var/lib/lightk8s/state/distribution.json", {"role": "agent"})
    assert "certified" not in look.look(host, EDGE, {}).machine
