# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Labels, taints and the reading of Node and Pod objects."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._kube.drain import skip_reason
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.nodes import (
    label_patch,
    merged_taints,
    node_patch,
    node_summary,
    ready,
    taint_key,
)

NAMES = st.sampled_from(["a", "b", "c", "d"])
LABELS = st.dictionaries(NAMES, st.sampled_from(["", "1", "2"]))
EFFECTS = st.sampled_from(["NoSchedule", "NoExecute"])
TAINTS = st.lists(
    st.fixed_dictionaries({"key": NAMES, "effect": EFFECTS}, optional={"value": NAMES}),
    unique_by=taint_key,
)
KEYS = st.sets(st.tuples(NAMES, EFFECTS))


def applied(labels: dict[str, str], patch: dict[str, str | None]) -> dict[str, str]:
    """RFC 7396, as the server does it."""
    merged = {**labels, **patch}
    return {name: value for name, value in merged.items() if value is not None}


@given(LABELS, LABELS, st.sets(NAMES))
def test_labels_end_as_wanted_and_others_stay(
    current: dict[str, str], wanted: dict[str, str], owned: set[str]
) -> None:
    after = applied(current, label_patch(current, wanted, owned))
    assert {name: after.get(name) for name in wanted} == wanted
    others = set(current) - set(wanted)
    assert {name for name in others if name in after} == others - owned
    assert all(after[name] == current[name] for name in others - owned)
    assert label_patch(after, wanted, owned) == {}


@given(TAINTS, TAINTS, KEYS)
def test_taints_end_as_wanted_and_others_stay_in_order(
    current: list[dict[str, Any]], wanted: list[dict[str, Any]], owned: set[tuple[str, str]]
) -> None:
    after = merged_taints(current, wanted, owned)
    values = {taint_key(taint): taint.get("value", "") for taint in after}
    wishes = {taint_key(taint): taint.get("value", "") for taint in wanted}
    assert len(values) == len(after)
    assert {key: values.get(key) for key in wishes} == wishes
    others = [taint for taint in current if taint_key(taint) not in {*wishes, *owned}]
    assert [taint for taint in after if taint_key(taint) not in wishes] == others
    assert merged_taints(after, wanted, owned) == after


def test_a_taint_of_the_same_value_keeps_when_it_was_added() -> None:
    taint = {"key": "a", "effect": "NoExecute", "value": "1", "timeAdded": "2026-01-01T00:00:00Z"}
    wish = {"key": "a", "effect": "NoExecute", "value": "1"}
    assert merged_taints([taint], [wish], set()) == [taint]


def test_only_a_patch_of_taints_is_bound_to_a_version() -> None:
    node = {"metadata": {"labels": {"a": "1"}, "resourceVersion": "7"}, "spec": {}}
    assert node_patch(node, labels={"a": "1"}) == {}
    assert node_patch(node, labels={"a": "2"}) == {"metadata": {"labels": {"a": "2"}}}
    taint = {"key": "k", "effect": "NoSchedule"}
    assert node_patch(node, labels={}, taints=[taint], owned_labels=["a"]) == {
        "metadata": {"labels": {"a": None}, "resourceVersion": "7"},
        "spec": {"taints": [taint]},
    }


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([{"type": "Ready", "status": "True", "reason": "KubeletReady"}], (True, "")),
        (
            [
                {"type": "DiskPressure", "status": "True"},
                {
                    "type": "Ready",
                    "status": "False",
                    "reason": "KubeletNotReady",
                    "message": "cni plugin not initialized",
                },
            ],
            (False, "KubeletNotReady: cni plugin not initialized"),
        ),
        (
            [{"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}],
            (False, "NodeStatusUnknown"),
        ),
        ([{"type": "Ready", "status": "False"}], (False, "not Ready")),
        ([], (False, "the kubelet has not reported yet")),
        (None, (False, "the kubelet has not reported yet")),
    ],
)
def test_readiness_is_the_kubelets(conditions: object, expected: tuple[bool, str]) -> None:
    assert ready({"status": {"conditions": conditions}}) == expected


def test_a_summary_of_a_bare_object_is_complete() -> None:
    assert node_summary({"metadata": {"name": "n"}}) == {
        "name": "n",
        "ready": False,
        "reason": "the kubelet has not reported yet",
        "version": "",
        "roles": [],
        "schedulable": True,
        "addresses": {},
        "capacity": {},
        "allocatable": {},
        "conditions": {},
    }


def test_a_summary_holds_what_the_node_reported() -> None:
    node = {
        "metadata": {
            "name": "n",
            "labels": {"node-role.kubernetes.io/etcd": "true", "x": "y"},
        },
        "spec": {"unschedulable": True},
        "status": {
            "nodeInfo": {"kubeletVersion": "v1.34.2+k3s1"},
            "capacity": {"cpu": "2"},
            "allocatable": {"cpu": "1"},
            "addresses": [
                {"type": "InternalIP", "address": "10.0.0.1"},
                {"type": "InternalIP", "address": "fd00::1"},
            ],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }
    summary = node_summary(node)
    assert (summary["version"], summary["roles"]) == ("v1.34.2+k3s1", ["etcd"])
    assert (summary["ready"], summary["schedulable"]) == (True, False)
    assert summary["addresses"] == {"InternalIP": "10.0.0.1"}
    assert (summary["capacity"], summary["allocatable"]) == ({"cpu": "2"}, {"cpu": "1"})
    assert summary["conditions"] == {"Ready": "True"}


@pytest.mark.parametrize(
    ("pod", "reason"),
    [
        ({"metadata": {"name": "p"}}, ""),
        ({"metadata": {"annotations": {"kubernetes.io/config.mirror": "x"}}}, "static pod"),
        (
            {"metadata": {"ownerReferences": [{"kind": "DaemonSet", "controller": True}]}},
            "DaemonSet",
        ),
        ({"metadata": {"ownerReferences": [{"kind": "ReplicaSet", "controller": True}]}}, ""),
        ({"metadata": {"ownerReferences": [{"kind": "DaemonSet"}]}}, ""),
        ({"metadata": {}, "status": {"phase": "Succeeded"}}, "finished"),
        ({"metadata": {}, "status": {"phase": "Failed"}}, "finished"),
        ({"metadata": {}, "status": {"phase": "Pending"}}, ""),
    ],
)
def test_what_a_drain_leaves_alone(pod: dict[str, Any], reason: str) -> None:
    assert skip_reason(pod) == reason
