# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the simple form, and the shapes of what is nested in them. No I/O."""

from __future__ import annotations

import typing as t

Options = dict[str, dict[str, t.Any]]

KINDS = ("Pod", "Deployment", "DaemonSet", "StatefulSet", "Job", "CronJob")
RESTART_POLICIES = ("Always", "OnFailure", "Never")


def _dicts() -> dict[str, t.Any]:
    return {"type": "list", "elements": "dict"}


def _texts() -> dict[str, t.Any]:
    return {"type": "list", "elements": "str"}


# What edge_pod takes beside manifests, and what an entry of a list of workloads may hold.
FORM: Options = {
    "name": {"type": "str"},
    "namespace": {"type": "str"},
    "kind": {"type": "str", "choices": list(KINDS)},
    "labels": {"type": "dict"},
    "annotations": {"type": "dict"},
    "image": {"type": "str"},
    "digest": {"type": "str"},
    "image_pull_policy": {"type": "str", "choices": ["Always", "IfNotPresent", "Never"]},
    "image_pull_secrets": {**_texts(), "no_log": False},  # names
    "command": _texts(),
    "args": _texts(),
    "working_dir": {"type": "str"},
    "env": {"type": "dict"},
    "env_from": _dicts(),
    "resources": {"type": "dict"},
    "allow_unlimited": {"type": "bool", "default": False},
    "ports": _dicts(),
    "liveness_probe": {"type": "dict"},
    "readiness_probe": {"type": "dict"},
    "startup_probe": {"type": "dict"},
    "volumes": _dicts(),
    "config_maps": _dicts(),
    "node_selector": {"type": "dict"},
    "tolerations": _dicts(),
    "affinity": {"type": "dict"},
    "priority_class": {"type": "str"},
    "runtime_class": {"type": "str"},
    "restart_policy": {"type": "str", "choices": list(RESTART_POLICIES)},
    "service_account": {"type": "str"},
    "automount_service_account_token": {"type": "bool"},
    "security_context": {"type": "dict"},
    "pod_security_context": {"type": "dict"},
    "host_network": {"type": "bool"},
    "termination_grace_period_seconds": {"type": "int"},
    "replicas": {"type": "int"},
    "strategy": {"type": "str", "choices": ["RollingUpdate", "Recreate", "OnDelete"]},
    "service_name": {"type": "str"},
    "schedule": {"type": "str"},
    "time_zone": {"type": "str"},
    "concurrency_policy": {"type": "str", "choices": ["Allow", "Forbid", "Replace"]},
    "completions": {"type": "int"},
    "parallelism": {"type": "int"},
    "backoff_limit": {"type": "int"},
    "active_deadline_seconds": {"type": "int"},
}

PORT: Options = {
    "container_port": {"type": "int", "required": True},
    "name": {"type": "str"},
    "protocol": {"type": "str", "choices": ["TCP", "UDP", "SCTP"]},
    "host_port": {"type": "int"},
    "host_ip": {"type": "str"},
}
ENV_FROM: Options = {
    "secret": {"type": "str"},
    "config_map": {"type": "str"},
    "prefix": {"type": "str"},
    "optional": {"type": "bool"},
}
# Where the value of one variable comes from.
ENV_SOURCE: Options = {
    "secret": {"type": "str"},
    "config_map": {"type": "str"},
    "key": {"type": "str"},
    "optional": {"type": "bool"},
    "field": {"type": "str"},
    "resource": {"type": "str"},
}
VOLUME: Options = {
    "name": {"type": "str", "required": True},
    "mount_path": {"type": "str", "required": True},
    "sub_path": {"type": "str"},
    "read_only": {"type": "bool"},
    "default_mode": {"type": "int"},
    "items": {"type": "dict"},
    "optional": {"type": "bool"},
    "config_map": {"type": "str"},
    "secret": {"type": "str"},
    "host_path": {"type": "str"},
    "host_path_type": {"type": "str"},
    "persistent_volume_claim": {"type": "str"},
    "empty_dir": {"type": "bool"},
    "medium": {"type": "str", "choices": ["", "Memory"]},
    "size_limit": {"type": "str"},
}
RESOURCES: Options = {"requests": {"type": "dict"}, "limits": {"type": "dict"}}
TOLERATION: Options = {
    "key": {"type": "str"},
    "operator": {"type": "str", "choices": ["Exists", "Equal"]},
    "value": {"type": "str"},
    "effect": {"type": "str", "choices": ["NoSchedule", "PreferNoSchedule", "NoExecute"]},
    "toleration_seconds": {"type": "int"},
}
PROBE: Options = {
    "http_get": {"type": "dict"},
    "tcp_socket": {"type": "dict"},
    "exec": {"type": "dict"},
    "grpc": {"type": "dict"},
    "initial_delay_seconds": {"type": "int"},
    "period_seconds": {"type": "int"},
    "timeout_seconds": {"type": "int"},
    "success_threshold": {"type": "int"},
    "failure_threshold": {"type": "int"},
    "termination_grace_period_seconds": {"type": "int"},
}
CONFIG_MAP: Options = {
    "name": {"type": "str", "required": True},
    "data": {"type": "dict", "required": True},
}
SECRET: Options = {
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str"},
    "type": {"type": "str", "default": "Opaque"},
    "data": {"type": "dict", "required": True, "no_log": True},
}
# Options that mean something for some kinds alone.
ONLY: dict[str, tuple[str, ...]] = {
    "replicas": ("Deployment", "StatefulSet"),
    "strategy": ("Deployment", "DaemonSet", "StatefulSet"),
    "service_name": ("StatefulSet",),
    "schedule": ("CronJob",),
    "time_zone": ("CronJob",),
    "concurrency_policy": ("CronJob",),
    "completions": ("Job", "CronJob"),
    "parallelism": ("Job", "CronJob"),
    "backoff_limit": ("Job", "CronJob"),
    "active_deadline_seconds": ("Job", "CronJob"),
}
STRATEGIES: dict[str, tuple[str, ...]] = {
    "Deployment": ("RollingUpdate", "Recreate"),
    "DaemonSet": ("RollingUpdate", "OnDelete"),
    "StatefulSet": ("RollingUpdate", "OnDelete"),
}
