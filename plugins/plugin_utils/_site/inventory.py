# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading what topology needs from the variables of a play's hosts."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.registry import DEFAULT
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.member import (
    DEFAULT_SITE,
    SERVER,
    Member,
    role_of,
)


def read_members(task_vars: t.Mapping[str, t.Any]) -> list[Member]:
    """All hosts of the inventory that share a site with a host of the play, in inventory order.

    A host without edge_site belongs to one common site. Hosts outside the play count only where they
    name a site that the play touches, or where one of these is on their machine.
    """
    hostvars = task_vars["hostvars"]
    in_play = list(task_vars.get("ansible_play_hosts_all") or ())
    chosen = set(in_play)
    everyone = list(task_vars.get("groups", {}).get("all", in_play))
    members = [_read(name, hostvars[name], True) for name in everyone if name in chosen]
    touched = {member.site for member in members}
    for name in everyone:
        if name not in chosen:
            values = hostvars[name]
            if values.get("edge_site") and str(values["edge_site"]) in touched:
                members.append(_read(name, values, False))
    # A guest of a machine whose host is of a site that the play does not touch.
    known = {member.name for member in members}
    hosts = {member.alias_of for member in members} & set(everyone) - known
    members += [_read(name, hostvars[name], False) for name in hosts]
    order = {name: number for number, name in enumerate(everyone)}
    return sorted(members, key=lambda member: order[member.name])


def _read(name: str, values: t.Mapping[str, t.Any], in_play: bool) -> Member:
    """The member, or what is wrong with its variables: only its own site is to suffer from that."""
    try:
        return _member(name, values, in_play)
    except EdgeError as exc:
        problem = exc
    except AnsibleError as exc:
        problem = EdgeError(f"{name}: {exc}", kind="spec", hint="mend the host's variables")
    try:
        site = str(values.get("edge_site") or DEFAULT_SITE)
    except AnsibleError:
        site = DEFAULT_SITE
    return Member(name, site, SERVER, name, "", in_play=in_play, problem=problem)


def address_of(name: str, values: t.Mapping[str, t.Any]) -> str:
    """Where others reach the host: its first node IP, else what Ansible uses."""
    addresses = values.get("edge_node_ip") or values.get("ansible_host") or name
    first = addresses if isinstance(addresses, str) else addresses[0]
    return str(first).split(",", maxsplit=1)[0].strip()


def _member(name: str, values: t.Mapping[str, t.Any], in_play: bool) -> Member:
    host = str(values.get("ansible_host") or name)
    local = values.get("ansible_connection") == "local"
    alias = str(values.get("edge_alias_of") or "")
    return Member(
        name=name,
        site=str(values.get("edge_site") or DEFAULT_SITE),
        role=role_of(values.get("edge_role"), values.get("group_names") or (), name),
        address=address_of(name, values),
        machine="" if local else f"{host}:{values.get('ansible_port') or 22}",
        alias_of=alias,
        node_name=str(values.get("edge_node_name") or ""),
        storage=str(values.get("edge_storage_type") or ""),
        distribution=str(values.get("edge_distribution") or ("" if alias else DEFAULT)),
        in_play=in_play,
        partial=boolean(values.get("edge_partial_site") or False, strict=False),
    )
