# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What cloudcore needs in its cluster: its kinds, a namespace, an account and its rights. Pure.

Names, versions and rights are those of KubeEdge v1.23 (its CustomResourceDefinitions and ClusterRole).
Kinds that are there already are left as they are; those made here take any content, for cloudcore
checks it itself.
"""

from __future__ import annotations

import typing as t

from ..._core.records import dataclass
from .paths import NAMESPACE

Object = dict[str, t.Any]
ACCOUNT = "cloudcore"
TOKEN = "cloudcore-token"
OURS = {"app.kubernetes.io/managed-by": "lightk8s-edge"}
READ = ("get", "list", "watch")
WRITE = (*READ, "create", "update")
ALL = (*WRITE, "patch", "delete")


@dataclass(frozen=True)
class Kind:
    """One CustomResourceDefinition; the last version is the one that is stored."""

    group: str
    name: str
    plural: str
    versions: tuple[str, ...]
    namespaced: bool = True
    status: bool = True
    short: str = ""

    @property
    def full(self) -> str:
        """The name of the definition."""
        return f"{self.plural}.{self.group}.kubeedge.io"


KINDS = (
    Kind("apps", "EdgeApplication", "edgeapplications", ("v1alpha1",), short="eapp"),
    Kind("apps", "NodeGroup", "nodegroups", ("v1alpha1",), False, short="ng"),
    Kind("devices", "Device", "devices", ("v1alpha2", "v1beta1"), status=False),
    Kind("devices", "DeviceModel", "devicemodels", ("v1alpha2", "v1beta1"), status=False),
    Kind("devices", "DeviceStatus", "devicestatuses", ("v1alpha2", "v1beta1"), status=False),
    Kind("operations", "ConfigUpdateJob", "configupdatejobs", ("v1alpha2",), False),
    Kind("operations", "ImagePrePullJob", "imageprepulljobs", ("v1alpha1", "v1alpha2"), False),
    Kind("operations", "NodeUpgradeJob", "nodeupgradejobs", ("v1alpha1", "v1alpha2"), False),
    Kind(
        "policy", "ServiceAccountAccess", "serviceaccountaccesses", ("v1alpha1",), short="saaccess"
    ),
    Kind("reliablesyncs", "ClusterObjectSync", "clusterobjectsyncs", ("v1alpha1",), False),
    Kind("reliablesyncs", "ObjectSync", "objectsyncs", ("v1alpha1",)),
    Kind("rules", "Rule", "rules", ("v1",), status=False),
    Kind("rules", "RuleEndpoint", "ruleendpoints", ("v1",), status=False, short="re"),
)
RULES: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "",
        (
            *(
                "nodes",
                "nodes/status",
                "serviceaccounts/token",
                "configmaps",
                "pods",
                "pods/status",
            ),
            *("secrets", "endpoints", "services", "persistentvolumes", "persistentvolumeclaims"),
        ),
        WRITE,
    ),
    ("", ("namespaces",), (*READ, "create")),
    ("", ("nodes", "nodes/status", "pods/status"), ("patch",)),
    ("", ("pods", "configmaps"), ("delete",)),
    ("coordination.k8s.io", ("leases",), WRITE),
    (
        "devices.kubeedge.io",
        ("devices", "devicemodels", "devicestatuses", "devices/status", "devicemodels/status"),
        ALL,
    ),
    (
        "reliablesyncs.kubeedge.io",
        ("objectsyncs", "clusterobjectsyncs", "objectsyncs/status", "clusterobjectsyncs/status"),
        ALL,
    ),
    ("rules.kubeedge.io", ("rules", "ruleendpoints", "rules/status", "ruleendpoints/status"), ALL),
    ("apiextensions.k8s.io", ("customresourcedefinitions",), ALL),
    ("networking.istio.io", ("*",), READ),
    (
        "operations.kubeedge.io",
        tuple(
            f"{name}{part}"
            for name in ("nodeupgradejobs", "imageprepulljobs", "configupdatejobs")
            for part in ("", "/status")
        ),
        (*READ, "update", "patch"),
    ),
    ("policy.kubeedge.io", ("serviceaccountaccesses", "serviceaccountaccesses/status"), ALL),
    # What serviceaccountaccesses are made from, where an edge node asks for rights of its pods.
    ("", ("serviceaccounts",), READ),
)


def definition(kind: Kind) -> Object:
    """The CustomResourceDefinition of a kind, open to any content."""
    names = {"kind": kind.name, "listKind": f"{kind.name}List", "plural": kind.plural}
    names["singular"] = kind.name.lower()
    short = {"shortNames": [kind.short]} if kind.short else {}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": kind.full, "labels": OURS},
        "spec": {
            "group": f"{kind.group}.kubeedge.io",
            "names": {**names, **short},
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "versions": [_version(kind, name) for name in kind.versions],
        },
    }


def _version(kind: Kind, name: str) -> Object:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    found: Object = {"name": name, "served": True, "storage": name == kind.versions[-1]}
    if kind.status:
        found["subresources"] = {"status": {}}
    return {**found, "schema": {"openAPIV3Schema": schema}}


def rights() -> list[Object]:
    """The rules of the ClusterRole."""
    return [
        {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}
        for group, resources, verbs in RULES
    ]


def account() -> list[Object]:
    """Namespace, account with a token that does not end, role and binding, in their order."""
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}
    group = "rbac.authorization.k8s.io"
    role = {"apiGroup": group, "kind": "ClusterRole", "name": ACCOUNT}
    inside = {"name": ACCOUNT, "namespace": NAMESPACE, "labels": OURS}
    token = {
        "name": TOKEN,
        "namespace": NAMESPACE,
        "labels": OURS,
        "annotations": {"kubernetes.io/service-account.name": ACCOUNT},
    }
    wide = {"name": ACCOUNT, "labels": OURS}
    return [
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": NAMESPACE, "labels": OURS},
        },
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": inside},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": token,
            "type": "kubernetes.io/service-account-token",
        },
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRole",
            "metadata": wide,
            "rules": rights(),
        },
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": wide,
            "roleRef": role,
            "subjects": [subject],
        },
    ]


def kubeconfig(server: str, authority: str, token: str) -> Object:
    """Cloudcore's own way into the cluster; `authority` is base64 of PEM, empty for the system's."""
    cluster = {"server": server}
    if authority:
        cluster["certificate-authority-data"] = authority
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": ACCOUNT, "cluster": cluster}],
        "users": [{"name": ACCOUNT, "user": {"token": token}}],
        "contexts": [{"name": ACCOUNT, "context": {"cluster": ACCOUNT, "user": ACCOUNT}}],
        "current-context": ACCOUNT,
    }
