# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What makes a site one that cannot work. Pure."""

from __future__ import annotations

import typing as t
from collections import Counter

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.registry import (
    brings_cluster,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.member import (
    MAX_SERVERS,
    SERVER,
    Member,
    named,
    parts,
)


def wrong_by_members(
    members: t.Sequence[Member], by_name: t.Mapping[str, Member]
) -> dict[str, EdgeError]:
    """Site -> the first thing that is wrong with its hosts one by one, or with two of them."""
    wrong: dict[str, EdgeError] = {}
    owners: dict[str, Member] = {}
    for member in members:
        if member.problem is not None:
            wrong.setdefault(member.site, member.problem)
        elif member.alias_of and (
            member.alias_of not in by_name or by_name[member.alias_of].alias_of
        ):
            wrong.setdefault(member.site, _alias_of_nobody(member))
        elif named(member, by_name) == member.name:
            if member.alias_of and brings_cluster(member.distribution):
                wrong.setdefault(member.site, _two_clusters(by_name[member.alias_of], member))
            # A machine bears each guest once, and one host beside its guests.
            guest = f"{member.distribution} on {member.alias_of}" if member.alias_of else ""
            machine = member.machine or f"{member.name} alone"
            first = owners.setdefault(guest or machine, member)
            if first is not member:
                for site in (first.site, member.site):
                    wrong.setdefault(site, _one_machine(first, member, site))
    return wrong


def _two_clusters(first: Member, second: Member) -> EdgeError:
    return EdgeError(
        f"{first.name} and {second.name} are one machine, and {second.distribution} brings a cluster of its own",
        kind="spec",
        hint="let the one whose distribution brings no cluster be the alias of the other",
        site=second.site,
    )


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


def wrong_site(site: str, group: t.Sequence[Member]) -> EdgeError | None:
    try:
        _check_site(site, group)
    except EdgeError as exc:
        return exc
    return None


def _check_site(site: str, group: t.Sequence[Member]) -> None:
    _check_whole(site, group)
    all_parts = parts(group)
    names = [part[0].distribution for part in all_parts]
    clusters = [name for name in names if len(names) == 1 or brings_cluster(name)]
    _check_same(site, "edge_distribution", clusters)
    for part in all_parts:
        servers = [member for member in part if member.role == SERVER]
        if not servers:
            what = f" of {part[0].distribution}" if len(all_parts) > 1 else ""
            message = f"no host of this site is a server{what}"
            raise EdgeError(message, kind="spec", hint="set edge_role", site=site)
        _check_same(site, "edge_storage_type", [member.storage for member in servers])
        _check_servers(site, servers)
    given = Counter(member.node_name for member in group if member.node_name)
    twice = sorted(name for name, count in given.items() if count > 1)
    if twice:
        raise EdgeError(
            f"two nodes have the name {twice[0]}",
            kind="spec",
            hint="give each its own edge_node_name",
            site=site,
        )


def _check_same(site: str, what: str, values: t.Iterable[str]) -> None:
    if len(set(values)) > 1:
        raise EdgeError(
            f"{what} differs between hosts of one site: {', '.join(sorted(set(values)))}",
            kind="spec",
            hint=f"set {what} once, for the whole site",
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
