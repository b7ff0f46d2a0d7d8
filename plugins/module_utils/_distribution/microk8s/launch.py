# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The launch configuration, which MicroK8s reads once, at its installation. Pure.

Source: microk8s.io/docs, "Launch configurations reference". MicroK8s only logs keys that it does not know.
"""

from __future__ import annotations

import typing as t

from ..._core import yamlish
from ..spec import SERVER, Spec
from . import arguments, networks, paths

VERSION = "0.1.0"
KEYS = {name: key for key, name in arguments.FILES.items()}


def document(spec: Spec) -> dict[str, t.Any]:
    """What MicroK8s has to know before its first start. Joining and add-ons come later, one by one:
    here nobody would hear that they failed.
    """
    found: dict[str, t.Any] = {"version": VERSION}
    for name, lines in arguments.managed(spec).items():
        found[KEYS[name]] = dict(lines)
    sans = arguments.names(spec) if spec.role == SERVER else []
    if sans:
        found["extraSANs"] = sans
    if spec.role == SERVER and (
        spec.settings.get("cluster_cidr") or spec.settings.get("service_cidr")
    ):
        found["extraCNIEnv"] = _ranges(spec)
    registries = spec.settings.get("registries")
    if registries:
        from . import registries as files  # few sites have any

        found["containerdRegistryConfigs"] = files.hosts(registries)
    return found


def render(spec: Spec) -> str:
    """The file's text."""
    return f"{paths.MARK}\n---\n{yamlish.dump(document(spec))}"


def _ranges(spec: Spec) -> dict[str, str]:
    ranges = networks.ranges(spec)
    found = {}
    for family in ("IPv4", "IPv6"):
        mine = {
            key: next((x for x in texts if (":" in x) == (family == "IPv6")), "")
            for key, texts in ranges.items()
        }
        there = all(mine.values())
        found[f"{family}_SUPPORT"] = "true" if there else "false"
        if there:
            found[f"{family}_CLUSTER_CIDR"] = mine["cluster-cidr"]
            found[f"{family}_SERVICE_CIDR"] = mine["service-cidr"]
    return found
