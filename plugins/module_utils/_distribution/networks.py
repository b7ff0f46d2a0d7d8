# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of the address ranges of a node: families, overlaps, sizes. Keys are those of K3s."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Union

from .problems import Problem

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
Defaults = Mapping[str, Mapping[int, str]]  # range by key and IP family
NodeMasks = Mapping[int, int]  # bits of a node's part of the pods' range, by IP family

_PODS, _SERVICES = "cluster-cidr", "service-cidr"
_MOST_BITS = 16  # the controller manager gives up when a range holds more node ranges than 2^16


def problems_of(
    values: Mapping[str, object], defaults: Defaults, masks: NodeMasks
) -> list[Problem]:
    """What is wrong with the ranges of a normalized configuration, defaults included."""
    node_ips = _addresses(values, "node-ip")
    pods, services = (
        _networks(values, _PODS, node_ips, defaults),
        _networks(values, _SERVICES, node_ips, defaults),
    )
    found = [
        *_unreadable(values),
        *_families(_PODS, pods),
        *_families(_SERVICES, services),
    ]
    if found or not (pods and services):
        return found
    return [
        *_agreement(values, pods, services),
        *_node_addresses(pods, services, node_ips),
        *_node_ranges(values, pods, masks),
        *_inside_services(values, services),
    ]


def same_ranges(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether two lists of ranges mean the same, in the same order."""
    try:
        return [ipaddress.ip_network(text, strict=False) for text in one] == [
            ipaddress.ip_network(text, strict=False) for text in other
        ]
    except ValueError:
        return list(one) == list(other)


def default_ranges(ranges: Mapping[int, str], node_ips: Iterable[str]) -> tuple[str, ...]:
    """What a distribution takes when unset: IPv6 on a node with nothing else, where it can."""
    families = {4 if "." in text else 6 for text in node_ips} or {4}
    return (ranges[4 if 4 in families or 6 not in ranges else 6],)


def input_name(key: str) -> str:
    """The input that sets a range."""
    return key.replace("-", "_")


def _texts(values: Mapping[str, object], name: str) -> list[str]:
    value = values.get(name) or ()
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else [str(value)]


def _addresses(values: Mapping[str, object], name: str) -> list[Address]:
    """Those that can be read; the others are found by the checks of single values."""
    found: list[Address] = []
    for text in _texts(values, name):
        try:
            found.append(ipaddress.ip_address(text))
        except ValueError:
            continue
    return found


def _networks(
    values: Mapping[str, object], name: str, node_ips: list[Address], defaults: Defaults
) -> list[Network]:
    texts = _texts(values, name) or default_ranges(defaults[name], map(str, node_ips))
    return [network for network in map(_network, texts) if network is not None]


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False) if "/" in text else None
    except ValueError:
        return None


def _unreadable(values: Mapping[str, object]) -> list[Problem]:
    return [
        Problem(input_name(name), f"{text!r} is not an address range such as 10.42.0.0/16")
        for name in (_PODS, _SERVICES)
        for text in _texts(values, name)
        if _network(text) is None
    ]


def _families(name: str, networks: list[Network]) -> list[Problem]:
    if len({network.version for network in networks}) == len(networks):
        return []
    return [Problem(input_name(name), "holds more than one range of the same IP family")]


def _agreement(
    values: Mapping[str, object], pods: list[Network], services: list[Network]
) -> list[Problem]:
    found = []
    if {network.version for network in pods} != {network.version for network in services}:
        unset = next((name for name in (_PODS, _SERVICES) if not values.get(name)), "")
        found.append(
            Problem(
                input_name(_SERVICES if unset != _PODS else _PODS),
                f"pods have {_list(pods)}, services {_list(services)}: the IP families differ",
                f"set {input_name(unset)} too" if unset else "give both the same families",
            )
        )
    found += [
        Problem(input_name(_SERVICES), f"{service} overlaps with the pods' {pod}")
        for pod in pods
        for service in services
        if pod.version == service.version and pod.overlaps(service)
    ]
    return found


def _node_addresses(
    pods: list[Network], services: list[Network], node_ips: list[Address]
) -> list[Problem]:
    found = [
        Problem(
            "node_ip",
            f"{address} lies in the range {network} of pods or services",
            "choose other ranges by cluster_cidr and service_cidr",
        )
        for address in node_ips
        for network in (*pods, *services)
        if address.version == network.version and address in network
    ]
    missing = {pod.version for pod in pods} - {address.version for address in node_ips}
    if node_ips and missing:
        families = " and ".join(f"IPv{version}" for version in sorted(missing))
        found.append(Problem("node_ip", f"pods have {families}, but the node has no such address"))
    return found


def _node_ranges(
    values: Mapping[str, object], pods: list[Network], masks: NodeMasks
) -> list[Problem]:
    """Each node gets a part of the pods' range: it must fit, and not too often."""
    arguments = _texts(values, "kube-controller-manager-arg")
    if any(re.match("node-cidr-mask-size|allocate-node-cidrs", text) for text in arguments):
        return []
    found = []
    for pod in pods:
        mask = masks[pod.version]
        if not 0 <= mask - pod.prefixlen <= _MOST_BITS:
            size = f"between /{mask - _MOST_BITS} and /{mask}"
            message = f"{pod} cannot be divided into node ranges of /{mask}; use a size {size}"
            found.append(Problem(input_name(_PODS), message))
    return found


def _inside_services(values: Mapping[str, object], services: list[Network]) -> list[Problem]:
    found = [
        Problem("cluster-dns", f"{address} is outside the services' {_list(services)}")
        for address in _addresses(values, "cluster-dns")
        if not any(address.version == net.version and address in net for net in services)
    ]
    found += [
        Problem(
            "advertise-address", f"{address} is not of the IP family of the services' {services[0]}"
        )
        for address in _addresses(values, "advertise-address")
        if address.version != services[0].version
    ]
    return found


def _list(networks: list[Network]) -> str:
    return ", ".join(map(str, networks))
