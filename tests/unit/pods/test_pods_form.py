# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simple form of a workload and the manifests that it stands for."""

from __future__ import annotations

import base64
import typing as t

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core import forms
from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._pods import simple

LIMITS = {"limits": {"cpu": "100m", "memory": "32Mi"}}
TLS = {"name": "tls", "mount_path": "/tls", "secret": "tls"}
Form = dict[str, t.Any]


def form(**more: t.Any) -> Form:
    return {"name": "web", "image": "web:1", "resources": LIMITS, **more}


def workload(**more: t.Any) -> Form:
    return simple.manifests(form(**more))[-1]


def pod(**more: t.Any) -> Form:
    spec: Form = workload(**more)["spec"]["template"]["spec"]
    return spec


def container(**more: t.Any) -> Form:
    found: Form = pod(**more)["containers"][0]
    return found


def test_a_name_an_image_and_limits_make_a_deployment() -> None:
    assert workload() == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "web",
            "namespace": "default",
            "labels": {"app.kubernetes.io/name": "web"},
        },
        "spec": {
            "selector": {"matchLabels": {"app.kubernetes.io/name": "web"}},
            "template": {
                "metadata": {"labels": {"app.kubernetes.io/name": "web"}},
                "spec": {
                    "automountServiceAccountToken": False,
                    "containers": [{"name": "web", "image": "web:1", "resources": LIMITS}],
                },
            },
        },
    }


@pytest.mark.parametrize(
    ("kind", "version", "more", "path"),
    [
        ("Pod", "v1", {}, ("spec",)),
        ("Deployment", "apps/v1", {"replicas": 2}, ("spec", "template", "spec")),
        ("DaemonSet", "apps/v1", {"strategy": "OnDelete"}, ("spec", "template", "spec")),
        ("StatefulSet", "apps/v1", {"replicas": 0}, ("spec", "template", "spec")),
        ("Job", "batch/v1", {"backoff_limit": 1}, ("spec", "template", "spec")),
        (
            "CronJob",
            "batch/v1",
            {"schedule": "0 3 * * *"},
            ("spec", "jobTemplate", "spec", "template", "spec"),
        ),
    ],
)
def test_each_kind_holds_the_same_pod(
    kind: str, version: str, more: Form, path: tuple[str, ...]
) -> None:
    found: t.Any = workload(kind=kind, **more)
    assert (found["apiVersion"], found["kind"]) == (version, kind)
    for name in path:
        found = found[name]
    assert found["containers"] == pod()["containers"]


@pytest.mark.parametrize(
    ("given", "where", "becomes"),
    [
        ({"replicas": "3"}, ("replicas",), 3),
        ({"strategy": "Recreate"}, ("strategy",), {"type": "Recreate"}),
        ({"kind": "DaemonSet", "strategy": "OnDelete"}, ("updateStrategy",), {"type": "OnDelete"}),
        ({"kind": "StatefulSet"}, ("serviceName",), "web"),
        ({"kind": "StatefulSet", "service_name": "peers"}, ("serviceName",), "peers"),
        ({"kind": "Job", "parallelism": 2}, ("parallelism",), 2),
        ({"kind": "Job"}, ("template", "spec", "restartPolicy"), "OnFailure"),
        (
            {"kind": "Job", "restart_policy": "Never"},
            ("template", "spec", "restartPolicy"),
            "Never",
        ),
        (
            {"kind": "CronJob", "schedule": "@daily", "time_zone": "Etc/UTC"},
            ("timeZone",),
            "Etc/UTC",
        ),
        (
            {"kind": "CronJob", "schedule": "@daily", "active_deadline_seconds": 9},
            ("jobTemplate", "spec", "activeDeadlineSeconds"),
            9,
        ),
    ],
)
def test_options_of_the_kinds(given: Form, where: tuple[str, ...], becomes: t.Any) -> None:
    found: t.Any = workload(**given)["spec"]
    for name in where:
        found = found[name]
    assert found == becomes


@pytest.mark.parametrize(
    ("given", "field", "becomes"),
    [
        ({"service_account": "reader"}, "serviceAccountName", "reader"),
        ({"runtime_class": "wasm"}, "runtimeClassName", "wasm"),
        ({"priority_class": "first"}, "priorityClassName", "first"),
        ({"node_selector": {"gpu": True}}, "nodeSelector", {"gpu": "true"}),
        ({"host_network": True}, "dnsPolicy", "ClusterFirstWithHostNet"),
        ({"image_pull_secrets": ["own"]}, "imagePullSecrets", [{"name": "own"}]),
        ({"pod_security_context": {"run_as_user": 7}}, "securityContext", {"runAsUser": 7}),
        (
            {"tolerations": [{"key": "a", "effect": "NoExecute", "toleration_seconds": "9"}]},
            "tolerations",
            [{"key": "a", "effect": "NoExecute", "tolerationSeconds": 9}],
        ),
        (
            {"affinity": {"pod_affinity": {"x": [{"match_labels": {"my_app": 1}}]}}},
            "affinity",
            {"podAffinity": {"x": [{"matchLabels": {"my_app": "1"}}]}},
        ),
        (
            {"volumes": [{"name": "a", "mount_path": "/a", "secret": "s", "items": {"k": "p"}}]},
            "volumes",
            [{"name": "a", "secret": {"secretName": "s", "items": [{"key": "k", "path": "p"}]}}],
        ),
        (
            {
                "volumes": [
                    {"name": "a", "mount_path": "/a", "empty_dir": True, "size_limit": "9Mi"}
                ]
            },
            "volumes",
            [{"name": "a", "emptyDir": {"sizeLimit": "9Mi"}}],
        ),
        (
            {"volumes": [{"name": "a", "mount_path": "/a", "host_path": "/srv"}]},
            "volumes",
            [{"name": "a", "hostPath": {"path": "/srv", "type": ""}}],
        ),
        (
            {"volumes": [{"name": "a", "mount_path": "/a", "persistent_volume_claim": "c"}]},
            "volumes",
            [{"name": "a", "persistentVolumeClaim": {"claimName": "c"}}],
        ),
    ],
)
def test_options_of_the_pod(given: Form, field: str, becomes: t.Any) -> None:
    assert pod(**given)[field] == becomes


@pytest.mark.parametrize(
    ("given", "field", "becomes"),
    [
        ({"digest": "sha256:" + "a" * 64}, "image", "web:1@sha256:" + "a" * 64),
        ({"image_pull_policy": "Never"}, "imagePullPolicy", "Never"),
        ({"command": ["sh", "-c"], "args": [1]}, "args", ["1"]),
        ({"working_dir": "/srv"}, "workingDir", "/srv"),
        ({"env": {"A": 1, "B": True}}, "env", [{"name": "A", "value": "1"}, {"name": "B", "value": "true"}]),
        ({"env": {"A": None}}, "env", [{"name": "A", "value": ""}]),
        (
            {"env": {"A": {"secret": "s", "key": "k"}}},
            "env",
            [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
        ),
        (
            {"env": {"A": {"config_map": "c", "key": "k", "optional": True}}},
            "env",
            [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k", "optional": True}}}],
        ),
        (
            {"env": {"A": {"field": "spec.nodeName"}}},
            "env",
            [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
        ),
        (
            {"env_from": [{"secret": "s", "prefix": "P_"}, {"config_map": "c"}]},
            "envFrom",
            [{"secretRef": {"name": "s"}, "prefix": "P_"}, {"configMapRef": {"name": "c"}}],
        ),
        (
            {"ports": [{"container_port": "80", "host_ip": "192.0.2.1", "host_port": 8080}]},
            "ports",
            [{"containerPort": 80, "protocol": "TCP", "hostIP": "192.0.2.1", "hostPort": 8080}],
        ),
        (
            {"liveness_probe": {"http_get": {"path": "/", "port": "80"}, "period_seconds": 5}},
            "livenessProbe",
            {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 5},
        ),
        ({"startup_probe": {"exec": {"command": ["a"]}}}, "startupProbe", {"exec": {"command": ["a"]}}),
        ({"security_context": {"run_as_non_root": True}}, "securityContext", {"runAsNonRoot": True}),
        (
            {
                "volumes": [
                    {"name": "a", "mount_path": "/a", "config_map": "c"},
                    {"name": "a", "mount_path": "/b", "sub_path": "x", "read_only": True},
                ]
            },
            "volumeMounts",
            [{"name": "a", "mountPath": "/a"}, {"name": "a", "mountPath": "/b", "subPath": "x", "readOnly": True}],
        ),
        ({"resources": {}, "allow_unlimited": True}, "name", "web"),
    ],
)  # fmt: skip
def test_options_of_the_container(given: Form, field: str, becomes: t.Any) -> None:
    assert container(**given)[field] == becomes


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": ""}, "name is missing"),
        ({"name": "Web_1"}, "is no name of an object"),
        ({"image": ""}, "image is missing"),
        ({"digest": "sha256:1"}, "digest: 'sha256:1' is none"),
        ({"image": "a@sha256:b", "digest": "sha256:" + "a" * 64}, "holds a digest already"),
        ({"resources": {}}, "no limit of cpu and memory"),
        ({"resources": {"limits": {"cpu": 1}}}, "no limit of memory"),
        ({"resources": {"limit": {}}}, "is limits meant?"),
        ({"resources": {"limits": {"cpu": "1 core"}}}, "limits: cpu: '1 core' is not a resource"),
        ({"resources": {"limits": {"cpu": "-1"}}}, "is below zero"),
        ({"resources": {"requests": {"cpu": "2"}, **LIMITS}}, "2 of cpu is requested, above"),
        ({"kind": "ReplicaSet"}, "'ReplicaSet' is none of Pod"),
        ({"kind": "DaemonSet", "replicas": 2}, "replicas means nothing for a DaemonSet"),
        ({"kind": "CronJob"}, "schedule is missing"),
        ({"kind": "Job", "restart_policy": "Always"}, "cannot be for a Job"),
        ({"restart_policy": "Never"}, "restart_policy Never cannot be for a Deployment"),
        ({"kind": "DaemonSet", "strategy": "Recreate"}, "use RollingUpdate or OnDelete"),
        ({"replicas": -1}, "must not be below 0"),
        ({"replicas": "many"}, "replicas: must be a whole number, not 'many'"),
        ({"ports": [{"containerPort": 80}]}, "is container_port meant?"),
        ({"ports": [{"name": "http"}]}, "ports[0]: container_port is missing"),
        ({"ports": [{"container_port": 70000}]}, "ports are 1 to 65535"),
        ({"env": {"A": {"secret": "s"}}}, "env: A: key is missing"),
        ({"env": {"A": {"secret": "s", "config_map": "c"}}}, "exclude each other"),
        ({"env_from": [{"prefix": "A"}]}, "env_from[0]: names none of"),
        ({"volumes": [{"name": "a", "mount_path": "/a"}]}, "volumes[0]: names none of"),
        ({"volumes": [{"name": "a", "mount_path": "a", "secret": "s"}]}, "no absolute path"),
        ({"volumes": [{**TLS, "medium": "Memory"}]}, "medium means nothing for secret"),
        ({"liveness_probe": {"http_get": {}}}, "liveness_probe: http_get: port is missing"),
        ({"liveness_probe": {"period_seconds": 1}}, "liveness_probe: names none of"),
        ({"tolerations": [{"key": "a", "toleration_seconds": 1}]}, "set effect to NoExecute"),
        ({"labels": {"app.kubernetes.io/name": "other"}}, "leave it out"),
        ({"config_maps": [{"name": "a"}]}, "config_maps[0]: data is missing"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_by_name(given: Form, said: str) -> None:
    with pytest.raises(EdgeError) as caught:
        simple.manifests({"workloads": [form(**given)]})
    assert caught.value.kind == "spec"
    assert said in f"{caught.value.message} ({caught.value.hint})"


def test_a_pod_with_an_account_keeps_its_token_unless_told_otherwise() -> None:
    assert pod(service_account="reader")["automountServiceAccountToken"] is True
    spec = pod(service_account="reader", automount_service_account_token=False)
    assert spec["automountServiceAccountToken"] is False


def test_secrets_and_config_maps_come_before_their_users() -> None:
    found = simple.manifests(
        form(
            namespace="shop",
            secrets=[{"name": "s", "data": {"KEY": "määh", "port": 1}}],
            config_maps=[{"name": "c", "data": {"a": 1}}],
        )
    )
    assert [row["kind"] for row in found] == ["Secret", "ConfigMap", "Deployment"]
    assert {row["metadata"]["namespace"] for row in found} == {"shop"}
    data = {key: base64.b64decode(text).decode() for key, text in found[0]["data"].items()}
    assert data == {"KEY": "määh", "port": "1"}
    assert found[1]["data"] == {"a": "1"}


def test_an_entry_says_for_itself_that_it_needs_no_limits() -> None:
    manifest = {"kind": "Pod", "metadata": {"name": "x", "namespace": "lab"}}
    entries = [
        form(name="a"),
        form(name="b", namespace="shop", resources={}, allow_unlimited="yes"),
        {"definition": manifest, "allow_unlimited": True},
        {"definition": manifest},
    ]
    params = {"namespace": "default", "workloads": entries}
    assert len(simple.manifests(params)) == 4
    assert simple.unlimited(params) == ("Deployment shop/b", "Pod lab/x")
    assert simple.unlimited({}) == ()


def test_what_is_to_go_needs_no_more_than_its_name() -> None:
    rows = {"config_maps": [{"name": "c", "data": {}}]}
    found = simple.manifests({"name": "web", "kind": "Job", "state": "absent", **rows})
    assert [row["kind"] for row in found] == ["ConfigMap", "Job"]
    assert found[1] == {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "web", "namespace": "default"},
    }


def test_a_list_holds_forms_and_definitions() -> None:
    manifest = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}}
    entries = [form(name="a"), {"definition": manifest}, {"definition": [manifest, manifest]}]
    found = simple.manifests({"namespace": "shop", "workloads": entries})
    assert [row["kind"] for row in found] == ["Deployment", *["Service"] * 3]
    assert found[0]["metadata"]["namespace"] == "shop"


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"image": "a"}, "image is set, and name is missing"),
        ({"workloads": ["a"]}, "workloads[0]: is no dictionary"),
        ({"workloads": [{"definition": "kind: Pod"}]}, "workloads[0]: definition is no manifest"),
        ({"workloads": [{"definition": {}, "name": "a"}]}, "definition excludes name"),
        ({"workloads": [form(secrets=[])]}, "edge_workload_secrets"),
        ({"secrets": [{"name": "a"}]}, "secrets[0]: data is missing"),
        ({"workloads": [{"definition": {"kind": "Secret"}}]}, "would be shown"),
        ({"workloads": [{"definition": [{"kind": "List"}]}]}, "would be shown"),
    ],
)
def test_what_is_no_workload_is_refused(params: Form, said: str) -> None:
    with pytest.raises(EdgeError) as caught:
        simple.manifests(params)
    assert said in f"{caught.value.message} ({caught.value.hint})"


def test_no_message_holds_the_value_of_a_secret() -> None:
    with pytest.raises(EdgeError) as caught:
        simple.manifests({"secrets": [{"name": "s", "data": {"KEY": ["hunter2"]}}]})
    assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"


def test_nothing_asked_is_nothing_rendered() -> None:
    empty: Form = dict.fromkeys(simple.OPTIONS)
    assert simple.manifests({**empty, "allow_unlimited": False, "namespace": "default"}) == []


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("host_ip", "hostIP"), ("run_as_user", "runAsUser"), ("exec", "exec"), ("hostPID", "hostPID")],
)
def test_names_are_written_as_kubernetes_writes_them(ours: str, theirs: str) -> None:
    assert forms.camel(ours) == theirs
