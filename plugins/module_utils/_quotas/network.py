# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""NetworkPolicies of a namespace: everything is denied, then what is named is allowed. Pure."""

from __future__ import annotations

import ipaddress
import typing as t

from .._core.forms import Values, label, wrong

Manifest = dict[str, t.Any]
NAME = "lightk8s"  # of the ResourceQuota and the LimitRange, and how NetworkPolicies begin
POLICIES = (
    "default-deny",
    "allow-dns",
    "allow-same-namespace",
    "allow-api-server",
    "allow-namespaces",
    "allow-ranges",
)
NAMESPACE_LABEL = "kubernetes.io/metadata.name"  # set by the API on every Namespace
DNS_PODS = {"k8s-app": "kube-dns"}  # CoreDNS bears it too, wherever it is packaged
DNS_PORTS = ({"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"})


def policies(quota: Values, api: t.Sequence[tuple[str, int]], where: str) -> list[Manifest]:
    """The NetworkPolicies of a checked entry. EdgeError(kind=spec) where one means nothing."""
    denied = tuple(dict.fromkeys(quota.get("default_deny", ())))
    _refuse_idle(quota, denied, where)
    if not denied:
        return []
    space = quota["namespace"]
    types = [way.capitalize() for way in denied]
    found = [_policy(space, "default-deny", {"policyTypes": types})]
    allowed = quota.get("allow", ())
    if "dns" in allowed:
        found.append(_policy(space, "allow-dns", _egress([_dns()])))
    if "same_namespace" in allowed:
        peers: Manifest = {"policyTypes": types}
        for way, side in (("ingress", "from"), ("egress", "to")):
            if way in denied:
                peers[way] = [{side: [{"podSelector": {}}]}]
        found.append(_policy(space, "allow-same-namespace", peers))
    if "api_server" in allowed:
        if not api:
            raise wrong(where, "allow: the addresses of the API server are not known")
        found.append(_policy(space, "allow-api-server", _egress(_api_rules(api))))
    if quota.get("allow_ingress_from"):
        names = [
            label(name, f"{where}: allow_ingress_from") for name in quota["allow_ingress_from"]
        ]
        found.append(_policy(space, "allow-namespaces", _ingress_from(names)))
    if quota.get("allow_egress_to"):
        ranges = [_range(text, f"{where}: allow_egress_to") for text in quota["allow_egress_to"]]
        rule = {"to": [{"ipBlock": {"cidr": text}} for text in ranges]}
        found.append(_policy(space, "allow-ranges", _egress([rule])))
    return found


def _refuse_idle(quota: Values, denied: t.Sequence[str], where: str) -> None:
    """An allowance alone would deny all else, without a word of it in the options."""
    needs = {"allow_ingress_from": "ingress", "allow_egress_to": "egress"}
    for option, way in needs.items():
        if quota.get(option) and way not in denied:
            raise wrong(where, f"{option} without default_deny of {way}", _remedy(way))
    for name in quota.get("allow", ()):
        ways = ("ingress", "egress") if name == "same_namespace" else ("egress",)
        if not set(ways) & set(denied):
            raise wrong(
                where, f"allow of {name} without default_deny of {ways[-1]}", _remedy(ways[-1])
            )


def _remedy(way: str) -> str:
    return f"add {way} to default_deny: what is not denied needs no allowance"


def _policy(space: str, name: str, spec: Manifest) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": f"{NAME}-{name}", "namespace": space},
        "spec": {"podSelector": {}, **spec},
    }


def _egress(rules: t.Sequence[Manifest]) -> Manifest:
    return {"policyTypes": ["Egress"], "egress": list(rules)}


def _dns() -> Manifest:
    servers = {
        "namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: "kube-system"}},
        "podSelector": {"matchLabels": DNS_PODS},
    }
    return {"to": [servers], "ports": [dict(port) for port in DNS_PORTS]}


def _api_rules(api: t.Sequence[tuple[str, int]]) -> list[Manifest]:
    """A rule per port: the addresses behind the service, for that is what policies see."""
    found = []
    for port in sorted({port for dummy, port in api}):
        hosts = sorted({address for address, its in api if its == port})
        blocks = [{"ipBlock": {"cidr": _range(host, "the API server")}} for host in hosts]
        found.append({"to": blocks, "ports": [{"port": port, "protocol": "TCP"}]})
    return found


def _ingress_from(names: t.Sequence[str]) -> Manifest:
    choice = {"key": NAMESPACE_LABEL, "operator": "In", "values": sorted(set(names))}
    peer = {"namespaceSelector": {"matchExpressions": [choice]}}
    return {"policyTypes": ["Ingress"], "ingress": [{"from": [peer]}]}


def _range(text: str, where: str) -> str:
    """A range of addresses; an address stands for itself."""
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as exc:
        hint = "write it like 192.0.2.0/24"
        raise wrong(where, f"{text!r} is no range: {exc}", hint) from None
