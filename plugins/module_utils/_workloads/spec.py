# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cluster is to run: manifests of any kind, and how they are brought about. No I/O."""

from __future__ import annotations

import typing as t

from .._core.errors import EdgeError
from .._core.records import dataclass, replace
from .limits import unlimited

Manifest = t.Mapping[str, t.Any]
PRESENT, ABSENT = STATES = ("present", "absent")
# What others need comes first, what judges or serves others' requests last; deletion goes the other way.
FIRST = (
    "Namespace",
    "CustomResourceDefinition",
    "PriorityClass",
    "RuntimeClass",
    "StorageClass",
    "ServiceAccount",
    "ClusterRole",
    "Role",
    "ClusterRoleBinding",
    "RoleBinding",
    "LimitRange",
    "ResourceQuota",
    "NetworkPolicy",
    "Secret",
    "ConfigMap",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Service",
)
LAST = (
    "APIService",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
)


@dataclass(frozen=True)
class Spec:
    """Objects as they are to be, or that are to be no more.

    `namespace` is that of objects which name none. What bears the mark of `owner` and is not among
    `objects` is removed. `force` takes over fields that others manage, `recreate` replaces what cannot be
    changed. `wait_timeout` is seconds for all of them together.
    """

    objects: tuple[Manifest, ...]
    state: str = PRESENT
    namespace: str = "default"
    owner: str = ""
    force: bool = False
    recreate: bool = False
    wait: bool = True
    wait_timeout: float = 300
    allow_unlimited: bool = False
    restart_on_secret_change: bool = False
    # Names of namespaces and priority classes that others create before what needs them.
    expected: tuple[str, ...] = ()
    # Labels of objects that may go without limits where others may not.
    unlimited: tuple[str, ...] = ()


def label(manifest: Manifest) -> str:
    """How people call an object: kind, namespace where it names one, name."""
    meta = manifest.get("metadata") or {}
    place = f"{meta['namespace']}/" if meta.get("namespace") else ""
    return f"{manifest.get('kind')} {place}{meta.get('name')}"


def group_of(manifest: Manifest) -> str:
    """The group of the API; empty for the core's."""
    return str(manifest.get("apiVersion", "")).rpartition("/")[0]


def checked(spec: Spec) -> Spec:
    """The spec with lists taken apart and objects in order. EdgeError(kind=spec) for what makes no sense."""
    objects = [item for entry in spec.objects for item in apart(entry)]
    for number, item in enumerate(objects, 1):
        _check(item, number)
    _refuse_twins(objects, spec.namespace)
    if spec.state == PRESENT and not spec.allow_unlimited:
        _refuse_unlimited([item for item in objects if label(item) not in spec.unlimited])
    return replace(spec, objects=tuple(sorted(objects, key=rank)))


def rank(manifest: Manifest) -> int:
    """The place of a kind in the order."""
    kind = manifest.get("kind")
    if kind in FIRST:
        return FIRST.index(kind)
    return len(FIRST) + (1 + LAST.index(kind) if kind in LAST else 0)


def apart(entry: Manifest) -> t.Iterator[Manifest]:
    """A List's items (of kind List, or of a kind such as ConfigMapList), else the entry itself."""
    items = entry.get("items") if hasattr(entry, "get") else None
    if isinstance(items, list) and str(entry.get("kind", "")).endswith("List"):
        kind = str(entry["kind"])[: -len("List")]
        defaults = {"apiVersion": entry.get("apiVersion"), "kind": kind} if kind else {}
        for item in items:
            yield from apart({**defaults, **item} if isinstance(item, t.Mapping) else item)
    else:
        yield entry


def _check(item: t.Any, number: int) -> None:
    if not isinstance(item, t.Mapping):
        raise _wrong(f"manifest {number} is no mapping", "")
    meta = item.get("metadata")
    for key in ("apiVersion", "kind"):
        if not isinstance(item.get(key), str) or not item[key]:
            raise _wrong(
                f"manifest {number} has no {key}", "every manifest names its apiVersion and kind"
            )
    name = meta.get("name") if isinstance(meta, t.Mapping) else None
    if isinstance(meta, t.Mapping) and meta.get("generateName") and not name:
        raise _wrong(
            f"manifest {number} ({item['kind']}) has a generateName",
            "give it a name: one that is made up anew each time cannot be found again",
        )
    if not isinstance(name, str) or not name:
        raise _wrong(f"manifest {number} ({item['kind']}) has no metadata.name", "")


def _refuse_twins(objects: t.Sequence[Manifest], namespace: str) -> None:
    seen = set()
    for item in objects:
        meta = item["metadata"]
        key = (group_of(item), item["kind"], meta.get("namespace") or namespace, meta["name"])
        if key in seen:
            raise _wrong(f"{label(item)} is described twice", "keep one of the two")
        seen.add(key)


def _refuse_unlimited(objects: t.Sequence[Manifest]) -> None:
    found = [
        f"{label(item)}: {', '.join(rows)}"
        for item in objects
        for rows in [unlimited(item)]
        if rows
    ]
    if found:
        raise _wrong(
            f"without limits of cpu and memory: {'; '.join(found)}",
            "set resources.limits of these containers, or allow_unlimited: true",
        )


def _wrong(text: str, hint: str) -> EdgeError:
    return EdgeError(text, kind="spec", hint=hint)
