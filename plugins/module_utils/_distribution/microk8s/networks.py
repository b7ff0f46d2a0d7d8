# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The address ranges of MicroK8s. Pure."""

from __future__ import annotations

import ipaddress

from .. import networks
from ..problems import Problem
from ..spec import Spec

DEFAULTS = {"cluster-cidr": {4: "10.1.0.0/16"}, "service-cidr": {4: "10.152.183.0/24"}}
NODE_MASKS = {4: 26, 6: 122}  # of Calico's blocks
DNS_HOST = 10  # the address of the DNS service within the range of services


def ranges(spec: Spec) -> dict[str, tuple[str, ...]]:
    """Those of pods and of services, defaults included."""
    return {
        key: tuple(spec.settings.get(networks.input_name(key)) or ())
        or networks.default_ranges(found, spec.node_ips)
        for key, found in DEFAULTS.items()
    }


def service_address(spec: Spec, number: int) -> str:
    """An address in the range of services; empty where the range is none, which `check` tells."""
    try:
        return str(ipaddress.ip_network(ranges(spec)["service-cidr"][0], strict=False)[number])
    except (ValueError, IndexError):
        return ""


def check(spec: Spec) -> list[Problem]:
    """What is wrong with the ranges."""
    values = {**ranges(spec), "node-ip": tuple(spec.node_ips)}
    found = networks.problems_of(values, DEFAULTS, NODE_MASKS)
    if not found and not service_address(spec, DNS_HOST):
        found.append(Problem("service_cidr", "has no room for the address of the DNS service"))
    return found
