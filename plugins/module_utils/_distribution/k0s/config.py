# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The k0s.yaml of a controller (docs.k0sproject.io, "Configuration options"): rendered from our inputs. Pure."""

from __future__ import annotations

import typing as t
from urllib.parse import urlsplit

from ..._core import yamlish
from ..problems import Problem
from ..spec import Spec
from ..storage import storage
from . import paths

Mapping = t.Mapping[str, t.Any]

PORT = 6443  # of the API server, unless `spec.api.port` says otherwise
PROVIDERS = {"calico": "calico", "cilium": "custom", "none": "custom"}
PASSWORDS = ("authPass", "password")  # keys, at whatever depth
# Sections of `spec`; k0s refuses others. metricsServer came with 1.36.
SECTIONS = (
    "api", "controllerManager", "extensions", "featureGates", "images", "installConfig",
    "konnectivity", "metricsServer", "network", "scheduler", "storage", "telemetry", "workerProfiles",
)  # fmt: skip
# Keys of `spec` that inputs set, or that must stay as they are.
OURS = {
    "api.address": "node_ip",
    "api.externalAddress": "api_endpoint",
    "installConfig": "",
    "network.dualStack": "cluster_cidr and service_cidr",
    "network.podCIDR": "cluster_cidr",
    "network.provider": "network_mode",
    "network.serviceCIDR": "service_cidr",
    "storage.kine": "datastore_endpoint",
    "storage.type": "storage_type",
    "workerProfiles": "max_pods, max_memory_mb, max_log_files and so on, or kubelet-extra-args",
}


def check(extra: t.Any) -> list[Problem]:
    """What of `spec` in extra_config cannot be given."""
    if not isinstance(extra, dict):
        return [Problem("spec", "must be a mapping, as in k0s.yaml")]
    from . import sections  # few sites have any

    found = [
        Problem(f"spec.{key}", "is no section of k0s.yaml", f"known are {', '.join(SECTIONS)}")
        for key in extra
        if key not in SECTIONS
    ]
    for path, setting in OURS.items():
        section, dot, key = path.partition(".")
        there = extra.get(section)
        if there is not None and (not dot or (isinstance(there, dict) and key in there)):
            remedy = f"use {setting}" if setting else ""
            found.append(Problem(f"spec.{path}", "is set by this collection", remedy))
    return [*found, *sections.unknown(extra)]


def cluster_config(spec: Spec) -> dict[str, t.Any]:
    """The document. A key that no input sets is left out, but for two whose default does harm: the
    datastore (without it a backup cannot be restored) and telemetry.
    """
    wished = {
        "api": _api(spec),
        "network": _network(spec),
        "storage": _storage(spec),
        "telemetry": {"enabled": False},
    }
    extra = (spec.settings.get("extra_config") or {}).get("spec") or {}
    merged = _merged({key: part for key, part in wished.items() if part}, extra)
    return {
        "apiVersion": "k0s.k0sproject.io/v1beta1",
        "kind": "ClusterConfig",
        "metadata": {"name": "k0s"},
        "spec": dict(sorted(merged.items())),
    }


def holds_password(extra: t.Any) -> bool:
    """Whether a part of the document is nothing to show, such as the login of a repository of charts."""
    if isinstance(extra, dict):
        return any(key in PASSWORDS or holds_password(value) for key, value in extra.items())
    return isinstance(extra, list) and any(map(holds_password, extra))


def endpoints(spec: Spec) -> t.Iterator[Problem]:
    """What of the addresses that k0s is told would not be heeded."""
    kind = storage(spec)
    if spec.settings.get("datastore_endpoint") and kind != "external":
        remedy = "unset it, or set edge_storage_type to external"
        yield Problem("datastore_endpoint", f"is not used with the datastore {kind}", remedy)
    given = urlsplit(str(spec.settings.get("api_endpoint") or "")).port
    extra = (spec.settings.get("extra_config") or {}).get("spec") or {}
    port = (extra.get("api") or {}).get("port") or PORT
    if given and given != port:
        message = f"names port {given}, and k0s tells nodes the API server's own, {port}"
        remedy = f"let it be reached at {port}, or set spec.api.port in edge_extra_config"
        yield Problem("api_endpoint", message, remedy)


def render(spec: Spec) -> str:
    """The file's text."""
    return yamlish.dump(cluster_config(spec), bare_ints=True)


def _endpoint_host(spec: Spec) -> str:
    """The host of the address that the site's nodes are told to use; may be empty."""
    return urlsplit(str(spec.settings.get("api_endpoint") or "")).hostname or ""


def _api(spec: Spec) -> dict[str, t.Any]:
    found: dict[str, t.Any] = {}
    names = [*(spec.settings.get("tls_sans") or ())]
    if spec.node_ips:
        found["address"] = spec.node_ips[0]
        names += [address for address in spec.node_ips if address not in names]
    host = _endpoint_host(spec)
    if host:
        found["externalAddress"] = host
        names += [host] if host not in names else []
    if names:
        found["sans"] = names
    return found


def _network(spec: Spec) -> dict[str, t.Any]:
    found: dict[str, t.Any] = {}
    mode = spec.settings.get("network_mode")
    if mode:
        found["provider"] = PROVIDERS.get(mode, mode)
    double: dict[str, t.Any] = {}
    for setting, four, six in (
        ("cluster_cidr", "podCIDR", "IPv6podCIDR"),
        ("service_cidr", "serviceCIDR", "IPv6serviceCIDR"),
    ):
        for text in spec.settings.get(setting) or ():
            (double if ":" in text else found)[six if ":" in text else four] = text
    if double:
        found["dualStack"] = {"enabled": True, **double}
    return found


def _storage(spec: Spec) -> dict[str, t.Any]:
    kind = storage(spec)
    if kind == "etcd":
        peer = {"etcd": {"peerAddress": spec.node_ips[0]}} if spec.node_ips else {}
        return {"type": "etcd", **peer}
    source = spec.settings.get("datastore_endpoint") if kind == "external" else _database(spec)
    return {"type": "kine", **({"kine": {"dataSource": source}} if source else {})}


def _database(spec: Spec) -> str:
    """Where SQLite keeps its file: k0s would take its default folder whatever `--data-dir` says."""
    data = paths.data_dir(spec)
    default = data == paths.DATA_DIR
    return "" if default else f"sqlite://{data}/db/state.db?mode=rwc&_journal=WAL"


def _merged(ours: Mapping, theirs: Mapping) -> dict[str, t.Any]:
    """Mappings are joined, lists added to, single values replaced; a key without a value says nothing."""
    found = dict(ours)
    for key, value in theirs.items():
        if value is None:
            continue
        before = found.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            found[key] = _merged(before, value)
        elif isinstance(before, list) and isinstance(value, list):
            found[key] = [*before, *(item for item in value if item not in before)]
        else:
            found[key] = value
    return found
