# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that several modules share, and how they become specs. Their documentation: doc_fragments."""

from __future__ import annotations

import typing as t

from .._distribution import registry
from .._distribution.problems import Problem
from .._distribution.spec import (
    PLANNING,
    PRESENT,
    SERVER,
    STATES,
    STOPPED,
    Asset,
    Join,
    Release,
    Spec,
)
from .._logging import spec as logging_spec
from .._resources import spec as resources_spec

Options = dict[str, dict[str, t.Any]]


NOUNS = ("distribution", "resources", "logging")
# Of a site and not of a node: brought by the server that begins it.
SITE_NOUNS = ("quotas", "workloads")
IMAGES_NOUN = "images"  # of a node whose distribution runs


def _strings(**more: t.Any) -> dict[str, t.Any]:
    return {"type": "list", "elements": "str", **more}


NAME: Options = {
    "distribution": {
        "type": "str",
        "default": registry.DEFAULT,
        "choices": list(registry.NAMES),
    },
}
NODE: Options = {
    "site": {"type": "str", "default": ""},
    "role": {"type": "str", "default": SERVER, "choices": ["server", "agent"]},
    "data_dir": {"type": "path"},
    "bin_dir": {"type": "path"},
    "node_name": {"type": "str"},
    "wait_timeout": {"type": "int", "default": 300},
}
DISTRIBUTION: Options = {
    "state": {"type": "str", "default": "present", "choices": list(STATES)},
    "version": {"type": "str"},
    "release_mirrors": _strings(),
    "release_sha256": {"type": "str"},
    "cache_dir": {"type": "path"},
    "release": {"type": "dict"},
    "airgap_images": {"type": "bool", "default": False},
    "initial": {"type": "bool", "default": True},
    "guest": {"type": "bool", "default": False},
    "join_from": {"type": "dict", "default": {}},
    "api_endpoint": {"type": "str"},
    "join_url": {"type": "str"},
    "join_token": {"type": "str", "no_log": True},
    "alone": {"type": "bool", "default": False},
    "token": {"type": "str", "no_log": True},
    "agent_token": {"type": "str", "no_log": True},
    "node_ip": _strings(default=[]),
    "labels": {"type": "dict"},
    "taints": _strings(),
    "storage_type": {"type": "str", "choices": ["sqlite", "etcd", "external", "none"]},
    "datastore_endpoint": {"type": "str", "no_log": True},
    "snapshot_enabled": {"type": "bool"},
    "network_mode": {"type": "str", "choices": ["flannel", "calico", "cilium", "none"]},
    "cluster_cidr": _strings(default=[]),
    "service_cidr": _strings(default=[]),
    "dns_enabled": {"type": "bool"},
    "disable": _strings(default=[]),
    "tls_sans": _strings(default=[]),
    "secrets_encryption": {"type": "bool"},
    "registries": {"type": "dict", "no_log": True},
    "proxy": {"type": "dict"},
    "kubeconfig_mode": {"type": "str"},
    "selinux": {"type": "bool"},
    "log_level": {"type": "str", "choices": ["info", "debug"]},
    "extra_config": {"type": "dict"},
    "adopt": {"type": "bool", "default": False},
    "verify": {"type": "str", "default": "fast", "choices": ["fast", "full"]},
    "planning": {"type": "str", "choices": list(PLANNING)},
    "hold": {"type": "bool", "default": False},
    "settle": {"type": "str"},
    "generation": {"type": "int"},
    "revoked_keys": _strings(no_log=False),
    "inputs_checked": {"type": "bool", "default": False},
    "nouns": _strings(default=list(NOUNS), choices=list(NOUNS)),
    "handed_on": {"type": "list", "elements": "dict"},
}
HAND_ON: Options = {"hand_on": {"type": "bool", "default": False}}
# What a profile sets where the option itself is unset.
PROFILES: dict[str, dict[str, int]] = {
    "small": {
        "max_memory_mb": 512,
        "max_cpu_percent": 50,
        "max_pods": 10,
        "reserved_memory_mb": 64,
        "max_log_files": 5,
        "max_log_size_mb": 10,
    },
}
PROFILE: Options = {"profile": {"type": "str", "choices": sorted(PROFILES)}}
RESOURCES: Options = {
    "max_memory_mb": {"type": "int"},
    "max_cpu_percent": {"type": "int"},
    "max_pods": {"type": "int"},
    "reserved_memory_mb": {"type": "int"},
    "ephemeral_storage_mb": {"type": "int"},
    "cpu_manager_policy": {"type": "str", "choices": list(resources_spec.CPU_POLICIES)},
    "service_memory_mb": {"type": "int"},
}
LOGGING: Options = {
    "max_log_files": {"type": "int"},
    "max_log_size_mb": {"type": "int"},
    "journal_max_mb": {"type": "int"},
}
IMAGE: Options = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "source": {"type": "str"},
    "platform": {"type": "str"},
}
# Of images; carried out on the controller: how sources are reached, and which images are trusted.
SOURCES: Options = {
    "registry_authfile": {"type": "path"},
    "registry_cert_dir": {"type": "path"},
    "registry_validate_certs": {"type": "bool", "default": True},
    "trust": {"type": "str", "default": "off", "choices": ["require", "warn", "off"]},
    "trust_keys": {"type": "list", "elements": "path", "default": [], "no_log": False},
    "scan_command": _strings(default=[]),
    "site_registry": {"type": "str"},
}
SETTINGS = (
    "api_endpoint",
    "datastore_endpoint",
    "snapshot_enabled",
    "network_mode",
    "cluster_cidr",
    "service_cidr",
    "dns_enabled",
    "disable",
    "tls_sans",
    "secrets_encryption",
    "registries",
    "kubeconfig_mode",
    "selinux",
    "log_level",
    "extra_config",
)


def distribution_spec(distribution: str, params: t.Mapping[str, t.Any]) -> Spec:
    """The spec of a node from a module's parameters; absent parameters count as unset."""
    get = params.get
    others = tuple(str(url) for url in (get("join_from") or {}).values())
    endpoint = get("api_endpoint")
    return Spec(
        distribution=distribution,
        state=get("state") or "present",
        site=get("site") or "",
        role=get("role") or SERVER,
        release=_release(get("release"), get("version")),
        initial=get("initial") is not False,
        guest=bool(get("guest")),
        single=not others,
        servers=(str(endpoint),) if endpoint else others,
        peers=others,
        join=Join(get("join_url") or "", get("join_token") or "") if get("join_token") else None,
        token=get("token") or None,
        agent_token=get("agent_token") or None,
        node_name=get("node_name") or None,
        node_ips=tuple(get("node_ip") or ()),
        labels=texts(get("labels")),
        taints=None if get("taints") is None else tuple(get("taints") or ()),
        data_dir=get("data_dir") or None,
        bin_dir=get("bin_dir") or None,
        storage_type=get("storage_type") or None,
        airgap_images=bool(get("airgap_images")),
        adopt=bool(get("adopt")),
        proxy=texts(get("proxy")) or {},
        settings={key: get(key) for key in SETTINGS if get(key) is not None},
        wait_timeout=get("wait_timeout") or 300,
        verify_full=get("verify") == "full",
        planning=get("planning") or "",
    )


def texts(value: t.Mapping[str, t.Any] | None) -> dict[str, str] | None:
    """The mapping with texts as its values, whatever YAML has made of them: nothing is empty, yes is `true`."""
    return None if value is None else {str(key): _text(given) for key, given in value.items()}


def _text(value: t.Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _release(found: t.Mapping[str, t.Any] | None, version: str | None) -> Release | None:
    if not found:
        return Release(version) if version else None
    assets = {
        key: Asset(row["name"], row["sha256"], row.get("size"))
        for key, row in (found.get("assets") or {}).items()
    }
    return Release(found["version"], assets)


def _bound(distribution: str, params: t.Mapping[str, t.Any], key: str) -> t.Any:
    """The option's value, else the profile's, which is for nodes that run pods; None where neither sets it."""
    value = params.get(key)
    numbers = PROFILES.get(params.get("profile") or "", {})
    if value is not None or key not in numbers:
        return value
    server = (params.get("role") or SERVER) == SERVER
    return None if server and not registry.brings_cluster(distribution) else numbers[key]


def refused(distribution: str, params: t.Mapping[str, t.Any]) -> list[Problem]:
    """What of the inputs the distribution cannot carry out. A removal carries out none."""
    if (params.get("state") or PRESENT) not in (PRESENT, STOPPED):
        return []
    from .._distribution import inputs

    given = {**params, **{key: _bound(distribution, params, key) for key in (*RESOURCES, *LOGGING)}}
    return inputs.problems(registry.inputs_of(distribution), given, params.get("role") or SERVER)


def refuse_inputs(distribution: str, params: t.Mapping[str, t.Any]) -> None:
    """EdgeError(kind=spec) naming all that `refused` finds."""
    from .._distribution.guards import refuse

    refuse(refused(distribution, params), "spec")


def hand_on(noun: str, keys: t.Iterable[str], params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The result of a module that leaves its noun to the distribution's; see `taken_over`."""
    bounds = {key: _bound(params["distribution"], params, key) for key in keys}
    given = {key: value for key, value in bounds.items() if value is not None}
    return {"changed": False, "actions": [], "handed_on": {"noun": noun, "options": given}}


def taken_over(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The parameters of the distribution's module with all that others have handed on to it."""
    whole = dict(params)
    nouns = list(params.get("nouns") or NOUNS)
    for row in params.get("handed_on") or ():
        nouns.append(str(row["noun"]))
        whole.update(row.get("options") or {})
    return {**whole, "nouns": nouns}


def resources_of(base: Spec, params: t.Mapping[str, t.Any]) -> resources_spec.Spec:
    """The bounds of a node from a module's parameters."""
    return resources_spec.checked(
        resources_spec.Spec(
            base, **{key: _bound(base.distribution, params, key) for key in RESOURCES}
        )
    )


def logging_of(base: Spec, params: t.Mapping[str, t.Any]) -> logging_spec.Spec:
    """The bounds of logs from a module's parameters."""
    return logging_spec.checked(
        logging_spec.Spec(
            base,
            max_files=_bound(base.distribution, params, "max_log_files"),
            max_size_mb=_bound(base.distribution, params, "max_log_size_mb"),
            journal_max_mb=_bound(base.distribution, params, "journal_max_mb"),
        )
    )
