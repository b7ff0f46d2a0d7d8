# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where objects of a kind live in the API. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Union
from urllib.parse import quote, urlencode

from .._core.errors import EdgeError


class Resource(NamedTuple):
    """`root` is api/v1 or apis/<group>/<version>; cluster-wide kinds are not `namespaced`.

    The rest is known of what discovery has found.
    """

    root: str
    plural: str
    namespaced: bool = True
    kind: str = ""
    api_version: str = ""
    verbs: tuple[str, ...] = ()


FIELD_MANAGER = "lightk8s-edge"
Kind = Union[str, Resource]  # a name in RESOURCES, or what discovery has found
_CORE, _APPS, _RBAC = "api/v1", "apis/apps/v1", "apis/rbac.authorization.k8s.io/v1"

# The kinds that nodes and sites need; with their plurals by the API's own conventions.
RESOURCES: dict[str, Resource] = {
    "ClusterRole": Resource(_RBAC, "clusterroles", namespaced=False),
    "ClusterRoleBinding": Resource(_RBAC, "clusterrolebindings", namespaced=False),
    "ConfigMap": Resource(_CORE, "configmaps"),
    "CustomResourceDefinition": Resource(
        "apis/apiextensions.k8s.io/v1", "customresourcedefinitions", namespaced=False
    ),
    "DaemonSet": Resource(_APPS, "daemonsets"),
    "Deployment": Resource(_APPS, "deployments"),
    "Event": Resource(_CORE, "events"),
    "Lease": Resource("apis/coordination.k8s.io/v1", "leases"),
    "Namespace": Resource(_CORE, "namespaces", namespaced=False),
    "Node": Resource(_CORE, "nodes", namespaced=False),
    "Pod": Resource(_CORE, "pods"),
    "PodDisruptionBudget": Resource("apis/policy/v1", "poddisruptionbudgets"),
    "ReplicaSet": Resource(_APPS, "replicasets"),
    "Secret": Resource(_CORE, "secrets"),
    "Service": Resource(_CORE, "services"),
    "ServiceAccount": Resource(_CORE, "serviceaccounts"),
    "StatefulSet": Resource(_APPS, "statefulsets"),
}


def group_root(group: str, version: str) -> tuple[str, str]:
    """(root of the paths, apiVersion of the objects); the core's group has no name."""
    return (
        (f"apis/{group}/{version}", f"{group}/{version}") if group else (f"api/{version}", version)
    )


def object_path(kind: Kind, namespace: str, name: str = "", subresource: str = "") -> str:
    """The path of an object, or of all of a kind (in all namespaces where `namespace` is empty)."""
    if isinstance(kind, str) and kind not in RESOURCES:
        raise EdgeError(f"no such kind: {kind}", kind="internal")
    resource = RESOURCES[kind] if isinstance(kind, str) else kind
    if name and resource.namespaced and not namespace:
        raise EdgeError(f"{resource.plural} {name}: a namespace is needed", kind="internal")
    parts = [resource.root]
    if namespace and resource.namespaced:
        parts += ["namespaces", quote(namespace, safe="")]
    parts += [resource.plural, *(quote(part, safe="") for part in (name, subresource) if part)]
    return "/" + "/".join(parts)


def with_query(path: str, query: Mapping[str, str | int]) -> str:
    """Append the parameters that are not empty."""
    wanted = {name: value for name, value in query.items() if value not in ("", None)}
    return f"{path}?{urlencode(wanted)}" if wanted else path
