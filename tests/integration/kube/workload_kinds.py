# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A manifest of each kind with a change that its API allows, and one that it does not where there is one."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

from .workloads import Object, config_map, deployment, pod_spec

NAME = "thing"


class Case(NamedTuple):
    """`path` is set to `value` by the change; `fixed` is a path that cannot be changed, and its new value."""

    manifest: Object
    path: str
    value: Any
    fixed: tuple[str, Any] | None = None
    namespaced: bool = True


def with_value(item: Object, path: str, value: Any) -> Object:
    """A copy with another value; steps of `path` that are numbers count list items."""
    found = copy.deepcopy(item)
    *steps, last = path.split("/")
    place: Any = found
    for step in steps:
        place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
    place[int(last) if isinstance(place, list) else last] = value
    return found


def value_at(item: Object, path: str) -> Any:
    place: Any = item
    for step in path.split("/"):
        place = place[int(step)] if isinstance(place, list) else place[step]
    return place


def _of(api: str, kind: str, name: str = NAME, **parts: Any) -> Object:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name}, **parts}


LABELS = {"app": NAME}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": pod_spec()}
JOB = {"template": {"spec": pod_spec(restartPolicy="Never")}}
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
RULES = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
RBAC = "rbac.authorization.k8s.io"
IMAGE = "spec/template/spec/containers/0/image"
OTHER = "registry.example.org/app:2"


def _subject(name: str) -> list[Object]:
    return [{"kind": "User", "name": name, "apiGroup": RBAC}]


def _role_ref(kind: str, name: str) -> Object:
    return {"apiGroup": RBAC, "kind": kind, "name": name}


DEFINITION = _of(
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    "things.example.org",
    spec={
        "group": "example.org",
        "names": {
            "plural": "things",
            "singular": "thing",
            "kind": "Thing",
            "listKind": "ThingList",
        },
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {"size": {"type": "integer", "default": 3}},
                            }
                        },
                    }
                },
            }
        ],
    },
)

CASES: dict[str, Case] = {
    "ConfigMap": Case(config_map(NAME, key="1"), "data/key", "2"),
    "ConfigMap, immutable": Case(
        {**config_map(NAME, key="1"), "immutable": True},
        "metadata/labels/a",
        "b",
        ("data/key", "2"),
    ),
    "Secret": Case(
        _of("v1", "Secret", type="Opaque", data={"word": "c2VjcmV0LXdvcmQ="}),
        "data/word",
        "c2VjcmV0LXR3bw==",
        ("type", "example.org/other"),
    ),
    "Service": Case(
        _of("v1", "Service", spec={"selector": LABELS, "ports": [{"port": 80}]}),
        "spec/selector/app",
        "other",
        ("spec/clusterIP", "10.43.200.200"),
    ),
    "ServiceAccount": Case(_of("v1", "ServiceAccount"), "automountServiceAccountToken", False),
    "Deployment": Case(
        with_value(deployment(NAME), "spec/template/metadata/labels/tier", "x"),
        IMAGE,
        OTHER,
        ("spec/selector/matchLabels", {"app": NAME, "tier": "x"}),
    ),
    "DaemonSet": Case(
        _of(
            "apps/v1", "DaemonSet", spec={"selector": {"matchLabels": LABELS}, "template": TEMPLATE}
        ),
        IMAGE,
        OTHER,
    ),
    "StatefulSet": Case(
        _of(
            "apps/v1",
            "StatefulSet",
            spec={"serviceName": NAME, "selector": {"matchLabels": LABELS}, "template": TEMPLATE},
        ),
        IMAGE,
        OTHER,
        ("spec/serviceName", "other"),
    ),
    "ReplicaSet": Case(
        _of(
            "apps/v1",
            "ReplicaSet",
            spec={"selector": {"matchLabels": LABELS}, "template": TEMPLATE},
        ),
        "spec/replicas",
        0,
    ),
    "Job": Case(_of("batch/v1", "Job", spec=JOB), "spec/backoffLimit", 3, (IMAGE, OTHER)),
    "CronJob": Case(
        _of("batch/v1", "CronJob", spec={"schedule": "7 3 * * *", "jobTemplate": {"spec": JOB}}),
        "spec/schedule",
        "8 3 * * *",
    ),
    "Pod": Case(
        _of("v1", "Pod", spec=pod_spec()),
        "spec/containers/0/image",
        OTHER,
        ("spec/restartPolicy", "Never"),
    ),
    "PersistentVolumeClaim": Case(
        _of("v1", "PersistentVolumeClaim", spec={**CLAIM, "storageClassName": "none"}),
        "metadata/labels/a",
        "b",
        ("spec/storageClassName", "other"),
    ),
    "PersistentVolume": Case(
        _of(
            "v1",
            "PersistentVolume",
            spec={
                "capacity": {"storage": "1Gi"},
                "accessModes": ["ReadWriteOnce"],
                "hostPath": {"path": "/srv/a"},
            },
        ),
        "spec/persistentVolumeReclaimPolicy",
        "Delete",
        ("spec/hostPath/path", "/srv/b"),
        namespaced=False,
    ),
    "StorageClass": Case(
        _of("storage.k8s.io/v1", "StorageClass", provisioner="example.org/none"),
        "allowVolumeExpansion",
        True,
        ("provisioner", "example.org/other"),
        namespaced=False,
    ),
    "PriorityClass": Case(
        _of("scheduling.k8s.io/v1", "PriorityClass", value=10),
        "description",
        "for tests",
        ("value", 11),
        namespaced=False,
    ),
    "RuntimeClass": Case(
        _of("node.k8s.io/v1", "RuntimeClass", handler="crun"),
        "metadata/labels/a",
        "b",
        ("handler", "kata"),
        namespaced=False,
    ),
    "Role": Case(_of(f"{RBAC}/v1", "Role", rules=RULES), "rules/0/verbs/0", "list"),
    "RoleBinding": Case(
        _of(f"{RBAC}/v1", "RoleBinding", subjects=_subject("a"), roleRef=_role_ref("Role", "r")),
        "subjects/0/name",
        "b",
        ("roleRef/name", "other"),
    ),
    "ClusterRole": Case(
        _of(f"{RBAC}/v1", "ClusterRole", rules=RULES), "rules/0/verbs/0", "list", namespaced=False
    ),
    "ClusterRoleBinding": Case(
        _of(
            f"{RBAC}/v1",
            "ClusterRoleBinding",
            subjects=_subject("a"),
            roleRef=_role_ref("ClusterRole", "r"),
        ),
        "subjects/0/name",
        "b",
        ("roleRef/name", "other"),
        namespaced=False,
    ),
    "NetworkPolicy": Case(
        _of("networking.k8s.io/v1", "NetworkPolicy", spec={"podSelector": {}}),
        "spec/podSelector/matchLabels",
        LABELS,
    ),
    "Ingress": Case(
        _of(
            "networking.k8s.io/v1",
            "Ingress",
            spec={"defaultBackend": {"service": {"name": NAME, "port": {"number": 80}}}},
        ),
        "spec/defaultBackend/service/port/number",
        81,
    ),
    "PodDisruptionBudget": Case(
        _of("policy/v1", "PodDisruptionBudget", spec={"selector": {"matchLabels": LABELS}}),
        "spec/minAvailable",
        1,
    ),
    "HorizontalPodAutoscaler": Case(
        _of(
            "autoscaling/v1",
            "HorizontalPodAutoscaler",
            spec={
                "maxReplicas": 3,
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME},
                "targetCPUUtilizationPercentage": 60,
            },
        ),
        "spec/maxReplicas",
        4,
    ),
    "ResourceQuota": Case(
        _of("v1", "ResourceQuota", spec={"hard": {"pods": "10"}}),
        "spec/hard/pods",
        "11",
        ("spec/scopes", ["BestEffort"]),
    ),
    "LimitRange": Case(
        _of(
            "v1",
            "LimitRange",
            spec={
                "limits": [
                    {
                        "type": "Container",
                        "max": {"memory": "64Mi"},
                        "default": {"memory": "32Mi"},
                        "defaultRequest": {"memory": "16Mi"},
                    }
                ]
            },
        ),
        "spec/limits/0/max/memory",
        "128Mi",
    ),
    "Lease": Case(
        _of("coordination.k8s.io/v1", "Lease", spec={"holderIdentity": "a"}),
        "spec/holderIdentity",
        "b",
    ),
    "Namespace": Case(
        _of("v1", "Namespace", "thing-namespace"), "metadata/labels/a", "b", namespaced=False
    ),
    "CustomResourceDefinition": Case(
        DEFINITION,
        "spec/names/shortNames",
        ["thg"],
        ("spec/scope", "Cluster"),
        namespaced=False,
    ),
}
