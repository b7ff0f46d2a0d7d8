# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks at the cluster from one of its servers. Changes nothing."""

from __future__ import annotations

import re
import typing as t
from urllib.parse import urlsplit

from .._core.errors import EdgeError
from .._distribution.access import connect
from .._distribution.adapter import Adapter, Identity, Records
from .._distribution.registry import adapter_of
from .._distribution.server_objects import Known
from .._host.host import Host
from .._kube.identity import find, known
from .spec import Object, Seen, Unsettled, Wish

if t.TYPE_CHECKING:
    from .._kube.client import Client
    from .._kube.resources import Resource

PROBE_SECONDS = 3.0
SYSTEM = "kube-system"
CONTROL_PLANE = ("control-plane", "etcd", "master")


def records_of(host: Host, wish: Wish) -> Records:
    """Of the server that this runs on."""
    adapter = adapter_of(wish.server.distribution)
    return adapter.records(wish.server, adapter.config(host), host.hostname())


def observe(host: Host, wish: Wish) -> Seen:
    """What of the leaver is left. EdgeError(kind=api) where this server cannot tell."""
    adapter, records = adapter_of(wish.server.distribution), records_of(host, wish)
    members, healthy = _etcd(host, records)
    with connect(host, records.kubeconfig, patient=True) as client:
        nodes = client.list("Node")
        name = find(wish.leaver, [known(node) for node in nodes]) or wish.leaver.guess
        node = next((one for one in nodes if one["metadata"]["name"] == name), None)
        secret = adapter.node_secret(name)
        there = bool(secret) and client.read("Secret", SYSTEM, secret) is not None
        pods = _pods(client, name) if node is not None else ()
        leaving = _members_of(wish, adapter, name, nodes, members)
        server = _known(wish, name, nodes, members, leaving)
        objects = tuple(
            Unsettled(kept.kind, found["metadata"]["name"], kept.summary(found["metadata"]["name"]))
            for kept in records.objects
            for found in _listed(client, kept.resource)
            if kept.is_about(found, server) and not kept.settled(found)
        )
    return Seen(
        here=records.node,
        name=name,
        node=node,
        secret=secret if there else "",
        pods=pods,
        servers=tuple(
            sorted(one["metadata"]["name"] for one in nodes if is_server(one, records.server_label))
        ),
        members=tuple(members),
        healthy=healthy,
        forgets=bool(records.forget),
        objects=objects,
        leaving=leaving,
    )


def identities(host: Host, records: Records) -> tuple[Identity, Identity]:
    """Those for etcd's client port and for peer ports, where they lie for this host."""
    client, peer = records.etcd or (("", "", ""), ("", "", ""))
    return _here(host, client), _here(host, peer)


def _here(host: Host, files: Identity) -> Identity:
    authority, certificate, key = files
    return host.path(authority), host.path(certificate), host.path(key)


def is_server(node: Object, label: str = "") -> bool:
    """Whether a Node is part of the control plane: by its roles, or by a label. Pure."""
    from .._kube.nodes import node_summary

    if label and label in (node["metadata"].get("labels") or {}):
        return True
    return any(role in CONTROL_PLANE for role in node_summary(node)["roles"])


def _pods(client: Client, name: str) -> tuple[str, ...]:
    from .._kube.drain import skip_reason

    found = client.list("Pod", field_selector=f"spec.nodeName={name}")
    rows = [pod["metadata"] for pod in found if not skip_reason(pod)]
    return tuple(sorted(f"{row['namespace']}/{row['name']}" for row in rows))


def _etcd(host: Host, records: Records) -> tuple[list[dict[str, t.Any]], frozenset[str]]:
    """(all members, ids of those that answer); nothing where there is no embedded etcd here.

    EdgeError(kind=refused) without a quorum: then nothing can be removed at all.
    """
    mark = records.datastores.get("etcd", ("",))[0]
    if not mark or host.inspect(mark) is None:
        return [], frozenset()
    from .._kube.etcdmembers import EtcdMembers

    with EtcdMembers.from_files(*identities(host, records), timeout=PROBE_SECONDS) as etcd:
        members = etcd.members(agreed=False)
        unhealthy = etcd.unhealthy(members)
    voters = [member for member in members if not member["learner"]]
    silent = sorted(str(member["name"]) for member in voters if member["id"] in unhealthy)
    if len(voters) - len(silent) <= len(voters) // 2:
        raise EdgeError(
            f"etcd has no quorum: {', '.join(silent)} of {len(voters)} members do not answer",
            kind="refused",
            hint="bring back one of these servers, or restore the site from a snapshot",
        )
    return members, frozenset(member["id"] for member in members) - frozenset(unhealthy)


def _members_of(
    wish: Wish,
    adapter: Adapter,
    name: str,
    nodes: t.Sequence[Object],
    members: t.Sequence[Object],
) -> tuple[str, ...]:
    own = next((node for node in nodes if node["metadata"]["name"] == name), {})
    given = adapter.etcd_member(own)
    addresses = {*wish.leaver.addresses, *known(own).addresses}
    others = {node["metadata"]["name"] for node in nodes} - {name}
    return tuple(
        member["id"]
        for member in members
        if (given and member["name"] == given) or belongs(member, name, addresses, others)
    )


def _known(
    wish: Wish,
    name: str,
    nodes: t.Sequence[Object],
    members: t.Sequence[Object],
    leaving: t.Collection[str],
) -> Known:
    others = [known(node) for node in nodes if node["metadata"]["name"] != name]
    own = next((known(node).addresses for node in nodes if node["metadata"]["name"] == name), ())
    called = {True: set[str](), False: set[str]()}
    for member in members:
        called[member["id"] in leaving].add(str(member["name"]).lower())
    return Known(
        names=called[True] - called[False],
        guess=name,
        others=called[False].union(other.name for other in others),
        addresses={*wish.leaver.addresses, *own}.difference(*(o.addresses for o in others)),
    )


def _listed(client: Client, resource: Resource) -> t.Sequence[Object]:
    """All objects of a kind; none where the cluster does not know the kind."""
    from .._kube.errors import ApiError

    try:
        return client.list(resource)
    except ApiError as exc:
        if exc.status == 404:
            return ()
        raise


def belongs(
    member: Object, name: str, addresses: t.Collection[str], others: t.Collection[str]
) -> bool:
    """Whether an etcd member is the leaver's: by its name, else by its address. Pure.

    Members are called <node>-<8 hex digits>, and nothing before they have started. One that bears
    the name of a node in `others` is not touched, whatever its address.
    """
    called = re.sub("-[0-9a-f]{8}$", "", str(member["name"]))
    if called == name or called in others:
        return called == name
    hosts = {urlsplit(url).hostname for url in member["peer_urls"]}
    return bool(hosts.intersection(addresses))
