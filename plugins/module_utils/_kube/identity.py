# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which Node object belongs to which inventory host, whether or not the host can be asked. Pure."""

from __future__ import annotations

import typing as t

from .._core.errors import EdgeError
from .._core.records import dataclass


@dataclass(frozen=True)
class Host:
    """What the inventory knows of one host.

    `node_name` is certain where it is given; `addresses` and the name itself are only hints.
    """

    name: str
    node_name: str = ""
    addresses: tuple[str, ...] = ()

    @property
    def guess(self) -> str:
        """The Node's name where nothing better is known."""
        return (self.node_name or self.name).lower()


@dataclass(frozen=True)
class KnownNode:
    """The part of a Node object that tells whose it is."""

    name: str
    addresses: tuple[str, ...] = ()


def known(node: t.Mapping[str, t.Any]) -> KnownNode:
    """From a Node object as the API gave it."""
    status = node.get("status") or {}
    found = [entry for entry in status.get("addresses") or () if entry.get("type") != "Hostname"]
    name = str((node.get("metadata") or {}).get("name", ""))
    return KnownNode(name, tuple(str(entry.get("address", "")) for entry in found))


def find(host: Host, nodes: t.Sequence[KnownNode]) -> str:
    """The name of the host's Node; empty where the cluster has none.

    A given node name decides. Else an address that one Node alone has, else the host's own name.
    EdgeError(kind=refused) where address and name speak for two Nodes: a wrong guess would hit a
    node that is to stay.
    """
    names = {node.name for node in nodes}
    by_name = host.guess if host.guess in names else ""
    if host.node_name:
        return by_name
    wanted = set(host.addresses)
    by_address = [node.name for node in nodes if wanted.intersection(node.addresses)]
    if len(by_address) != 1:
        return by_name
    if by_name and by_name != by_address[0]:
        raise EdgeError(
            f"{host.name} may be the Node {by_name} by its name or {by_address[0]} by its address",
            kind="refused",
            hint=f"set edge_node_name of {host.name}",
        )
    return by_address[0]


def compare(hosts: t.Sequence[Host], nodes: t.Sequence[KnownNode]) -> tuple[list[str], list[str]]:
    """(names of Nodes that belong to no host, names of hosts that have no Node)."""
    matched: set[str] = set()
    missing = []
    for host in hosts:
        try:
            name = find(host, nodes)
        except EdgeError:
            name = host.guess
        if name:
            matched.add(name)
        else:
            missing.append(host.name)
    return sorted({node.name for node in nodes} - matched), sorted(missing)
