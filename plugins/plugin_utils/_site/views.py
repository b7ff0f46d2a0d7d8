# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a site's servers see of its agents, compared with what the agents want. Pure.

An agent that asks the API about its own Node speaks TLS over the site's network: more bytes than all
else of a run with nothing to do. In the first pass of converge.yml it does not ask; a server, whose API
is on its own loopback, tells what it sees of all Nodes, and the two are compared here.
"""

from __future__ import annotations

import typing as t

from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.digests import wished
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.spec import (
    AGENT,
    OWN,
    PRESENT,
    REPORT,
    TRUST,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._doors.options import texts
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.places import places_of

Values = t.Mapping[str, t.Any]
PARTS = ("images", "objects")  # what plays of converge.yml bring after all ranks


def part(params: Values, task_vars: Values) -> str:
    """The option `planning` of a host: an agent trusts where a server of its site is in the play."""
    playing = frozenset(task_vars.get("ansible_play_hosts") or ())
    if params.get("state") != PRESENT:
        return OWN
    if params.get("role") == AGENT:
        return OWN if playing.isdisjoint(params.get("join_from") or ()) else TRUST
    places = places_of(task_vars)
    agents = any(
        place["role"] == AGENT and place["site"] == params.get("site") and name in playing
        for name, place in places.items()
    )
    return REPORT if agents else OWN


def trusting(result: Values, params: Values) -> dict[str, t.Any]:
    """`wished` of an agent's result: which Node it left to the servers, and how that must be."""
    node = (result.get("distribution") or {}).get("left")
    if not node:
        return {}
    wish = wished(texts(params.get("labels")), params.get("taints"))
    return {"wished": {"node": node, "ready": True, **wish}}


def pending_hosts(
    planned: t.Mapping[str, Values], places: t.Mapping[str, Values]
) -> list[dict[str, t.Any]]:
    """Hosts with something to do, given what the first pass registered, by name, and edge_topology.

    Each as {name, groups}: its rank in `edge_rank_N` by the host's own plan, or because no server of its site
    vouches for the Node that the host left to them: none could be asked, or one sees it otherwise;
    `edge_pending_images` and `edge_pending_objects` by what edge_site says of these.
    """
    seen: dict[str, list[Values]] = {}
    for name, result in planned.items():
        others = (result.get("distribution") or {}).get("others")
        if others and name in places:
            seen.setdefault(places[name]["site"], []).append(others)
    rows = []
    for name, result in planned.items():
        if name not in places:
            continue
        groups = [f"edge_pending_{part}" for part in PARTS if result.get(f"{part}_pending")]
        if _pending(result, seen.get(places[name]["site"], ())):
            groups.insert(0, f"edge_rank_{places[name]['rank']}")
        if groups:
            rows.append({"name": name, "groups": groups})
    return rows


def _pending(result: Values, views: t.Sequence[Values]) -> bool:
    if result.get("pending"):
        return True
    wish = result.get("wished")
    if not wish or result.get("failed") or result.get("unreachable"):
        return False
    return not views or any(not _as_wished(wish, view.get(wish["node"])) for view in views)


def _as_wished(wish: Values, found: Values | None) -> bool:
    if not found or found.get("ready") is not wish["ready"]:
        return False
    return all(wish[key] in (None, found.get(key, "")) for key in ("labels", "taints"))
