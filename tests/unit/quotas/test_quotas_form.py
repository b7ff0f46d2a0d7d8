# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bounds of a namespace and the manifests that they stand for; sums that nodes cannot give."""

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._core import quantity
from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._quotas import (
    look,
    options,
    simple,
    sums,
)

API = [("192.0.2.10", 6443), ("192.0.2.11", 6443)]
Params = dict[str, t.Any]


def rendered(**quota: t.Any) -> list[Params]:
    return simple.objects(simple.entries({"quotas": [{"namespace": "shop", **quota}]}), API)


def named(name: str, **quota: t.Any) -> Params:
    specs = {item["metadata"]["name"]: item.get("spec", item) for item in rendered(**quota)}
    found: Params = specs[name]
    return found


def test_a_name_alone_is_a_namespace() -> None:
    assert rendered() == [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}]


def test_pod_security_is_labels_of_the_namespace() -> None:
    labels = rendered(
        labels={"team": 7},
        pod_security_enforce="baseline",
        pod_security_warn="restricted",
        pod_security_version="v1.34",
    )[0]["metadata"]["labels"]
    assert labels == {
        "team": "7",
        "pod-security.kubernetes.io/enforce": "baseline",
        "pod-security.kubernetes.io/enforce-version": "v1.34",
        "pod-security.kubernetes.io/warn": "restricted",
        "pod-security.kubernetes.io/warn-version": "v1.34",
    }


def test_without_a_version_the_newest_rules_hold() -> None:
    labels = rendered(pod_security_audit="restricted")[0]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/audit-version"] == "latest"


def test_bounds_become_a_quota_and_ranges_a_limit_range() -> None:
    items = rendered(
        hard={"pods": 5, "limits.memory": "64Mi"},
        limits=[{"default": {"cpu": 1}, "default_request": {"cpu": "50m"}}],
    )
    assert [item["kind"] for item in items] == ["Namespace", "ResourceQuota", "LimitRange"]
    assert items[1]["spec"] == {"hard": {"pods": "5", "limits.memory": "64Mi"}}
    limit = {"type": "Container", "default": {"cpu": "1"}, "defaultRequest": {"cpu": "50m"}}
    assert items[2]["spec"] == {"limits": [limit]}


def test_priority_classes_belong_to_the_whole_cluster() -> None:
    row = {"name": "first", "value": 1000, "preemption_policy": "Never"}
    item = rendered(priority_classes=[row])[1]
    assert item["metadata"] == {"name": "first"}
    assert (item["value"], item["preemptionPolicy"]) == (1000, "Never")


def test_what_is_denied_is_denied_for_all_pods() -> None:
    found = named("lightk8s-default-deny", default_deny=["ingress", "egress", "egress"])
    assert found == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@pytest.mark.parametrize(
    ("quota", "policy", "way", "rule"),
    [
        (
            {"allow": ["dns"]},
            "lightk8s-allow-dns",
            "egress",
            {
                "to": [
                    {
                        "namespaceSelector": {
                            "matchLabels": {"kubernetes.io/metadata.name": "kube-system"}
                        },
                        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
                    }
                ],
                "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
            },
        ),
        (
            {"allow": ["api_server"]},
            "lightk8s-allow-api-server",
            "egress",
            {
                "to": [
                    {"ipBlock": {"cidr": "192.0.2.10/32"}},
                    {"ipBlock": {"cidr": "192.0.2.11/32"}},
                ],
                "ports": [{"port": 6443, "protocol": "TCP"}],
            },
        ),
        (
            {"allow": ["same_namespace"]},
            "lightk8s-allow-same-namespace",
            "ingress",
            {"from": [{"podSelector": {}}]},
        ),
        (
            {"allow_ingress_from": ["proxy", "lab"]},
            "lightk8s-allow-namespaces",
            "ingress",
            {
                "from": [
                    {
                        "namespaceSelector": {
                            "matchExpressions": [
                                {
                                    "key": "kubernetes.io/metadata.name",
                                    "operator": "In",
                                    "values": ["lab", "proxy"],
                                }
                            ]
                        }
                    }
                ]
            },
        ),
        (
            {"allow_egress_to": ["192.0.2.0/24", "2001:db8::1"]},
            "lightk8s-allow-ranges",
            "egress",
            {
                "to": [
                    {"ipBlock": {"cidr": "192.0.2.0/24"}},
                    {"ipBlock": {"cidr": "2001:db8::1/128"}},
                ]
            },
        ),
    ],
)
def test_allowances(quota: Params, policy: str, way: str, rule: Params) -> None:
    found = named(policy, default_deny=["ingress", "egress"], **quota)
    assert found["podSelector"] == {}
    assert found[way] == [rule]


def test_an_allowance_denies_nothing_that_was_not_denied() -> None:
    found = named(
        "lightk8s-allow-same-namespace", default_deny=["ingress"], allow=["same_namespace"]
    )
    assert found["policyTypes"] == ["Ingress"]
    assert "egress" not in found


@pytest.mark.parametrize(
    ("quota", "said"),
    [
        ({"namespace": "Shop"}, "is no name of an object"),
        (
            {"pod_security_enforce": "strict"},
            "'strict' is none of privileged, baseline, restricted",
        ),
        ({"hard": {"limits.memory": "many"}}, "hard: limits.memory: 'many' is not a resource"),
        ({"hard": {"pods": -1}}, "hard: pods: -1 is below zero"),
        ({"limits": [{"type": "Node"}]}, "limits[0]: type: 'Node' is none of"),
        ({"limits": [{}]}, "limits[0]: bounds nothing"),
        ({"priority_classes": [{"name": "a"}]}, "priority_classes[0]: value is missing"),
        ({"priority_classes": [{"name": "a", "value": 2 * 10**9}]}, "must be within"),
        ({"allow": ["dns"]}, "allow of dns without default_deny of egress"),
        ({"allow": ["dns"], "default_deny": ["ingress"]}, "add egress to default_deny"),
        ({"allow_ingress_from": ["a"]}, "allow_ingress_from without default_deny of ingress"),
        ({"allow_egress_to": ["x"], "default_deny": ["egress"]}, "'x' is no range"),
        ({"default_deny": ["all"]}, "'all' is none of ingress, egress"),
        ({"hards": {}}, "is hard meant?"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(quota: Params, said: str) -> None:
    with pytest.raises(EdgeError) as caught:
        rendered(**quota)
    assert caught.value.kind == "spec"
    assert said in f"{caught.value.message} ({caught.value.hint})"


def test_a_way_to_an_api_that_is_not_known_is_refused() -> None:
    found = simple.entries({"namespace": "a", "default_deny": ["egress"], "allow": ["api_server"]})
    assert simple.needs_api(found)
    with pytest.raises(EdgeError, match="addresses of the API server"):
        simple.objects(found, [])


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"namespace": "a", "hard": {}, "quotas": [{"namespace": "a"}]}, "is given twice"),
        ({"quotas": ["a"]}, "must be a dictionary"),
        ({"quotas": [{"hard": {}}]}, "quotas[0]: namespace is missing"),
    ],
)
def test_a_quota_needs_one_namespace(params: Params, said: str) -> None:
    with pytest.raises(EdgeError) as caught:
        simple.entries(params)
    assert said in caught.value.message


def names(items: list[Params]) -> set[tuple[str, str]]:
    return {(item["kind"], item["metadata"]["name"]) for item in items}


def test_a_list_stands_for_itself_and_options_for_one_namespace() -> None:
    def spaces(**params: t.Any) -> list[str]:
        return [row["namespace"] for row in simple.entries({"namespace": "default", **params})]

    assert spaces(quotas=[]) == []
    assert spaces(quotas=[{"namespace": "a"}]) == ["a"]
    assert spaces(quotas=[{"namespace": "a"}], hard={"pods": 1}) == ["default", "a"]
    assert spaces(namespace="shop") == ["shop"]


def test_a_removal_takes_all_that_can_be_there_but_the_namespace() -> None:
    whole = {
        "hard": {"pods": 1},
        "limits": [{"max": {"cpu": 1}}],
        "priority_classes": [{"name": "first", "value": 1}],
        "default_deny": ["ingress", "egress"],
        "allow": ["dns", "same_namespace", "api_server"],
        "allow_ingress_from": ["a"],
        "allow_egress_to": ["192.0.2.1"],
    }
    made = names(rendered(**whole)) - {("Namespace", "shop")}
    assert names(simple.removals(simple.entries({"namespace": "shop", **whole}))) == made
    bare = names(simple.removals(simple.entries({"namespace": "shop"})))
    assert bare == made - {("PriorityClass", "first")}


def cluster(
    memory: str = "2Gi", others: Params | None = None, ours: Params | None = None
) -> sums.Cluster:
    nodes = {"n1": {"memory": memory, "cpu": "2", "pods": "110"}, "n2": {"memory": "1Gi"}}
    return sums.Cluster(nodes, others or {}, ours or {})


def refusal(hard: Params, found: sums.Cluster, **more: t.Any) -> str:
    entries = simple.entries({"namespace": "shop", "hard": hard, **more})
    try:
        simple.refuse_overcommit(entries, found)
    except EdgeError as exc:
        return f"{exc.kind}: {exc.message} ({exc.hint})"
    return ""


@pytest.mark.parametrize(
    ("hard", "found", "said"),
    [
        ({"limits.memory": "3Gi"}, cluster(), ""),
        ({"limits.memory": "3073Mi"}, cluster(), "allow 3073Mi of limits.memory together (shop 3073Mi)"),
        ({"limits.memory": "3073Mi"}, cluster(), "the nodes give 3Gi (n1 2Gi, n2 1Gi)"),
        ({"requests.cpu": "1"}, cluster(others={"lab": [{"cpu": "1500m"}]}), "allow 2500m of requests.cpu"),
        ({"cpu": "1"}, cluster(others={"lab": [{"cpu": "1500m"}]}), "(lab 1500m, shop 1)"),
        ({"cpu": "1"}, cluster(others={"lab": [{"cpu": "9"}, {"cpu": "1"}]}), ""),
        ({"pods": 111}, cluster(), "allow 111 of pods together"),
        ({"count/secrets": 9999}, cluster(), ""),
        ({"requests.storage": "9Ti"}, cluster(), ""),
        ({"requests.memory": "4Gi"}, cluster(ours={"shop": {"memory": "4Gi"}}), ""),
        ({"requests.memory": "5Gi"}, cluster(ours={"shop": {"memory": "4Gi"}}), "allow 5Gi"),
        ({"requests.memory": "4Gi"}, cluster(ours={"shop": {"memory": "5Gi"}}), ""),
        ({"memory": "9Gi"}, sums.Cluster({}, {}, {}), ""),
    ],
)  # fmt: skip
def test_sums(hard: Params, found: sums.Cluster, said: str) -> None:
    told = refusal(hard, found)
    assert said in told
    assert told.startswith("refused: " if said else "")
    assert bool(said) == bool(told)


@pytest.mark.parametrize(
    ("spec", "takes"),
    [
        ({}, True),
        ({"taints": [{"key": "a", "effect": "PreferNoSchedule"}]}, True),
        ({"taints": [{"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}]}, True),
        ({"taints": [{"key": "a", "value": "b", "effect": "NoSchedule"}]}, False),
        ({"taints": [{"key": "node-role.kubernetes.io/master", "effect": "NoSchedule"}]}, False),
        ({"unschedulable": True}, False),
    ],
)
def test_nodes_that_keep_ordinary_pods_away_give_nothing(spec: Params, takes: bool) -> None:
    assert look.takes_pods({"spec": spec}) is takes


def test_who_allows_overcommitment_is_not_refused() -> None:
    assert refusal({"memory": "9Gi"}, cluster(), allow_overcommit=True) == ""


amounts = st.integers(0, 4000).map(lambda number: f"{number}Mi")


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), amounts, min_size=1))
def test_a_sum_is_refused_exactly_when_it_is_more_than_the_nodes_give(hard: Params) -> None:
    found = simple.entries(
        {"quotas": [{"namespace": name, "hard": {"memory": text}} for name, text in hard.items()]}
    )
    total = sum(map(quantity.nanos, hard.values()))
    refused = False
    try:
        simple.refuse_overcommit(found, cluster())
    except EdgeError:
        refused = True
    assert refused == (total > quantity.nanos("3Gi"))


words = st.text("abcz09-_/.", max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(options.ENTRY)), values, max_size=5))
def test_whatever_is_given_gives_manifests_or_an_error(quota: Params) -> None:
    try:
        json.dumps(rendered(**quota))
    except EdgeError as exc:
        told = exc
    else:
        return
    assert (told.kind, told.message != "") == ("spec", True)
