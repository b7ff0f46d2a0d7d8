# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judging the network: taken ports, overlapping ranges, the default route. Pure."""

from __future__ import annotations

import ipaddress
import typing as t

from .._core.proc import Network, Route
from .spec import Finding, Seen, Wish

Found = t.Iterator[tuple[bool, Finding]]
DUMMY = (
    "ip link add dummy0 type dummy; ip link set dummy0 up; ip addr add 203.0.113.254/31 dev dummy0;"
    " ip route add default via 203.0.113.255 dev dummy0 metric 1000"
)


def ports(wish: Wish, seen: Seen) -> Found:
    """Ports that something else holds; where the distribution runs, it holds them itself."""
    if seen.running:
        return
    for port in seen.taken:
        holder = f" by {port.holder}" if port.holder else ""
        text = f"port {port.number}/{port.protocol} ({port.what}) is taken{holder}"
        yield True, Finding("port", text, "stop what listens there")


def ranges(wish: Wish, seen: Seen) -> Found:
    """The cluster's ranges against every network that the node has a route to."""
    routes = [route for route in seen.routes if not _of_cluster(route, seen)]
    for what, texts in seen.needs.networks.items():
        for text in texts:
            network = _network(text)
            if network is None:
                continue  # the distribution's own check names it
            for route in routes:
                if _overlap(route, network) and not (
                    seen.running and _leads_inside(route, network)
                ):
                    lan = f"{route.network} ({route.interface})"
                    message = f"the range of {what}, {text}, overlaps with {lan}"
                    name = "edge_cluster_cidr" if what == "pods" else "edge_service_cidr"
                    yield True, Finding("network", message, f"choose another range by {name}")


def _of_cluster(route: Route, seen: Seen) -> bool:
    return route.default or route.interface.startswith(seen.needs.interfaces)


def _overlap(route: Route, network: Network) -> bool:
    return route.network.version == network.version and network.overlaps(route.network)


def _leads_inside(route: Route, network: Network) -> bool:
    """Whether it is the cluster's own way to another node's part of the range."""
    return route.gateway and route.network.prefixlen > network.prefixlen


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def default_route(wish: Wish, seen: Seen) -> Found:
    """A distribution may take the node's address from the default route."""
    need = seen.needs.default_route
    if need and not any(route.default for route in seen.routes):
        text = f"there is no default route, and {seen.needs.title} takes the node's address from it"
        hint = f"set edge_node_ip, or make a route that leads nowhere: {DUMMY}"
        if need != "must":
            text = (
                "there is no default route, from which the cluster's network chooses its interface"
            )
            hint = f"make a route that leads nowhere: {DUMMY}"
        yield need == "must" and not seen.running, Finding("route", text, hint)


JUDGES = (ports, ranges, default_route)
