# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._core.versions import parse
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k3s import flags
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k3s.checks import (
    check_extra_config,
    check_values,
)

GOOD: dict[str, object] = {
    "bool": True,
    "int": 5,
    "str": "text",
    "dur": "5m0s",
    "list": ["a=b"],
}


@given(st.sampled_from(flags.FLAGS), st.sampled_from(["server", "agent"]))
def test_a_flag_passes_only_where_it_is_free(flag: flags.Flag, role: str) -> None:
    free = flag in flags.for_role(role) and not flag.managed_by and flag.name != "config"
    found = check_extra_config(role, {flag.name: GOOD[flag.kind]})
    assert (found == []) is free
    assert all(problem.key == flag.name and problem.message for problem in found)


@given(st.sampled_from([flag for flag in flags.FLAGS if flag.managed_by]))
def test_a_managed_flag_names_its_input(flag: flags.Flag) -> None:
    (problem,) = check_extra_config("server", {flag.name: GOOD[flag.kind]})
    assert flag.managed_by in problem.remedy


@pytest.mark.parametrize(
    "role, mapping, word",
    [
        ("server", {"flanel-iface": "eth1"}, "did you mean flannel-iface?"),
        ("agent", {"kubelet-args": ["a=b"]}, "did you mean kubelet-arg?"),
        ("server", {"kubelet-arg+": ["a=b"]}, "give the whole list as kubelet-arg"),
        ("server", {"zzz": 1}, "is not a documented flag of k3s server"),
        ("agent", {"etcd-expose-metrics": True}, "servers only"),
        ("server", {"disable-apiserver-lb": True}, "agents only"),
        ("server", {"cluster-reset": True}, "one start"),
        ("server", {"config": "/x"}, "no effect"),
        ("server", {"t": "secret"}, "use token"),
        ("server", {"no-deploy": ["traefik"]}, "use disable"),
        ("server", {"disable-agent": True}, "not supported here"),
        ("server", {"etcd-expose-metrics": "maybe"}, "true or false"),
        ("server", {"etcd-expose-metrics": 1}, "true or false"),
        ("server", {"etcd-expose-metrics": None}, "true or false"),
        ("server", {"etcd-snapshot-retention": "five"}, "whole number"),
        ("server", {"etcd-snapshot-retention": True}, "whole number"),
        ("server", {"etcd-snapshot-retention": 5.0}, "whole number"),
        ("server", {"kubelet-arg": {"max-pods": 5}}, "list of texts"),
        ("server", {"kubelet-arg": [{"max-pods": 5}]}, "list of texts"),
        ("server", {"kubelet-arg": [5]}, "list of texts"),
        ("server", {"snapshotter": ["native"]}, "one value"),
        ("server", {"snapshotter": {"a": 1}}, "one value"),
        ("server", {"servicelb-namespace": 12}, "quote it"),
        ("server", {"snapshotter": None}, "quote it"),
        ("server", {"snapshotter": ""}, "quote it"),
        ("server", {"snapshotter": "native\ntoken: x"}, "control character"),
        ("server", {"kubelet-arg": ["a=b\n"]}, "control character"),
        ("server", {"v": 2, "vmodule": "a=1", "l": "/x", "log": "/y"}, "same flag as l"),
    ],
)
def test_extra_keys_are_refused(role: str, mapping: dict[str, object], word: str) -> None:
    (problem,) = check_extra_config(role, mapping)
    assert word in str(problem)


def test_good_extra_keys() -> None:
    mapping = {
        "kubelet-arg": "v=2",
        "etcd-snapshot-retention": "7",
        "etcd-expose-metrics": "true",
        "v": 2,
        "etcd-s3-secret-key": "x",
    }
    assert check_extra_config("server", mapping) == []


def test_a_flag_that_came_later() -> None:
    mapping = {"etcd-s3-bucket-lookup-type": "dns"}
    (problem,) = check_extra_config("server", mapping, parse("v1.32.4+k3s1"))
    assert "v1.33" in problem.message
    assert check_extra_config("server", mapping, parse("v1.34.2+k3s1")) == []


def test_no_value_of_an_extra_key_is_shown() -> None:
    found = check_extra_config("server", {"token": "hunter2", "nonsense": "hunter2"})
    assert len(found) == 2
    assert "hunter2" not in " ".join(map(str, found))


GOOD_VALUES: dict[str, object] = {
    "cluster-cidr": ["10.42.0.0/16", "fd00:42::/56"],
    "service-cidr": "10.43.0.0/16,fd00:43::/112",
    "cluster-dns": ["10.43.0.10", "fd00:43::a"],
    "node-ip": ["192.168.1.10", "fd00:1::10"],
    "advertise-address": "192.168.1.10",
    "flannel-backend": "wireguard-native",
    "egress-selector-mode": "disabled",
    "disable": ["traefik", "servicelb", "local-storage", "metrics-server", "coredns"],
    "node-label": ["a/b=c", "node.kubernetes.io/zone=x", "topology.kubernetes.io/zone=z", "e="],
    "node-taint": ["k=v:NoSchedule", "a.b/k:NoExecute", "k:PreferNoSchedule"],
    "node-name": "edge-1.lan",
    "cluster-domain": "edge.lan",
    "tls-san": ["10.0.0.1", "k3s.lan", "fd00::1"],
    "server": "https://[fd00::1]:6443",
    "datastore-endpoint": "mysql://u:p@tcp(h:3306)/k3s",
    "write-kubeconfig-mode": "0640",
    "service-node-port-range": "30000-31000",
    "https-listen-port": "6443",
    "advertise-port": "0",
    "data-dir": "/data/k3s",
    "etcd-s3-timeout": "1h5m0.5s",
    "etcd-snapshot-schedule-cron": "0 */6 * * *",
    "kubelet-arg": ["max-pods=10", "feature-gates=A=true,B=false", "fail-swap-on"],
}


def test_good_values_pass() -> None:
    assert check_values("server", GOOD_VALUES) == []
    assert check_values("server", {}) == []
    assert check_values("agent", {}) == []


@pytest.mark.parametrize(
    "key, value, word",
    [
        ("flannel-backend", "vlxan", "vxlan, host-gw"),
        ("flannel-backend", "wireguard", "wireguard-native"),
        ("egress-selector-mode", "none", "disabled"),
        ("disable", ["treafik"], "not a packaged component"),
        ("node-label", ["kubernetes.io/role=x"], "would not start"),
        ("node-label", ["node-role.kubernetes.io/edge=true"], "set it with kubectl label"),
        ("node-label", ["x.k8s.io/a=b"], "would not start"),
        ("node-label", ["a"], "not key=value"),
        ("node-label", ["a=b c"], "label value"),
        ("node-taint", ["a=:NoSchedule"], "empty value"),
        ("node-label", ["-a=b"], "label key"),
        ("node-label", ["A_/x=b"], "DNS name"),
        ("node-label", ["a=" + "x" * 64], "label value"),
        ("node-taint", ["k=v:NoScheduling"], "does not end in"),
        ("node-taint", ["k=v"], "does not end in"),
        ("node-taint", [":NoSchedule"], "does not end in"),
        ("node-taint", ["k=b c:NoSchedule"], "taint value"),
        ("node-name", "Edge1", "RFC 1123"),
        ("node-name", "edge_1", "RFC 1123"),
        ("node-name", "a" * 64, "RFC 1123"),
        ("node-name", "edge-", "RFC 1123"),
        ("cluster-domain", "edge_lan", "DNS name"),
        ("tls-san", ["https://x"], "neither an IP"),
        ("server", "http://10.0.0.1:6443", "https://"),
        ("server", "https://10.0.0.1:6443/path", "https://"),
        ("server", "https://user:pw@10.0.0.1:6443", "https://"),
        ("server", "https://10.0.0.1:port", "https://"),
        ("datastore-endpoint", "mysq://u:hunter2@h/d", "must start with"),
        ("write-kubeconfig-mode", "420x", "octal"),
        ("write-kubeconfig-mode", "0888", "octal"),
        ("service-node-port-range", "32767-30000", "range"),
        ("service-node-port-range", "30000", "range"),
        ("service-node-port-range", "0-99999", "range"),
        ("https-listen-port", "0", "port"),
        ("https-listen-port", "65536", "port"),
        ("data-dir", "relative", "absolute"),
        ("etcd-s3-timeout", "5 minutes", "duration"),
        ("etcd-s3-timeout", "5", "duration"),
        ("etcd-snapshot-schedule-cron", "hourly", "cron"),
        ("kubelet-arg", ["--max-pods=10"], "without leading dashes"),
        ("kubelet-arg", ["max pods=10"], "name=value"),
        ("secrets-encryption-provider", "aes", "aescbc"),
        ("node-ip", ["eth0"], "not an IP"),
        ("cluster-cidr", ["10.42.0.0"], "address range"),
        ("cluster-cidr", ["10.42.0.0/33"], "address range"),
        ("cluster-cidr", ["10.42.0.0/16", "10.44.0.0/16"], "same IP family"),
        ("cluster-cidr", ["10.43.0.0/17"], "overlaps"),
        ("cluster-cidr", ["10.42.0.0/25"], "/24"),
        ("cluster-cidr", ["64.0.0.0/7"], "between /8 and /24"),
        ("service-cidr", ["10.43.0.0/16", "fd00:43::/112"], "set cluster_cidr too"),
        ("cluster-dns", ["10.42.0.10"], "outside the services"),
        ("node-ip", ["10.42.7.1"], "lies in the range 10.42.0.0/16"),
        ("node-ip", ["10.43.0.1"], "lies in the range 10.43.0.0/16"),
        ("advertise-address", "fd00:1::1", "IP family"),
    ],
)
def test_bad_values_are_refused(key: str, value: object, word: str) -> None:
    (problem,) = check_values("server", {key: value})
    assert word in str(problem)
    assert "hunter2" not in str(problem)


@pytest.mark.parametrize(
    "config, word",
    [
        ({"cluster-init": True, "datastore-endpoint": "mysql://x"}, "excludes embedded etcd"),
        ({"cluster-init": True, "server": "https://a:6443"}, "joins no other"),
        ({"datastore-certfile": "/c"}, "datastore-keyfile"),
        ({"embedded-registry": True, "docker": True}, "embedded containerd"),
        (
            {
                "cluster-cidr": "10.42.0.0/16,fd00:42::/56",
                "service-cidr": "10.43.0.0/16,fd00:43::/112",
                "node-ip": ["10.0.0.1"],
            },
            "IPv6",
        ),
    ],
)
def test_bad_combinations_are_refused(config: dict[str, object], word: str) -> None:
    (problem,) = check_values("server", config)
    assert word in str(problem)


def test_a_node_with_ipv6_alone_gets_ranges_of_its_family() -> None:
    assert check_values("server", {"node-ip": ["fd00:1::5"]}) == []
    (problem,) = check_values("server", {"node-ip": ["fd00:42::5"]})
    assert "fd00:42::/56" in problem.message


def test_node_ranges_of_another_size() -> None:
    config = {
        "cluster-cidr": "10.42.0.0/25",
        "kube-controller-manager-arg": ["node-cidr-mask-size=27"],
    }
    assert check_values("server", config) == []


def test_ranges_are_not_judged_on_agents() -> None:
    assert check_values("agent", {"node-ip": ["10.42.7.1"]}) == []


@given(st.integers(8, 24), st.integers(0, 2**32 - 1))
def test_any_sound_pair_of_ranges_passes_unless_it_overlaps(size: int, start: int) -> None:
    base = start >> (32 - size) << (32 - size)
    text = ".".join(str(base >> shift & 255) for shift in (24, 16, 8, 0)) + f"/{size}"
    found = check_values("server", {"cluster-cidr": text})
    shorter = min(size, 16)
    overlaps = base >> (32 - shorter) == (10 << 24 | 43 << 16) >> (32 - shorter)
    assert (found == []) is not overlaps
