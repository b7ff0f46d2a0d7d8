# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reading of Node and Pod objects."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._kube.drain import skip_reason
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.nodes import (
    node_summary,
    ready,
)


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
