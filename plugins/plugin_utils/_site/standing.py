# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What this run knows already of the other hosts of a site: results that earlier tasks have registered."""

from __future__ import annotations

import typing as t

from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.places import REMOVALS, places_of
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.topology import survives_restart

Vars = t.Mapping[str, t.Any]
# By converge.yml: its first look, its change. By the roles preflight and distribution.
PLANNED = "__edge_planned"
RESULTS = (PLANNED, "__edge_applied", "__preflight_found", "distribution_result")
HARMLESS = ("restart systemd-", "restart lightk8s-")
REMEDY = "bring it back, or take it out of the site with playbooks/remove_node.yml, then run again"


def failed_peer(params: Vars, task_vars: Vars) -> str:
    """A host of the task's site that was refused or failed earlier in this run of converge.yml."""
    hostvars = task_vars.get("hostvars") or {}
    site = params.get("site")
    members = [name for name, place in places_of(task_vars).items() if place["site"] == site]
    for peer in dict.fromkeys([*(params.get("join_from") or {}), *members]):
        if peer in hostvars:
            values = hostvars[peer]
            refused = (values.get(PLANNED) or {}).get("failed")
            if refused or values.get("__edge_failed") is not None:
                return str(peer)
    return ""


def needed_peers(params: Vars, task_vars: Vars) -> list[str]:
    """Servers that are away, where a restart of this one would cost etcd its majority."""
    if params.get("role") == "agent" or params.get("state") in REMOVALS:
        return []
    if task_vars.get("__edge_planning"):  # all hosts at once: nothing is known of the others yet
        return []
    if params.get("storage_type") not in (None, "etcd"):
        return []
    hostvars = task_vars.get("hostvars") or {}
    peers = list(params.get("join_from") or {})
    away = [peer for peer in peers if peer in hostvars and _is_away(hostvars[peer])]
    return [] if survives_restart(len(peers) + 1, len(away)) else away


def _is_away(values: Vars) -> bool:
    """Not to be reached, or installed and not running when it was last looked at."""
    results = [values.get(name) or {} for name in RESULTS]
    if any(result.get("unreachable") for result in results):
        return True
    seen = [result["distribution"] for result in results if result.get("distribution")]
    return bool(seen) and seen[-1].get("service") == "stopped"


def restarts_distribution(result: Vars) -> bool:
    """Whether a module has foretold a restart of more than the system's own services and the agent."""
    said = [str(action) for action in result.get("actions") or ()]
    return any(a.startswith("restart ") and not a.startswith(HARMLESS) for a in said)


def left_alone(site: str, away: t.Sequence[str]) -> str:
    """Why a server waits, and what to do."""
    gone = ", ".join(away)
    return f"site {site}: left alone, etcd would stop while {gone} is away ({REMEDY})"
