# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pods inside of manifests: where they are, and which of their containers have no limits. Pure."""

from __future__ import annotations

import typing as t

Manifest = t.Mapping[str, t.Any]
LIMITS = ("cpu", "memory")
_TEMPLATED = {
    "": ("ReplicationController",),
    "apps": ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"),
    "batch": ("Job",),
}


def pod_template(manifest: Manifest) -> t.Mapping[str, t.Any] | None:
    """The part that describes pods, with their metadata and spec; None where a kind makes none."""
    group, kind = str(manifest.get("apiVersion", "")).rpartition("/")[0], manifest.get("kind")
    spec = _mapping(manifest.get("spec"))
    if (group, kind) == ("", "Pod"):
        return manifest
    if (group, kind) == ("batch", "CronJob"):
        spec = _mapping(_mapping(spec.get("jobTemplate")).get("spec"))
    elif kind not in _TEMPLATED.get(group, ()):
        return None
    return _mapping(spec.get("template"))


def unlimited(manifest: Manifest) -> list[str]:
    """Names of the containers that have no limit of cpu or of memory, their own or their pod's."""
    template = pod_template(manifest)
    if template is None:
        return []
    pod = _mapping(template.get("spec"))
    whole = _limits(pod)
    containers = [
        _mapping(row) for key in ("initContainers", "containers") for row in _list(pod.get(key))
    ]
    return [
        str(row.get("name"))
        for row in containers
        if any(name not in _limits(row) and name not in whole for name in LIMITS)
    ]


def _limits(holder: t.Mapping[str, t.Any]) -> t.Mapping[str, t.Any]:
    found = _mapping(_mapping(holder.get("resources")).get("limits"))
    return {name: value for name, value in found.items() if value not in (None, "")}


def _mapping(value: t.Any) -> t.Mapping[str, t.Any]:
    """What a server will refuse is none of our business here: it says so better."""
    return value if isinstance(value, t.Mapping) else {}


def _list(value: t.Any) -> t.Sequence[t.Any]:
    return value if isinstance(value, list) else ()
