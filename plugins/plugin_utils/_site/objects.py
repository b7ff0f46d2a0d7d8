# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a site's inventory says of quotas and workloads, as options of edge_site."""

from __future__ import annotations

import typing as t

from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.places import begins_its_site

# The inputs, and those variables of the role workloads that say how.
VARIABLES = {
    "quotas": "edge_quotas",
    "workloads": "edge_workloads",
    "workload_secrets": "edge_workload_secrets",
    "restart_on_secret_change": "edge_restart_on_secret_change",
    "can_pull": "workloads_can_pull",
    "force_objects": "workloads_force",
    "recreate_objects": "workloads_recreate",
    "wait_timeout": "workloads_wait_timeout",
}

_WHAT = ("quotas", "workloads", "workload_secrets")


def begins_objects(place: t.Mapping[str, t.Any], variables: t.Mapping[str, t.Any]) -> bool:
    """Whether the host, at its place, is the server that brings a site's quotas and workloads, and some are named."""
    begins = place and begins_its_site(place) and not place.get("alias_of")
    return bool(begins) and any(VARIABLES[option] in variables for option in _WHAT)


def site_objects(
    variables: t.Mapping[str, t.Any], template: t.Callable[[t.Any], t.Any]
) -> dict[str, t.Any]:
    """Options from the variables of the site's first server; those that are unset are left out."""
    found: dict[str, t.Any] = {}
    for option, name in VARIABLES.items():
        value = template(variables[name]) if variables.get(name) is not None else None
        if value is not None and value != "":
            found[option] = value
    if "can_pull" not in found and template(variables.get("edge_mode")) == "offline":
        found["can_pull"] = bool(template(variables.get("edge_registries")))
    return found
