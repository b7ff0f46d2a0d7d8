# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k3s import flags

# The lists of the documentation (docs/cli/server, "Critical Configuration Values", and the tables).
MUST_MATCH = """
    agent-token cluster-cidr cluster-dns cluster-domain disable-cloud-controller
    disable-helm-controller disable-network-policy egress-selector-mode embedded-registry
    flannel-backend flannel-external-ip flannel-ipv6-masq secrets-encryption
    secrets-encryption-provider service-cidr
"""
# The names in the help texts of the documentation: switches, and flags with a value.
SWITCHES = """
    debug alsologtostderr tls-san-security flannel-ipv6-masq flannel-external-ip cluster-init
    cluster-reset etcd-expose-metrics etcd-disable-snapshots etcd-snapshot-compress etcd-s3
    etcd-s3-skip-ssl-verify etcd-s3-insecure disable-scheduler disable-cloud-controller
    disable-kube-proxy disable-network-policy disable-helm-controller embedded-registry
    supervisor-metrics with-node-id docker disable-default-registry-endpoint nonroot-devices
    protect-kernel-defaults secrets-encryption enable-pprof rootless prefer-bundled-bin selinux
"""
WITH_VALUE = """
    config v vmodule log bind-address https-listen-port advertise-address advertise-port tls-san
    data-dir cluster-cidr service-cidr service-node-port-range cluster-dns cluster-domain
    flannel-backend egress-selector-mode servicelb-namespace write-kubeconfig
    write-kubeconfig-mode write-kubeconfig-group helm-job-image token token-file agent-token
    agent-token-file server cluster-reset-restore-path kube-apiserver-arg etcd-arg
    kube-controller-manager-arg kube-scheduler-arg kube-cloud-controller-manager-arg
    datastore-endpoint datastore-cafile datastore-certfile datastore-keyfile etcd-snapshot-name
    etcd-snapshot-schedule-cron etcd-snapshot-retention etcd-snapshot-dir etcd-s3-endpoint
    etcd-s3-endpoint-ca etcd-s3-access-key etcd-s3-secret-key etcd-s3-bucket etcd-s3-region
    etcd-s3-folder etcd-s3-proxy etcd-s3-config-secret etcd-s3-timeout
    default-local-storage-path disable node-name node-label node-taint
    image-credential-provider-bin-dir image-credential-provider-config
    container-runtime-endpoint default-runtime image-service-endpoint pause-image snapshotter
    private-registry system-default-registry node-ip node-external-ip node-internal-dns
    node-external-dns resolv-conf flannel-iface flannel-conf flannel-cni-conf vpn-auth
    vpn-auth-file kubelet-arg kube-proxy-arg lb-server-port secrets-encryption-provider
"""
SERVERS_ALONE = """
    https-listen-port advertise-address tls-san cluster-cidr service-cidr cluster-dns disable
    flannel-backend write-kubeconfig agent-token cluster-init etcd-s3 datastore-endpoint
    secrets-encryption embedded-registry system-default-registry supervisor-metrics
"""
BOTH_ENVIRONMENTS = (
    *("K3S_TOKEN", "K3S_TOKEN_FILE", "K3S_URL", "K3S_NODE_NAME", "K3S_DATA_DIR", "K3S_SELINUX"),
    *("K3S_LB_SERVER_PORT", "K3S_DEBUG", "K3S_CONFIG_FILE", "K3S_VPN_AUTH", "K3S_VPN_AUTH_FILE"),
    "K3S_RESOLV_CONF",
)
SERVER_ENVIRONMENT = (
    *("K3S_DATASTORE_ENDPOINT", "K3S_DATASTORE_CAFILE", "K3S_DATASTORE_CERTFILE"),
    *("K3S_DATASTORE_KEYFILE", "K3S_AGENT_TOKEN", "K3S_AGENT_TOKEN_FILE", "K3S_CLUSTER_INIT"),
    *("K3S_CLUSTER_RESET", "K3S_KUBECONFIG_OUTPUT", "K3S_KUBECONFIG_MODE", "K3S_KUBECONFIG_GROUP"),
    *("K3S_SYSTEM_DEFAULT_REGISTRY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
)


def test_must_match_is_the_documented_list() -> None:
    assert sorted(flag.name for flag in flags.FLAGS if flag.must_match) == sorted(
        MUST_MATCH.split()
    )


@pytest.mark.parametrize("name", SWITCHES.split())
def test_switches(name: str) -> None:
    flag = flags.lookup(name)
    assert flag is not None
    assert flag.kind == "bool"
    assert flag.allows("server")


@pytest.mark.parametrize("name", WITH_VALUE.split())
def test_flags_with_a_value(name: str) -> None:
    flag = flags.lookup(name)
    assert flag is not None
    assert flag.kind != "bool"
    assert flag.allows("server")


def test_nothing_is_accepted_that_the_documentation_lacks() -> None:
    newer = {
        *("etcd-snapshot-reconcile-interval", "etcd-s3-session-token"),
        *("etcd-s3-bucket-lookup-type", "etcd-s3-retention"),
    }
    known = {flag.name for role in ("server", "agent") for flag in flags.for_role(role)}
    documented = {*SWITCHES.split(), *WITH_VALUE.split(), "disable-apiserver-lb"}
    assert known - documented == newer
    assert {flag.name for flag in flags.FLAGS if flag.one_shot} == documented - known


@pytest.mark.parametrize("name", SERVERS_ALONE.split())
def test_flags_that_would_break_an_agent(name: str) -> None:
    flag = flags.lookup(name)
    assert flag is not None
    assert not flag.allows("agent")


def test_names_are_unique() -> None:
    keys = [key for flag in flags.FLAGS for key in (flag.name, flag.short) if key]
    assert len(keys) == len(set(keys))
    variables = [flag.env for flag in flags.FLAGS if flag.env]
    assert len(variables) == len(set(variables))


def test_every_row_is_well_formed() -> None:
    for flag in flags.FLAGS:
        assert flag.kind in ("str", "int", "bool", "dur", "list"), flag.name
        assert flag.roles in (flags.SERVER, flags.AGENT, flags.BOTH), flag.name
        assert flag.kind == "list" or not (flag.splits or flag.ordered), flag.name
        assert flag.kind != "int" or flag.default.isdigit() or flag.hidden, flag.name


@pytest.mark.parametrize("variable", BOTH_ENVIRONMENTS)
def test_environment_of_both_roles(variable: str) -> None:
    assert flags.by_env(variable, "server") is flags.by_env(variable, "agent") is not None


@pytest.mark.parametrize("variable", SERVER_ENVIRONMENT)
def test_environment_of_servers(variable: str) -> None:
    assert flags.by_env(variable, "server") is not None
    assert flags.by_env(variable, "agent") is None


@pytest.mark.parametrize(
    "short, name",
    [
        *(("t", "token"), ("s", "server"), ("d", "data-dir"), ("c", "config"), ("i", "node-ip")),
        *(("o", "write-kubeconfig"), ("l", "log"), ("v", "v")),
    ],
)
def test_short_names(short: str, name: str) -> None:
    assert flags.canonical(short) == name


@given(st.sampled_from(flags.FLAGS))
def test_lookup_finds_every_flag(flag: flags.Flag) -> None:
    assert flags.lookup(flag.name) is flag
    assert flags.canonical(flag.name) == flag.name


def test_what_a_role_may_set() -> None:
    server = {flag.name for flag in flags.for_role("server")}
    agent = {flag.name for flag in flags.for_role("agent")}
    assert agent - server == {"disable-apiserver-lb"}
    assert "cluster-cidr" in server - agent
    assert not {"cluster-reset", "no-deploy", "kine-tls"} & (server | agent)


def test_secrets() -> None:
    assert {flag.name for flag in flags.FLAGS if flag.secret} == {
        *("token", "agent-token", "datastore-endpoint", "vpn-auth", "cluster-secret"),
        *("etcd-s3-access-key", "etcd-s3-secret-key", "etcd-s3-session-token"),
    }


@pytest.mark.parametrize(
    "key, role, name",
    [
        ("flanel-backend", "server", "flannel-backend"),
        ("node_labels", "agent", "node-label"),
        ("cluster-cidrs", "server", "cluster-cidr"),
        ("zzzzzz", "server", ""),
    ],
)
def test_nearest(key: str, role: str, name: str) -> None:
    assert flags.nearest(key, role) == name
