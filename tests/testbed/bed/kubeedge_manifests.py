# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What KubeEdge's sources have under `build/` for a cluster: open definitions of its resources,
and the namespace and rights of cloudcore as far as the stand-in uses them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

Object = dict[str, Any]
ACCOUNT = "cloudcore"
NAMESPACE = "kubeedge"
# file, group, version, kind, whether it is of a namespace
DEFINITIONS = (
    ("apps/apps_v1alpha1_edgeapplication", "apps", "v1alpha1", "EdgeApplication", True),
    ("apps/apps_v1alpha1_nodegroup", "apps", "v1alpha1", "NodeGroup", False),
    ("devices/devices_v1beta1_device", "devices", "v1beta1", "Device", True),
    ("devices/devices_v1beta1_devicemodel", "devices", "v1beta1", "DeviceModel", True),
    ("devices/devices_v1beta1_devicestatus", "devices", "v1beta1", "DeviceStatus", True),
    (
        "operations/operations_v1alpha2_configupdatejob",
        "operations",
        "v1alpha2",
        "ConfigUpdateJob",
        False,
    ),
    (
        "operations/operations_v1alpha2_imageprepulljob",
        "operations",
        "v1alpha2",
        "ImagePrePullJob",
        False,
    ),
    (
        "operations/operations_v1alpha2_nodeupgradejob",
        "operations",
        "v1alpha2",
        "NodeUpgradeJob",
        False,
    ),
    (
        "policy/policy_v1alpha1_serviceaccountaccess",
        "policy",
        "v1alpha1",
        "ServiceAccountAccess",
        True,
    ),
    (
        "reliablesyncs/cluster_objectsync_v1alpha1",
        "reliablesyncs",
        "v1alpha1",
        "ClusterObjectSync",
        False,
    ),
    ("reliablesyncs/objectsync_v1alpha1", "reliablesyncs", "v1alpha1", "ObjectSync", True),
    ("router/router_v1_rule", "rules", "v1", "Rule", True),
    ("router/router_v1_ruleEndpoint", "rules", "v1", "RuleEndpoint", True),
)
READ = ["get", "list", "watch"]
KEEP = [*READ, "create", "update"]
# as `kubectl auth can-i --list` showed them for the account of the original's cloudcore
RIGHTS: dict[tuple[str, ...], list[str]] = {
    ("nodes", "nodes/status", "pods/status"): [*KEEP, "patch"],
    ("pods", "configmaps"): [*KEEP, "delete"],
    ("secrets", "services", "endpoints", "serviceaccounts/token"): KEEP,
    ("persistentvolumes", "persistentvolumeclaims"): KEEP,
    ("namespaces",): [*READ, "create"],
    ("leases.coordination.k8s.io",): KEEP,
    ("volumeattachments.storage.k8s.io",): READ,
    tuple(
        f"{name}{sub}.reliablesyncs.kubeedge.io"
        for name in ("objectsyncs", "clusterobjectsyncs")
        for sub in ("", "/status")
    ): [*KEEP, "patch", "delete"],
}


def _rules() -> list[Object]:
    rules: list[Object] = []
    for names, verbs in RIGHTS.items():
        group = names[0].partition(".")[2]
        resources = [name.partition(".")[0] for name in names]
        rules.append({"apiGroups": [group], "resources": resources, "verbs": verbs})
    return rules


def _plural(kind: str) -> str:
    name = kind.lower()
    return f"{name}es" if name.endswith("s") else f"{name}s"


def definition(group: str, version: str, kind: str, namespaced: bool) -> Object:
    """One that takes any fields."""
    domain, plural = f"{group}.kubeedge.io", _plural(kind)
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{domain}"},
        "spec": {
            "group": domain,
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": plural,
                "singular": kind.lower(),
            },
            "scope": "Namespaced" if namespaced else "Cluster",
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                    "subresources": {"status": {}},
                },
            ],
        },
    }


def _cloud() -> dict[str, Object]:
    rights = "rbac.authorization.k8s.io"
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}
    role = {"apiGroup": rights, "kind": "ClusterRole", "name": ACCOUNT}
    return {
        "01-namespace": {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        "02-serviceaccount": {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": ACCOUNT, "namespace": NAMESPACE},
        },
        "03-clusterrole": {
            "apiVersion": f"{rights}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": ACCOUNT},
            "rules": _rules(),
        },
        "04-clusterrolebinding": {
            "apiVersion": f"{rights}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": ACCOUNT},
            "roleRef": role,
            "subjects": [subject],
        },
    }


def write(build: Path) -> None:
    """Lay them out as the sources do."""
    files = {
        f"crds/{name}": definition(group, version, kind, namespaced)
        for name, group, version, kind, namespaced in DEFINITIONS
    }
    files |= {f"cloud/{name}": content for name, content in _cloud().items()}
    for name, content in files.items():
        path = build / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
