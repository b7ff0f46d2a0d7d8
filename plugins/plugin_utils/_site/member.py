# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One inventory host, and what it is beside others. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.registry import DEFAULT

SERVER, AGENT = "server", "agent"
DEFAULT_SITE = "site"
MAX_SERVERS = 7  # etcd's own advice: no more members
# Servers that work for a cluster which another distribution runs come after all of its servers.
GUESTS_RANK = MAX_SERVERS
AGENTS_RANK = GUESTS_RANK + 1
# Group names that other K3s inventories use for nodes without a control plane, and for those with one.
AGENT_GROUPS = frozenset(
    ("agent", "agents", "worker", "workers", "node", "nodes", "k3s_agent", "k3s_agents")
)
SERVER_GROUPS = frozenset(
    ("server", "servers", "master", "masters", "k3s_server", "k3s_servers", "control_plane")
)


@dataclass(frozen=True)
class Member:
    """One inventory host, as far as topology cares. `address` is how the site's nodes reach it.

    `alias_of` names the host whose machine this one is. With the same distribution, or an empty one, it is
    another name of that host; with another distribution a guest on its machine, which stands for itself.
    """

    name: str
    site: str
    role: str
    address: str
    machine: str  # connection address with port: two names with one machine are one host
    alias_of: str = ""
    node_name: str = ""
    storage: str = ""
    distribution: str = DEFAULT
    in_play: bool = True
    partial: bool = False
    problem: EdgeError | None = None  # what is wrong with this host by itself


def role_of(given: t.Any, groups: t.Iterable[str], host: str) -> str:
    """edge_role, else what the names of the host's groups suggest, else server."""
    if given:
        if given not in (SERVER, AGENT):
            raise EdgeError(
                f"{host}: edge_role is {given!r}", kind="spec", hint="use server or agent"
            )
        return str(given)
    named = frozenset(groups)
    agents, servers = sorted(AGENT_GROUPS & named), sorted(SERVER_GROUPS & named)
    if agents and servers:
        raise EdgeError(
            f"{host} is in the group {agents[0]} and in the group {servers[0]}",
            kind="spec",
            hint="take it out of one of them, or set edge_role",
        )
    return AGENT if agents else SERVER


def named(member: Member, by_name: t.Mapping[str, Member]) -> str:
    """The host that the member stands for: itself, unless it is merely another name."""
    host = by_name.get(member.alias_of)
    guest = host is not None and member.distribution not in ("", host.distribution)
    return member.name if guest or not member.alias_of else member.alias_of


def parts(group: t.Sequence[Member]) -> list[list[Member]]:
    """The hosts of a site by distribution."""
    found: dict[str, list[Member]] = {}
    for member in group:
        found.setdefault(member.distribution, []).append(member)
    return list(found.values())
