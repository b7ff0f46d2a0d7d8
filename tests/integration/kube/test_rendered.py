# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What simple forms and quotas stand for, judged by a real API server through kubectl."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._pods import simple as pods
from ansible_collections.lightk8s.edge.plugins.module_utils._quotas import simple as quotas

from .cluster import Cluster

Form = dict[str, t.Any]
LIMITS = {"limits": {"cpu": "100m", "memory": "32Mi"}, "requests": {"cpu": "10m"}}
WHOLE: Form = {
    "labels": {"tier": "front", "rack": 7},
    "annotations": {"example.org/by": "shop"},
    "image": "registry.example.org/web:1",
    "digest": "sha256:" + "a" * 64,
    "image_pull_policy": "IfNotPresent",
    "image_pull_secrets": ["registry"],
    "command": ["/web"],
    "args": ["--port", 80],
    "working_dir": "/srv",
    "env": {
        "MODE": "edge",
        "ON": True,
        "PASSWORD": {"secret": "web", "key": "password"},
        "URL": {"config_map": "web", "key": "url", "optional": True},
        "NODE": {"field": "spec.nodeName"},
        "MEMORY": {"resource": "limits.memory"},
    },
    "env_from": [{"secret": "more", "prefix": "M_", "optional": True}, {"config_map": "most"}],
    "resources": LIMITS,
    "ports": [
        {"container_port": 80, "name": "http"},
        {"container_port": 53, "protocol": "UDP", "host_port": 5353, "host_ip": "127.0.0.1"},
    ],
    "readiness_probe": {"http_get": {"path": "/", "port": "http"}, "period_seconds": 5},
    "volumes": [
        {"name": "data", "mount_path": "/data", "empty_dir": True, "size_limit": "8Mi"},
        {"name": "data", "mount_path": "/again", "sub_path": "x", "read_only": True},
        {"name": "tls", "mount_path": "/tls", "secret": "tls", "default_mode": 256},
        {"name": "conf", "mount_path": "/conf", "config_map": "web", "items": {"a": "b"}},
        {"name": "disk", "mount_path": "/disk", "host_path": "/srv", "host_path_type": "Directory"},
        {"name": "claim", "mount_path": "/claim", "persistent_volume_claim": "web"},
    ],
    "config_maps": [{"name": "web", "data": {"url": "http://hub.example.org", "a": 1}}],
    "node_selector": {"kubernetes.io/os": "linux"},
    "tolerations": [
        {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute"},
        {"key": "a", "operator": "Equal", "value": "b", "effect": "NoExecute", "toleration_seconds": 9},
    ],
    "affinity": {
        "pod_anti_affinity": {
            "required_during_scheduling_ignored_during_execution": [
                {
                    "label_selector": {"match_labels": {"tier": "front"}},
                    "topology_key": "kubernetes.io/hostname",
                }
            ]
        },
        "node_affinity": {
            "preferred_during_scheduling_ignored_during_execution": [
                {
                    "weight": 5,
                    "preference": {
                        "match_expressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]
                    },
                }
            ]
        },
    },
    "runtime_class": "wasm",
    "service_account": "reader",
    "automount_service_account_token": False,
    "security_context": {
        "run_as_non_root": True,
        "allow_privilege_escalation": False,
        "read_only_root_filesystem": True,
        "capabilities": {"drop": ["ALL"]},
    },
    "pod_security_context": {
        "run_as_user": 1000,
        "fs_group": 1000,
        "seccomp_profile": {"type": "RuntimeDefault"},
    },
    "host_network": False,
    "termination_grace_period_seconds": 5,
}  # fmt: skip
LASTING: Form = {
    "liveness_probe": {"exec": {"command": ["/ok"]}, "initial_delay_seconds": 3},
    "startup_probe": {"tcp_socket": {"port": 80}, "failure_threshold": 30},
}
FORMS: list[Form] = [
    {"kind": "Pod", "restart_policy": "Never", **LASTING},
    {"kind": "Deployment", "replicas": 2, "strategy": "Recreate", **LASTING},
    {"kind": "DaemonSet", "strategy": "OnDelete", "liveness_probe": {"grpc": {"port": 80}}},
    {"kind": "StatefulSet", "replicas": 1, "service_name": "peers", **LASTING},
    {
        "kind": "Job",
        "completions": 2,
        "parallelism": 2,
        "backoff_limit": 1,
        "active_deadline_seconds": 60,
    },
    {
        "kind": "CronJob",
        "schedule": "*/5 * * * *",
        "time_zone": "Etc/UTC",
        "concurrency_policy": "Forbid",
        "restart_policy": "Never",
    },
]


@pytest.fixture(scope="module", autouse=True)
def shared(cluster: Cluster) -> None:
    """What pods need to be let in."""
    runtime = {
        "apiVersion": "node.k8s.io/v1",
        "kind": "RuntimeClass",
        "metadata": {"name": "wasm"},
        "handler": "wasm",
    }
    apply(cluster, [runtime])


def apply(cluster: Cluster, objects: list[Form], *more: str) -> list[Form]:
    """The objects as the server has them, by server-side apply with strict validation."""
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    words = ("apply", "--server-side", "--validate=strict", "-o", "json", "-f", "-", *more)
    found = json.loads(cluster.kubectl(*words, stdin=given))
    return list(found.get("items", [found]))


def missing(sent: t.Any, kept: t.Any, where: str = "") -> list[str]:
    """Paths of what was sent and is not there, or is there otherwise."""
    if isinstance(sent, dict) and isinstance(kept, dict):
        rows = [missing(sent[key], kept.get(key), f"{where}.{key}") for key in sent]
        return [path for row in rows for path in row]
    if isinstance(sent, list) and isinstance(kept, list) and len(sent) <= len(kept):
        # Admission adds to what is there: tolerations of its own to those of a pod.
        rows = [missing(one, kept[number], f"{where}[{number}]") for number, one in enumerate(sent)]
        return [path for row in rows for path in row]
    # The server leaves out what says no more than its absence.
    return [] if sent == kept or (kept is None and sent in ("", False)) else [where]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form["kind"])
def test_the_api_takes_every_option_and_loses_none(
    cluster: Cluster, namespace: str, form: Form
) -> None:
    secrets = [{"name": "web", "data": {"password": "päss"}}]
    params = {"name": "web", "namespace": namespace, "secrets": secrets, **WHOLE, **form}
    objects = pods.manifests(params)
    kept = apply(cluster, objects, "--dry-run=server")
    assert len(kept) == len(objects) == 3
    assert missing(objects, kept) == []


def test_a_secret_arrives_as_it_was_given(cluster: Cluster, namespace: str) -> None:
    data = {"password": "päss\nword", "empty": ""}
    apply(
        cluster, pods.manifests({"namespace": namespace, "secrets": [{"name": "s", "data": data}]})
    )
    words = ("get", "secret", "s", "-n", namespace, "-o")
    template = "go-template={{.data.password | base64decode}}|{{.data.empty}}"
    assert cluster.kubectl(*words, template) == "päss\nword|"


def quota(namespace: str, **more: t.Any) -> list[Form]:
    entries = quotas.entries({"quotas": [{"namespace": namespace, **more}]})
    return quotas.objects(entries, [("192.0.2.10", 6443), ("2001:db8::1", 6443)])


def test_the_api_takes_every_bound_and_loses_none(cluster: Cluster) -> None:
    objects = quota(
        "bounded",
        labels={"team": "shop"},
        annotations={"example.org/by": "shop"},
        pod_security_enforce="restricted",
        pod_security_audit="restricted",
        pod_security_warn="restricted",
        pod_security_version="v1.33",
        hard={"pods": 3, "limits.memory": "64Mi", "requests.cpu": "500m", "count/jobs.batch": 2},
        limits=[
            {
                "default": {"cpu": "100m", "memory": "32Mi"},
                "default_request": {"cpu": "10m", "memory": "16Mi"},
                "max": {"memory": "64Mi"},
                "min": {"memory": "4Mi"},
                "max_limit_request_ratio": {"memory": 4},
            },
            {"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}},
        ],
        priority_classes=[
            {"name": "bounded-first", "value": 9, "description": "x", "preemption_policy": "Never"}
        ],
        default_deny=["ingress", "egress"],
        allow=["dns", "same_namespace", "api_server"],
        allow_ingress_from=["proxy"],
        allow_egress_to=["192.0.2.0/24"],
    )
    kept = apply(cluster, objects)
    assert [item["kind"] for item in kept].count("NetworkPolicy") == 6
    assert missing(objects, kept) == []


def pod(namespace: str, name: str = "web", **more: t.Any) -> list[Form]:
    return pods.manifests(
        {"name": name, "namespace": namespace, "kind": "Pod", "image": "a", "resources": LIMITS}
        | more
    )


def test_pod_security_is_in_force(cluster: Cluster) -> None:
    apply(cluster, quota("secured", pod_security_enforce="baseline"))
    apply(cluster, pod("secured"), "--dry-run=server")
    with pytest.raises(RuntimeError, match="violates PodSecurity"):
        apply(cluster, pod("secured", host_network=True), "--dry-run=server")


def test_a_quota_refuses_what_is_more(cluster: Cluster) -> None:
    apply(cluster, quota("counted", hard={"limits.memory": "40Mi", "pods": 5}))
    # The controller that counts is not part of this cluster: this is what it would write.
    status = {
        "hard": {"limits.memory": "40Mi", "pods": "5"},
        "used": {"limits.memory": "0", "pods": "0"},
    }
    words = ("patch", "resourcequota", "lightk8s", "-n", "counted", "--subresource=status")
    cluster.kubectl(*words, "--type=merge", "-p", json.dumps({"status": status}))
    apply(cluster, pod("counted", "first"))
    with pytest.raises(RuntimeError, match=r"exceeded quota: lightk8s.*limits\.memory=32Mi"):
        apply(cluster, pod("counted", "second"))


def test_a_limit_range_gives_limits_and_refuses_too_much(cluster: Cluster) -> None:
    bounds = {"default": {"cpu": "50m", "memory": "8Mi"}, "max": {"memory": "16Mi"}}
    apply(cluster, quota("ranged", limits=[bounds]))
    plain = pod("ranged", resources={}, allow_unlimited=True)
    kept = apply(cluster, plain, "--dry-run=server")[0]
    limits = kept["spec"]["containers"][0]["resources"]["limits"]
    assert limits == {"cpu": "50m", "memory": "8Mi"}
    with pytest.raises(RuntimeError, match="maximum memory usage per Container is 16Mi"):
        apply(cluster, pod("ranged"), "--dry-run=server")
