# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The address ranges of K3s."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .. import networks
from ..networks import same_ranges
from ..problems import Problem

__all__ = ["default_ranges", "problems_of", "same_ranges"]

DEFAULTS = {
    "cluster-cidr": {4: "10.42.0.0/16", 6: "fd00:42::/56"},
    "service-cidr": {4: "10.43.0.0/16", 6: "fd00:43::/112"},
}
NODE_MASKS = {4: 24, 6: 64}


def problems_of(values: Mapping[str, object]) -> list[Problem]:
    """What is wrong with the ranges of a normalized configuration, defaults included."""
    return networks.problems_of(values, DEFAULTS, NODE_MASKS)


def default_ranges(name: str, node_ips: Iterable[str]) -> tuple[str, ...]:
    """What K3s takes for cluster-cidr or service-cidr when unset: IPv6 on an IPv6-only node."""
    return networks.default_ranges(DEFAULTS[name], node_ips)
