# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of a site, for modules that compare them with the cluster's Nodes."""

from __future__ import annotations

import typing as t

from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.places import places_of


def members_of(
    name: str, task_vars: t.Mapping[str, t.Any], hosts: t.Mapping[str, t.Mapping[str, t.Any]]
) -> tuple[dict[str, t.Any], list[dict[str, t.Any]]]:
    """(the row of host `name`, the rows of its site), as options `members` take them.

    Nothing but the row itself is known before edge_topology has run. Another name of a host has no
    row of its own. `hosts`: variables by name.
    """
    places = places_of(task_vars)
    site = (places.get(name) or {}).get("site")
    names = [other for other, place in places.items() if site and place["site"] == site]
    rows = [row(other, hosts[other]) for other in names if not places[other]["alias_of"]]
    own = (places.get(name) or {}).get("alias_of") or name
    return row(own, hosts[own]), rows


def row(name: str, values: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What tells which Node is the host's; strings only, so that it may travel."""
    given = values.get("edge_node_ip") or []
    ips = given.split(",") if isinstance(given, str) else given
    addresses = [str(ip).strip() for ip in ips]
    if values.get("ansible_connection") != "local":
        addresses.append(str(values.get("ansible_host") or name))
    found: dict[str, t.Any] = {"name": str(name), "addresses": addresses}
    if values.get("edge_node_name"):
        found["node_name"] = str(values["edge_node_name"])
    return found
