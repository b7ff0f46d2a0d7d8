# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an inventory to sites: who begins, who joins whom, and in which order. Pure."""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import dataclass, field, replace

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.registry import DEFAULT

SERVER, AGENT = "server", "agent"
DEFAULT_SITE = "site"
AGENTS_RANK = 7  # etcd's own advice: no more than seven members
MAX_SERVERS = AGENTS_RANK
# Group names that other K3s inventories use for nodes without a control plane, and for those with one.
AGENT_GROUPS = frozenset(
    ("agent", "agents", "worker", "workers", "node", "nodes", "k3s_agent", "k3s_agents")
)
SERVER_GROUPS = frozenset(
    ("server", "servers", "master", "masters", "k3s_server", "k3s_servers", "control_plane")
)


@dataclass(frozen=True)
class Member:
    """One inventory host, as far as topology cares. `address` is how the site's nodes reach it."""

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


@dataclass(frozen=True)
class Place:
    """Where a host stands in its site; `refusal` says why nothing may be done with the site."""

    site: str
    role: str
    rank: int
    initial: bool
    join_from: t.Mapping[str, str] = field(default_factory=dict)
    refusal: EdgeError | None = None

    def facts(self) -> dict[str, t.Any]:
        """As a fact."""
        found: dict[str, t.Any] = {
            "site": self.site,
            "role": self.role,
            "rank": self.rank,
            "initial": self.initial,
            "join_from": dict(self.join_from),
        }
        if self.refusal is not None:
            failure = self.refusal.failure()
            found["refusal"] = {key: failure[key] for key in ("message", "kind", "hint")}
        return found


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


def survives_restart(servers: int, away: int) -> bool:
    """Whether etcd keeps its majority while one of its living servers restarts.

    With every server there a restart is as safe as it can be made.
    """
    return not away or servers - away - 1 >= servers // 2 + 1


def arrange(members: t.Sequence[Member], port: int = 6443) -> dict[str, Place]:
    """The place of each member that is in the play. A site that is wrong is refused, others are not."""
    by_name = {member.name: member for member in members}
    wrong = _wrong_by_members(members, by_name)
    present = {member.alias_of or member.name for member in members if member.in_play}
    sites: dict[str, list[Member]] = {}
    for member in members:
        if not member.alias_of:
            here = replace(member, in_play=member.name in present)
            sites.setdefault(member.site, []).append(here)
    places: dict[str, Place] = {}
    for site, group in sites.items():
        places.update(_places(group, port, wrong.get(site) or _wrong_site(site, group)))
    for member in members:
        if member.alias_of:
            places[member.name] = places.get(member.alias_of) or Place(
                member.site, member.role, AGENTS_RANK, False, refusal=wrong[member.site]
            )
    return {name: place for name, place in places.items() if by_name[name].in_play}


def _places(group: t.Sequence[Member], port: int, refusal: EdgeError | None) -> dict[str, Place]:
    servers = [member for member in group if member.role == SERVER]
    urls = {member.name: f"https://{_bracket(member.address)}:{port}" for member in servers}
    places: dict[str, Place] = {}
    for number, member in enumerate(servers):
        others = {name: url for name, url in urls.items() if name != member.name}
        places[member.name] = Place(member.site, SERVER, number, number == 0, others, refusal)
    for member in group:
        if member.role == AGENT:
            places[member.name] = Place(member.site, AGENT, AGENTS_RANK, False, urls, refusal)
    return places


def _bracket(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _wrong_by_members(
    members: t.Sequence[Member], by_name: t.Mapping[str, Member]
) -> dict[str, EdgeError]:
    """Site -> the first thing that is wrong with its hosts one by one, or with two of them."""
    wrong: dict[str, EdgeError] = {}
    owners: dict[str, Member] = {}
    for member in members:
        if member.problem is not None:
            wrong.setdefault(member.site, member.problem)
        elif member.alias_of:
            if member.alias_of not in by_name or by_name[member.alias_of].alias_of:
                wrong.setdefault(member.site, _alias_of_nobody(member))
        elif member.machine:
            first = owners.setdefault(member.machine, member)
            if first is not member:
                for site in (first.site, member.site):
                    wrong.setdefault(site, _one_machine(first, member, site))
    return wrong


def _alias_of_nobody(member: Member) -> EdgeError:
    return EdgeError(
        f"{member.name}: edge_alias_of names {member.alias_of!r}, which is no host of its own",
        kind="spec",
        hint="name the inventory host that stands for the machine",
        site=member.site,
    )


def _one_machine(first: Member, second: Member, site: str) -> EdgeError:
    return EdgeError(
        f"{first.name} and {second.name} are one machine ({second.machine})",
        kind="spec",
        hint=f"remove one of them, or set edge_alias_of: {first.name} on {second.name}",
        site=site,
    )


def _wrong_site(site: str, group: t.Sequence[Member]) -> EdgeError | None:
    try:
        _check_site(site, group)
    except EdgeError as exc:
        return exc
    return None


def _check_site(site: str, group: t.Sequence[Member]) -> None:
    servers = [member for member in group if member.role == SERVER]
    _check_whole(site, group)
    if not servers:
        raise EdgeError(
            "no host of this site is a server", kind="spec", hint="set edge_role", site=site
        )
    for what, values in (
        ("edge_distribution", {member.distribution for member in group}),
        ("edge_storage_type", {member.storage for member in servers}),
    ):
        if len(values) > 1:
            raise EdgeError(
                f"{what} differs between hosts of one site: {', '.join(sorted(values))}",
                kind="spec",
                hint=f"set {what} once, for the whole site",
                site=site,
            )
    _check_servers(site, servers)
    names = Counter(member.node_name for member in group if member.node_name)
    twice = sorted(name for name, count in names.items() if count > 1)
    if twice:
        raise EdgeError(
            f"two nodes have the name {twice[0]}",
            kind="spec",
            hint="give each its own edge_node_name",
            site=site,
        )


def _check_whole(site: str, group: t.Sequence[Member]) -> None:
    absent = sorted(member.name for member in group if not member.in_play)
    if absent and not all(member.partial for member in group if member.in_play):
        raise EdgeError(
            f"this run sees only a part of the site; left out: {', '.join(absent)}",
            kind="refused",
            hint="run on the whole site (a limit by site, no job slicing across a site),"
            " or set edge_partial_site: true",
            site=site,
        )


def _check_servers(site: str, servers: t.Sequence[Member]) -> None:
    storage = servers[0].storage
    count = len(servers)
    if count == 1 or storage == "external":
        return
    if storage == "sqlite":
        raise EdgeError(
            f"sqlite cannot serve {count} servers",
            kind="spec",
            hint="set edge_storage_type: etcd, or keep one server",
            site=site,
        )
    if count % 2 == 0:
        raise EdgeError(
            f"{count} etcd servers bear no more failures than {count - 1}",
            kind="spec",
            hint="use an odd number of servers; the others can be agents",
            site=site,
        )
    if count > MAX_SERVERS:
        raise EdgeError(
            f"{count} etcd servers are too many",
            kind="spec",
            hint=f"at most {MAX_SERVERS}; the others can be agents",
            site=site,
        )
