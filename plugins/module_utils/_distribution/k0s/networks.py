# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The address ranges of k0s. Pure."""

from __future__ import annotations

from .. import networks
from ..problems import Problem
from ..spec import Spec

DEFAULTS = {"cluster-cidr": {4: "10.244.0.0/16"}, "service-cidr": {4: "10.96.0.0/12"}}
NODE_MASKS = {4: 24, 6: 117}


def ranges(spec: Spec) -> dict[str, tuple[str, ...]]:
    """Those of pods and of services, defaults included."""
    return {
        key: tuple(spec.settings.get(networks.input_name(key)) or ())
        or networks.default_ranges(found, spec.node_ips)
        for key, found in DEFAULTS.items()
    }


def check(spec: Spec) -> list[Problem]:
    """What is wrong with the ranges; k0s needs IPv4, with IPv6 beside it or not."""
    found = [
        Problem(networks.input_name(key), "k0s needs an IPv4 range; IPv6 may stand beside it")
        for key, texts in ranges(spec).items()
        if texts and all(":" in text for text in texts)
    ]
    values = {**ranges(spec), "node-ip": tuple(spec.node_ips)}
    return found or networks.problems_of(values, DEFAULTS, NODE_MASKS)
