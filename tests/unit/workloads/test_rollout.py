# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether an object is rolled out, from its status alone."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._workloads.rollout import (
    FAILED,
    READY,
    WAITING,
    judge,
)

Object = dict[str, Any]


def item(kind: str, spec: Object, status: Object, generation: int = 2) -> Object:
    api, dummy, name = kind.rpartition("/")
    return {
        "apiVersion": api,
        "kind": name,
        "metadata": {"name": "x", "generation": generation},
        "spec": spec,
        "status": status,
    }


def condition(name: str, status: str = "True", **more: str) -> list[Object]:
    return [{"type": name, "status": status, **more}]


DEPLOYED = {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}
STATEFUL = {
    "observedGeneration": 2,
    "readyReplicas": 3,
    "updatedReplicas": 3,
    "currentRevision": "a",
    "updateRevision": "a",
}
DAEMON = {
    "observedGeneration": 2,
    "desiredNumberScheduled": 2,
    "updatedNumberScheduled": 2,
    "numberAvailable": 2,
}
TABLE: dict[str, tuple[Object, str]] = {
    "a deployment that is new": (item("apps/v1/Deployment", {}, {}), WAITING),
    "a deployment that is out": (item("apps/v1/Deployment", {"replicas": 2}, DEPLOYED), READY),
    "a deployment not seen yet": (
        item("apps/v1/Deployment", {"replicas": 2}, {**DEPLOYED, "observedGeneration": 1}),
        WAITING,
    ),
    "a deployment with old pods": (
        item("apps/v1/Deployment", {"replicas": 2}, {**DEPLOYED, "replicas": 3}),
        WAITING,
    ),
    "a deployment not available": (
        item("apps/v1/Deployment", {"replicas": 2}, {**DEPLOYED, "availableReplicas": 1}),
        WAITING,
    ),
    "a deployment that gave up": (
        item(
            "apps/v1/Deployment",
            {},
            {
                **DEPLOYED,
                "conditions": condition("Progressing", "False", reason="ProgressDeadlineExceeded"),
            },
        ),
        FAILED,
    ),
    "a deployment of none": (
        item("apps/v1/Deployment", {"replicas": 0}, {"observedGeneration": 2}),
        READY,
    ),
    "a stateful set that is out": (item("apps/v1/StatefulSet", {"replicas": 3}, STATEFUL), READY),
    "a stateful set half way": (
        item("apps/v1/StatefulSet", {"replicas": 3}, {**STATEFUL, "updateRevision": "b"}),
        WAITING,
    ),
    "a stateful set kept by its partition": (
        item(
            "apps/v1/StatefulSet",
            {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}},
            {**STATEFUL, "updateRevision": "b", "updatedReplicas": 1},
        ),
        READY,
    ),
    "a daemon set that is out": (item("apps/v1/DaemonSet", {}, DAEMON), READY),
    "a daemon set half way": (
        item("apps/v1/DaemonSet", {}, {**DAEMON, "updatedNumberScheduled": 1}),
        WAITING,
    ),
    "a daemon set without nodes": (
        item("apps/v1/DaemonSet", {}, {"observedGeneration": 2}),
        READY,
    ),
    "a job that runs": (item("batch/v1/Job", {}, {"active": 1}), WAITING),
    "a job that is done": (item("batch/v1/Job", {}, {"conditions": condition("Complete")}), READY),
    "a job that failed": (item("batch/v1/Job", {}, {"conditions": condition("Failed")}), FAILED),
    "a pod that is ready": (item("v1/Pod", {}, {"conditions": condition("Ready")}), READY),
    "a pod that is over": (item("v1/Pod", {}, {"phase": "Succeeded"}), READY),
    "a pod that failed": (item("v1/Pod", {}, {"phase": "Failed"}), FAILED),
    "a claim that waits": (item("v1/PersistentVolumeClaim", {}, {"phase": "Pending"}), WAITING),
    "a claim that is bound": (item("v1/PersistentVolumeClaim", {}, {"phase": "Bound"}), READY),
    "a kind not established": (
        item("apiextensions.k8s.io/v1/CustomResourceDefinition", {}, {}),
        WAITING,
    ),
    "a kind whose names are taken": (
        item(
            "apiextensions.k8s.io/v1/CustomResourceDefinition",
            {},
            {"conditions": condition("NamesAccepted", "False")},
        ),
        FAILED,
    ),
    "something else": (item("v1/ConfigMap", {}, {}), READY),
    "something else that is not ready": (
        item("example.org/v1/Thing", {}, {"conditions": condition("Ready", "False")}),
        WAITING,
    ),
    "something else that is stuck": (
        item("example.org/v1/Thing", {}, {"conditions": condition("Stalled")}),
        FAILED,
    ),
}


@pytest.mark.parametrize("what", sorted(TABLE))
def test_verdict(what: str) -> None:
    found, state = TABLE[what]
    verdict = judge(found)
    assert verdict.state == state
    assert verdict.reason or state != WAITING
