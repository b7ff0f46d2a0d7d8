# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an inventory to sites: who begins, who joins whom, and in which order. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.registry import (
    brings_cluster,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.member import (
    AGENT,
    AGENTS_RANK,
    GUESTS_RANK,
    MAX_SERVERS,
    SERVER,
    Member,
    named,
    parts,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.refusals import (
    wrong_by_members,
    wrong_site,
)


@dataclass(frozen=True)
class Place:
    """Where a host stands in its site; `refusal` says why nothing may be done with the site.

    `alias_of` is the host that this one is merely another name of. `guest`: it works for a cluster that
    other hosts run.
    """

    site: str
    role: str
    rank: int
    initial: bool
    join_from: t.Mapping[str, str] = field(default_factory=dict)
    refusal: EdgeError | None = None
    alias_of: str = ""

    @property
    def guest(self) -> bool:
        return self.rank == GUESTS_RANK

    def facts(self) -> dict[str, t.Any]:
        """As a fact."""
        found: dict[str, t.Any] = {
            "site": self.site,
            "role": self.role,
            "rank": self.rank,
            "initial": self.initial,
            "join_from": dict(self.join_from),
            "alias_of": self.alias_of,
            "guest": self.guest,
        }
        if self.refusal is not None:
            failure = self.refusal.failure()
            found["refusal"] = {key: failure[key] for key in ("message", "kind", "hint")}
        return found


def survives_restart(servers: int, away: int) -> bool:
    """Whether etcd keeps its majority while one of its living servers restarts.

    With every server there a restart is as safe as it can be made.
    """
    return not away or servers - away - 1 >= servers // 2 + 1


def arrange(members: t.Sequence[Member], port: int = 6443) -> dict[str, Place]:
    """The place of each member that is in the play. A site that is wrong is refused, others are not."""
    by_name = {member.name: member for member in members}
    wrong = wrong_by_members(members, by_name)
    names = {member.name: named(member, by_name) for member in members}
    present = {names[member.name] for member in members if member.in_play}
    sites: dict[str, list[Member]] = {}
    for member in members:
        if names[member.name] == member.name:
            here = replace(member, in_play=member.name in present)
            sites.setdefault(member.site, []).append(here)
    places: dict[str, Place] = {}
    for site, group in sites.items():
        places.update(_places(group, port, wrong.get(site) or wrong_site(site, group)))
    for name, host in names.items():
        if host != name:
            site = by_name[name].site
            lost = Place(site, AGENT, AGENTS_RANK, False, refusal=wrong.get(site))
            places[name] = replace(places.get(host, lost), alias_of=host)
    return {name: place for name, place in places.items() if by_name[name].in_play}


def _places(group: t.Sequence[Member], port: int, refusal: EdgeError | None) -> dict[str, Place]:
    found = parts(group)
    places: dict[str, Place] = {}
    for part in found:
        places.update(_places_of_part(part, port, refusal, alone=len(found) == 1))
    return places


def _places_of_part(
    group: t.Sequence[Member], port: int, refusal: EdgeError | None, *, alone: bool
) -> dict[str, Place]:
    servers = [member for member in group if member.role == SERVER]
    urls = {member.name: f"https://{_bracket(member.address)}:{port}" for member in servers}
    places: dict[str, Place] = {}
    for number, member in enumerate(servers):
        others = {name: url for name, url in urls.items() if name != member.name}
        guest = member.alias_of or not (alone or brings_cluster(member.distribution))
        rank = GUESTS_RANK if guest else min(number, MAX_SERVERS - 1)
        places[member.name] = Place(member.site, SERVER, rank, number == 0, others, refusal)
    for member in group:
        if member.role == AGENT:
            places[member.name] = Place(member.site, AGENT, AGENTS_RANK, False, urls, refusal)
    return places


def _bracket(address: str) -> str:
    return f"[{address}]" if ":" in address else address
