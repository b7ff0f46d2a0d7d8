# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k3s import flags
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k3s.checks import (
    check_immutable,
    check_server_count,
    check_site_agreement,
)

# Another value for each flag that must agree or stay; the texts are as K3s accepts them.
OTHER: dict[str, object] = {
    "agent-token": "other-token",
    "cluster-cidr": "10.52.0.0/16",
    "cluster-dns": "10.43.0.53",
    "cluster-domain": "edge.lan",
    "data-dir": "/data/k3s",
    "datastore-endpoint": "postgres://u:p@h/db",
    "egress-selector-mode": "pod",
    "flannel-backend": "host-gw",
    "https-listen-port": 7443,
    "node-name": "other",
    "secrets-encryption-provider": "secretbox",
    "service-cidr": "10.53.0.0/16",
}


def other(flag: flags.Flag) -> object:
    return True if flag.kind == "bool" else OTHER[flag.name]


@given(st.sampled_from([flag for flag in flags.FLAGS if flag.must_match]))
def test_servers_must_agree(flag: flags.Flag) -> None:
    servers = [("s1", {}), ("s2", {flag.name: other(flag)}), ("s3", {})]
    (problem,) = check_site_agreement(servers)
    assert problem.key == (flag.managed_by or flag.name)
    assert "s1, s3" in problem.message
    assert "other-token" not in str(problem)
    assert check_site_agreement([(node, {flag.name: other(flag)}) for node in "abc"]) == []


@given(st.sampled_from([flag for flag in flags.FLAGS if flag.must_match and flag.default]))
def test_a_default_written_out_agrees(flag: flags.Flag) -> None:
    assert check_site_agreement([("s1", {}), ("s2", {flag.name: flag.default})]) == []


@pytest.mark.parametrize(
    "one, two, agree",
    [
        ({"disable": ["servicelb"]}, {"disable": "traefik,servicelb"}, True),
        ({"disable": ["servicelb", "traefik"]}, {}, False),
        ({"disable": ["traefik"]}, {}, True),
        ({"disable-kube-proxy": True}, {}, True),
        ({"tls-san": ["a"]}, {"tls-san": ["b"]}, True),
        ({"agent-token-file": "/a"}, {"agent-token-file": "/b"}, True),
        ({"agent-token-file": "/a"}, {}, False),
        ({"node-ip": ["fd00::1"]}, {"cluster-cidr": "10.42.0.0/16"}, False),
    ],
)
def test_what_may_differ(one: dict[str, object], two: dict[str, object], agree: bool) -> None:
    assert (check_site_agreement([("s1", one), ("s2", two)]) == []) is agree


def test_few_servers_agree() -> None:
    assert check_site_agreement([]) == []
    assert check_site_agreement([("s1", {"flannel-backend": "none"})]) == []


IMMUTABLE = [flag for flag in flags.FLAGS if flag.immutable and flag.name != "node-name"]


@given(st.sampled_from(IMMUTABLE), st.booleans())
def test_what_the_first_start_fixed(flag: flags.Flag, back: bool) -> None:
    old: dict[str, object] = {}
    new = {flag.name: other(flag)}
    if back:
        old, new = new, old
    (problem,) = check_immutable(old, new, initialized=True)
    assert problem.key == (flag.managed_by or flag.name)
    assert problem.remedy
    assert "u:p" not in str(problem)
    assert check_immutable(old, new, initialized=False) == []
    assert check_immutable(new, new, initialized=True) == []


def test_the_list_of_what_is_fixed() -> None:
    assert {flag.name for flag in flags.FLAGS if flag.immutable} == {
        *("cluster-cidr", "service-cidr", "cluster-domain", "data-dir", "datastore-endpoint"),
        *("https-listen-port", "node-name", "with-node-id", "secrets-encryption"),
        "secrets-encryption-provider",
    }


@pytest.mark.parametrize(
    "old, new, hostname, fine",
    [
        ({}, {"node-name": "a"}, "a", True),
        ({}, {"node-name": "a"}, "A", True),
        ({}, {"node-name": "a"}, "b", False),
        ({}, {"node-name": "a"}, "", True),
        ({"node-name": "a"}, {}, "a", True),
        ({"node-name": "a"}, {}, "b", False),
        ({"node-name": "a"}, {"node-name": "b"}, "", False),
        ({"data-dir": "/var/lib/rancher/k3s/"}, {}, "", True),
        ({"d": "/data"}, {"data-dir": "/data/"}, "", True),
        ({"cluster-cidr": "fd00:0042::/56"}, {"cluster-cidr": ["fd00:42::/56"]}, "", True),
        ({"cluster-cidr": ["10.42.3.4/16"]}, {}, "", True),
        ({"cluster-cidr": "a,b"}, {"cluster-cidr": ["a", "b"]}, "", True),
        ({"https-listen-port": 6443}, {}, "", True),
        (
            {"datastore-endpoint": "mysql://u:old@tcp(h)/d"},
            {"datastore-endpoint": "mysql://u:n@w@tcp(h)/d"},
            "",
            True,
        ),
        (
            {"datastore-endpoint": "mysql://u:p@tcp(h)/d"},
            {"datastore-endpoint": "mysql://u:p@tcp(i)/d"},
            "",
            False,
        ),
        ({"flannel-backend": "none"}, {}, "", True),
    ],
)
def test_equal_in_effect(
    old: dict[str, object], new: dict[str, object], hostname: str, fine: bool
) -> None:
    assert (check_immutable(old, new, initialized=True, hostname=hostname) == []) is fine


@pytest.mark.parametrize(
    "count, storage, fine",
    [
        (1, "sqlite", True),
        (2, "sqlite", False),
        (1, "etcd", True),
        (2, "etcd", False),
        (3, "etcd", True),
        (4, "etcd", False),
        (2, "external", True),
        (0, "etcd", True),
    ],
)
def test_how_many_servers(count: int, storage: str, fine: bool) -> None:
    assert (check_server_count(count, storage) == []) is fine
