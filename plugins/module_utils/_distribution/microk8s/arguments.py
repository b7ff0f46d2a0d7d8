# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the inputs say on the lines of the files of arguments. Pure."""

from __future__ import annotations

import re
import typing as t
from urllib.parse import urlsplit

from ..kubelet import BOUNDS
from ..problems import Problem
from ..service import proxy_variables
from ..spec import SERVER, Spec
from . import argfile, networks, paths

RBAC = "RBAC,Node"
DEBUG = "4"
# Keys of extra_config, as in a launch configuration, and the file that each is about.
FILES: t.Mapping[str, str] = {
    "extraKubeletArgs": "kubelet",
    "extraKubeAPIServerArgs": "kube-apiserver",
    "extraKubeProxyArgs": "kube-proxy",
    "extraKubeControllerManagerArgs": "kube-controller-manager",
    "extraKubeSchedulerArgs": "kube-scheduler",
    "extraContainerdArgs": "containerd",
    "extraContainerdEnv": "containerd-env",
    "extraDqliteArgs": "k8s-dqlite",
    "extraDqliteEnv": "k8s-dqlite-env",
}
SERVERS_ONLY = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", *argfile.DATASTORE)
_STAYS = "must stay as MicroK8s sets it"
# Flags that cannot be given, and what to use instead.
OURS: t.Mapping[str, t.Mapping[str, str]] = {
    "kubelet": {
        **{f"--{name}": f"use {inputs}" for name, inputs in BOUNDS.items()},
        "--cert-dir": _STAYS,
        "--config": "its drop-ins are made from the bounds",
        "--config-dir": "its drop-ins are made from the bounds",
        "--hostname-override": "MicroK8s names a Node after its host",
        "--kubeconfig": _STAYS,
        "--node-ip": "use node_ip",
        "--node-labels": "use labels",
        "--register-with-taints": "use taints",
        "--root-dir": _STAYS,
    },
    "kube-apiserver": {
        "--advertise-address": "use node_ip",
        "--etcd-servers": _STAYS,
        "--secure-port": _STAYS,
        "--service-cluster-ip-range": "use service_cidr",
    },
    "kube-controller-manager": {
        "--cluster-cidr": "use cluster_cidr",
        "--service-cluster-ip-range": "use service_cidr",
    },
    "kube-proxy": {"--cluster-cidr": "use cluster_cidr"},
    "containerd": dict.fromkeys(("--address", "--config", "--root", "--state"), _STAYS),
    "containerd-env": dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"), "use proxy"),
    "k8s-dqlite": dict.fromkeys(("--listen", "--storage-dir"), _STAYS),
}
_FLAG = r"--?[a-z0-9][A-Za-z0-9-]*\Z"
_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*\Z"
_CONTROL = r"[\x00-\x1f\x7f]"


def managed(spec: Spec) -> dict[str, dict[str, str | None]]:
    """The lines that are ours, by file."""
    debug = {"--v": DEBUG} if spec.settings.get("log_level") == "debug" else {}
    found: dict[str, dict[str, str | None]] = {"kubelet": {**_kubelet(spec), **debug}}
    if spec.role == SERVER:
        found["kube-apiserver"] = {"--authorization-mode": RBAC, **debug}
        if spec.node_ips:
            found["kube-apiserver"]["--advertise-address"] = spec.node_ips[0]
    proxies = proxy_variables(spec.proxy, _never(spec))
    if proxies:
        found["containerd-env"] = {name: _shell(value) for name, value in proxies.items()}
    for key, name in FILES.items():
        given = (spec.settings.get("extra_config") or {}).get(key) or {}
        if given and (spec.role == SERVER or name not in SERVERS_ONLY):
            found.setdefault(name, {}).update({flag: text(value) for flag, value in given.items()})
    return found


def _kubelet(spec: Spec) -> dict[str, str | None]:
    found: dict[str, str | None] = {
        "--cluster-domain": "cluster.local",
        "--config-dir": paths.KUBELET_DROPINS,
        # A flag beats the drop-ins; the first of them says the same.
        "--eviction-hard": None,
    }
    if spec.settings.get("dns_enabled") is not False:
        found["--cluster-dns"] = networks.service_address(spec, networks.DNS_HOST)
    if spec.node_ips:
        found["--node-ip"] = ",".join(spec.node_ips)
    return found


def _never(spec: Spec) -> list[str]:
    ranges = [text for found in networks.ranges(spec).values() for text in found]
    return [".cluster.local", *ranges, *spec.node_ips]


def _shell(value: str) -> str:
    """As it stands in `containerd-env`, which a shell reads: a password may hold what that goes by."""
    from shlex import quote

    return quote(value)


def names(spec: Spec) -> list[str]:
    """Names and addresses for the API server's certificate, beside those that MicroK8s knows."""
    found = [*(spec.settings.get("tls_sans") or ()), *spec.node_ips]
    endpoint = urlsplit(str(spec.settings.get("api_endpoint") or "")).hostname
    found += [endpoint] if endpoint else []
    if spec.settings.get("service_cidr"):
        found.append(networks.service_address(spec, 1))  # the API's own Service
    return list(dict.fromkeys(found))


def text(value: t.Any) -> str | None:
    """A value of extra_config as it stands on its line; None takes the line away."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def check(role: str, key: str, given: t.Any) -> list[Problem]:
    """What of one mapping of extra_config cannot be carried out: MicroK8s checks none of it."""
    name = FILES[key]
    if role != SERVER and name in SERVERS_ONLY:
        return [Problem(key, "is about a part that only servers run")]
    if not isinstance(given, dict):
        return [Problem(key, "must be a mapping of flags to values")]
    found = []
    form = _VARIABLE if name.endswith("-env") else _FLAG
    for flag, value in given.items():
        place = f"{key}.{flag}"
        ours = OURS.get(name, {}).get(str(flag))
        if not re.match(form, str(flag)):
            example = "A_VARIABLE" if name.endswith("-env") else "--a-flag"
            found.append(Problem(place, f"is not written like {example}"))
        elif ours is not None:
            found.append(Problem(place, "is set by this collection", ours))
        elif isinstance(value, (dict, list)) or re.search(_CONTROL, str(value)):
            found.append(Problem(place, "must be one value on one line"))
    return found


def agrees_to_everything(spec: Spec) -> bool:
    """Whether the user has refused RBAC, which leaves the API open to every account."""
    mode = managed(spec).get("kube-apiserver", {}).get("--authorization-mode")
    return spec.role == SERVER and "RBAC" not in (mode or "").split(",")


def wanted(
    spec: Spec,
    before: t.Mapping[str, t.Sequence[str]],
    defaults: t.Mapping[str, t.Mapping[str, str]],
) -> dict[str, dict[str, str | None]]:
    """`managed`, and for flags that were ours `before` and are no more what the snap itself has there."""
    now = managed(spec)
    found: dict[str, dict[str, str | None]] = {}
    for name in (*before, *(name for name in now if name not in before)):
        former = {flag: defaults.get(name, {}).get(flag) for flag in before.get(name, ())}
        found[name] = {**former, **now.get(name, {})}
    return found
