# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests know of each distribution: versions of the test bed, units, places.

`DISTRIBUTIONS` is what the contract suite goes over.
Written down here a second time, from the distribution's own documentation: the collection's idea of
them is what the tests check.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Distribution:
    """Versions are those of the test bed's mirror; paths are on the node."""

    name: str
    version: str
    rebuilt: str  # the same version in a newer packaging
    newer: str  # the next patch
    next_minor: str
    skipped_minor: str  # in no mirror: refused before anything is fetched
    never_ready: str
    no_start: str
    server_unit: str
    agent_unit: str
    binary: str
    config: str
    config_folder: str
    data: str
    images: str
    kubeconfig: str
    ctr: tuple[str, ...]
    server_only_key: str
    credential: str  # what shows that an agent has once joined
    token: str | None = None  # that a site may be given, where it may be given any
    inputs: Mapping[str, Any] = field(default_factory=dict)  # that every site of it gets
    # Inputs that are refused, with the kind of failure and a word of it.
    wrong: Mapping[str, tuple[dict[str, Any], str, str]] = field(default_factory=dict)
    begun: str = "Starting"  # systemd's first word of a start
    # What faults, air gaps and datastores are told by.
    sums: str = ""  # a release's file of checksums of its programs
    archive: str = ""  # where a release's program lies packed
    coredns: str = ""  # the image of the cluster's DNS
    stores: tuple[str, ...] = ()  # datastores on the node itself
    certificate: str = ""  # that the API server shows
    authority: str = ""  # that has signed it, with its key beside it
    validity: str = ""  # variable by which a stand-in issues certificates for a shorter time
    reissue: str = ""  # makes the stopped service issue that certificate anew at its start
    stamped: bool = True  # whether the kubelet's version bears the distribution's build
    kubelets: Mapping[str, str] = field(default_factory=dict)  # where it is another one altogether
    packages: tuple[str, ...] = ()  # that its nodes must have beforehand
    # What a site needs beside the distribution itself, and is given before a test begins.
    beneath: Distribution | None = None  # whose cluster its server works for
    runtime: bool = False  # whether its agents need a container runtime of the machine's
    lone: str = "server"  # the role of the node that runs the kubelet in the smallest site
    agents_only: tuple[str, ...] = ()  # inputs that are refused on servers, which run no pods
    server_binary: str = ""  # where servers run another program
    pod: Mapping[str, Any] = field(default_factory=dict)  # what a pod's spec needs there
    role_needs: tuple[str, ...] = ("storage_type: sqlite",)  # that one more server is asked with
    joins_running: bool = False  # whether a node runs a cluster of its own until it joins
    snapshots: str = (
        ""  # what shows the data of a removal that keeps them, where they do not stay in place
    )
    living: tuple[str, ...] = ()  # how traces begin that the system itself leaves and takes away
    # Inputs by which a name comes to stand in `config`.
    naming: Callable[[str], dict[str, Any]] = lambda name: {"edge_tls_sans": [name]}
    # With a release's digest, where a command brings it and no transaction of files; in a shell's words.
    program: str = ""
    passing: tuple[str, ...] = ()  # how files begin that other revisions bring and take away

    def kubelet(self, version: str) -> str:
        """What a kubelet of this version reports."""
        if self.kubelets:
            return self.kubelets[version]
        return version if self.stamped else version.partition("+")[0]

    def unit(self, role: str) -> str:
        return self.server_unit if role == "server" else self.agent_unit

    def binary_of(self, role: str) -> str:
        return (self.server_binary if role == "server" else "") or self.binary


K3S = Distribution(
    name="k3s",
    version="v1.34.2+k3s1",
    rebuilt="v1.34.2+k3s2",
    newer="v1.34.3+k3s1",
    next_minor="v1.35.0+k3s1",
    skipped_minor="v1.36.0+k3s1",
    never_ready="v1.34.4+k3s1",
    no_start="v1.34.5+k3s1",
    server_unit="k3s.service",
    agent_unit="k3s-agent.service",
    binary="/usr/local/bin/k3s",
    config="/etc/rancher/k3s/config.yaml",
    config_folder="/etc/rancher/k3s",
    data="/var/lib/rancher/k3s",
    images="/var/lib/rancher/k3s/agent/images",
    kubeconfig="/etc/rancher/k3s/k3s.yaml",
    ctr=("k3s", "ctr"),
    sums="sha256sum-amd64.txt",
    coredns="docker.io/rancher/mirrored-coredns-coredns",
    server_only_key="tls-san-security",
    credential="/var/lib/rancher/k3s/agent",
    stores=("/var/lib/rancher/k3s/server/db/state.db", "/var/lib/rancher/k3s/server/db/etcd"),
    certificate="/var/lib/rancher/k3s/server/tls/serving-kube-apiserver.crt",
    authority="/var/lib/rancher/k3s/server/tls/server-ca.crt",
    validity="K3S_STANDIN_CERT_VALIDITY",
    reissue="k3s certificate rotate",
    token="a-token-of-the-shop",
    wrong={
        "malformed value": (
            {"edge_extra_config": {"https-listen-port": "many"}},
            "spec",
            "https-listen",
        ),
        "a key that has an input": (
            {"edge_extra_config": {"cluster-cidr": "10.9.0.0/16"}},
            "spec",
            "",
        ),
        "a value deep inside": (
            {"edge_extra_config": {"kubelet-arg": ["--max-pods=5"]}},
            "spec",
            "kubelet-arg",
        ),
        "what it cannot do": ({"edge_storage_type": "none"}, "spec", "storage_type"),
        "a version that no mirror has": ({"edge_version": "v1.34.77+k3s1"}, "release", "v1.34.77"),
        "another token": ({"edge_token": "quite-another-token"}, "refused", "token"),
    },
)
K0S = Distribution(
    name="k0s",
    version="v1.34.2+k0s.0",
    rebuilt="v1.34.2+k0s.1",
    newer="v1.34.3+k0s.0",
    next_minor="v1.35.1+k0s.0",
    skipped_minor="v1.37.0+k0s.0",
    never_ready="v1.34.4+k0s.0",
    no_start="v1.34.5+k0s.0",
    server_unit="k0scontroller.service",
    agent_unit="k0sworker.service",
    binary="/usr/local/bin/k0s",
    config="/etc/k0s/k0s.yaml",
    config_folder="/etc/k0s",
    data="/var/lib/k0s",
    images="/var/lib/k0s/images",
    kubeconfig="/var/lib/k0s/pki/admin.conf",
    ctr=("k0s", "ctr"),
    sums="sha256sums.txt",
    coredns="quay.io/k0sproject/coredns",
    server_only_key="enable-metrics-scraper",
    credential="/var/lib/k0s/kubelet.conf",
    stores=("/var/lib/k0s/db/state.db", "/var/lib/k0s/etcd"),
    certificate="/var/lib/k0s/pki/server.crt",
    authority="/var/lib/k0s/pki/ca.crt",
    validity="K0S_STANDIN_CERT_VALIDITY",
    reissue="rm /var/lib/k0s/pki/server.crt",
    # Its default range for services holds the addresses of the test bed's nodes.
    inputs={"edge_service_cidr": ["10.43.0.0/16"]},
    wrong={
        "malformed value": (
            {"edge_extra_config": {"k0s-cloud-provider-port": "many"}},
            "spec",
            "k0s-cloud-provider-port",
        ),
        "a key that has an input": (
            {"edge_extra_config": {"data-dir": "/srv"}},
            "spec",
            "data_dir",
        ),
        "a value deep inside": (
            {"edge_extra_config": {"spec": {"api": {"port": 99999}}}},
            "spec",
            "port",
        ),
        "what it cannot do": ({"edge_network_mode": "flannel"}, "spec", "flannel"),
        "a version that no mirror has": ({"edge_version": "v1.34.77+k0s.0"}, "release", "v1.34.77"),
        "another token": ({"edge_token": "quite-another-token"}, "spec", "edge_token"),
    },
    begun="Started",
    stamped=False,
)


def _external_name(name: str) -> dict[str, Any]:
    flags = {"extraKubeAPIServerArgs": {"--external-hostname": name}}
    return {"edge_extra_config": {"dangerous": True, **flags}}


MICROK8S = Distribution(
    name="microk8s",
    version="v1.34.2+microk8s.8511",
    rebuilt="v1.34.2+microk8s.8594",
    newer="v1.34.3+microk8s.8622",
    next_minor="v1.35.1+microk8s.8701",
    skipped_minor="v1.37.0+microk8s.8999",
    never_ready="v1.34.4+microk8s.8650",
    no_start="v1.34.5+microk8s.8655",
    server_unit="snap.microk8s.daemon-kubelite.service",
    agent_unit="snap.microk8s.daemon-kubelite.service",
    binary="/snap/bin/microk8s",
    config="/var/snap/microk8s/current/args/kube-apiserver",
    config_folder="/var/snap/microk8s/current/args",
    data="/var/snap/microk8s/common",
    images="/var/snap/microk8s/common/etc/sideload",
    kubeconfig="/var/snap/microk8s/current/credentials/client.config",
    ctr=("/snap/bin/microk8s", "ctr"),
    server_only_key="extraKubeAPIServerArgs",
    credential="/var/snap/microk8s/current/var/lock/clustered.lock",
    # Nobody has signed the test bed's snaps.
    inputs={"edge_extra_config": {"dangerous": True}},
    wrong={
        "unknown key": (
            {"edge_extra_config": {"dangerous": True, "no-such-key": 1}},
            "spec",
            "no-such-key",
        ),
        "malformed value": (
            {"edge_extra_config": {"extraKubeletArgs": {"v": "many words"}}},
            "spec",
            "extraKubeletArgs.v",
        ),
        "a key that has an input": (
            {"edge_extra_config": {"extraKubeletArgs": {"--node-ip": "192.0.2.1"}}},
            "spec",
            "node_ip",
        ),
        "a value deep inside": (
            {"edge_extra_config": {"addons": [{"name": "rbac", "disable": True}]}},
            "spec",
            "addons.rbac",
        ),
        "another datastore": ({"edge_storage_type": "etcd"}, "spec", "storage_type"),
        "what it cannot do": ({"edge_network_mode": "flannel"}, "spec", "network_mode"),
        "a version that no mirror has": (
            {"edge_version": "v1.34.77+microk8s.1"},
            "release",
            "v1.34.77",
        ),
        "another token": ({"edge_token": "quite-another-token"}, "spec", "token"),
    },
    begun="Started",
    sums="SHA256SUMS",
    coredns="docker.io/coredns/coredns",
    stores=("/var/snap/microk8s/current/var/kubernetes/backend",),
    certificate="/var/snap/microk8s/current/certs/server.crt",
    authority="/var/snap/microk8s/current/certs/ca.crt",
    validity="MICROK8S_STANDIN_CERT_VALIDITY",
    reissue="MICROK8S_STANDIN_CERT_VALIDITY=20s /snap/bin/microk8s refresh-certs -e server.crt",
    stamped=False,
    packages=("snapd",),
    joins_running=True,
    naming=_external_name,
    program="/var/lib/snapd/snaps/microk8s_$(readlink /snap/microk8s/current).snap",
    passing=(
        "/etc/systemd/system/snap-",
        "/etc/systemd/system/default.target.wants/snap-",
        "/etc/systemd/system/multi-user.target.wants/snap-",
        "/etc/systemd/system/snapd.mounts.target.wants/snap-",
    ),
    snapshots="/var/lib/snapd/snapshots",
    # snapd's own; it starts when it is asked for the first time, and with it come sessions of logind.
    living=(
        *("/snap", "/run/snapd", "/run/user", "/var/lib/snapd/", "/var/snap/"),
        *("/etc/systemd/system/default.target.wants", "/etc/udev/rules.d/70-snap", "/run/mount/"),
        *("/var/tmp/systemd-private", "(sd-pam)", "dbus-daemon", "session-", "snapd", "systemd"),
    ),
)


def _user_of_a_broker(name: str) -> dict[str, Any]:
    """Of an MQTT broker that edgecore is told not to look for."""
    given = {"modules": {"eventBus": {"mqttUsername": name}}}
    return {"edge_extra_config": f"{{{{ {given!r} if edge_role == 'agent' else {{}} }}}}"}


KUBEEDGE = Distribution(
    name="kubeedge",
    version="v1.23.1",
    rebuilt="",
    newer="v1.23.2",
    next_minor="v1.24.0",
    skipped_minor="v1.25.0",
    never_ready="v1.23.3",
    no_start="v1.23.4",
    server_unit="cloudcore.service",
    agent_unit="edgecore.service",
    binary="/usr/local/bin/edgecore",
    server_binary="/usr/local/bin/cloudcore",
    config="/etc/kubeedge/config/edgecore.base.yaml",
    config_folder="/etc/kubeedge/config",
    data="/var/lib/kubeedge",
    images="",
    kubeconfig="",
    ctr=("ctr", "-n", "k8s.io"),
    server_only_key="kubeAPIConfig",
    credential="/etc/kubeedge/certs/server.crt",
    stores=("/var/lib/kubeedge/edgecore.db",),
    kubelets={
        "v1.23.1": "v1.32.10-kubeedge-v1.23.1",
        "v1.23.2": "v1.32.10-kubeedge-v1.23.2",
        "v1.24.0": "v1.33.8-kubeedge-v1.24.0",
    },
    naming=_user_of_a_broker,
    archive="kubeedge-*.tar.gz",
    beneath=K3S,
    runtime=True,
    lone="agent",
    agents_only=(
        *("edge_node_name", "edge_labels", "edge_taints", "edge_max_memory_mb", "edge_max_pods"),
        *("edge_max_cpu_percent", "edge_reserved_memory_mb", "edge_ephemeral_storage_mb"),
        *("edge_cpu_manager_policy", "edge_service_memory_mb"),
        *("edge_max_log_files", "edge_max_log_size_mb"),
    ),
    # With a reserve our thresholds of eviction count: the machine's disk may be fuller than KubeEdge's bear.
    inputs={"edge_reserved_memory_mb": 64},
    role_needs=(),
    # A pod with a token does not start again while its node is cut off.
    pod={"automountServiceAccountToken": False},
    wrong={
        "malformed range": ({"edge_cluster_cidr": ["10.42.0.0/99"]}, "spec", "cluster_cidr"),
        "another range for pods": (
            {"edge_cluster_cidr": ["10.99.128.0/17"]},
            "spec",
            "cluster_cidr",
        ),
        "another datastore": ({"edge_storage_type": "etcd"}, "spec", "storage_type"),
        "registries that nothing can read": (
            {"edge_registries": {"mirrors": {"docker.io": {"endpoint": ["https://a"]}}}},
            "spec",
            "registries",
        ),
        "malformed value": (
            {"edge_extra_config": {"modules": {"edgeHub": {"heartbeat": "often"}}}},
            "spec",
            "heartbeat",
        ),
        "a key that has an input": (
            {"edge_extra_config": {"modules": {"edged": {"nodeIP": "192.0.2.1"}}}},
            "spec",
            "node_ip",
        ),
        "a value deep inside": (
            {"edge_extra_config": {"modules": {"edgeHub": {"websocket": {"enable": False}}}}},
            "spec",
            "websocket",
        ),
        "what it cannot do": ({"edge_network_mode": "flannel"}, "spec", "network_mode"),
        "a version that no mirror has": ({"edge_version": "v1.23.77"}, "release", "v1.23.77"),
        "another token": ({"edge_token": "quite-another-token"}, "spec", "token"),
    },
    # containerd is the machine's own, and keeps the images and the network that it was given.
    living=("/var/lib/containerd/", "/run/containerd/"),
)
DISTRIBUTIONS = (K3S, K0S, MICROK8S, KUBEEDGE)
