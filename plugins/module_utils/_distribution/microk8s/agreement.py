# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the servers of one MicroK8s site must be told alike. Pure; asked on the controller."""

from __future__ import annotations

import typing as t

from ..problems import Problem, differing
from ..spec import Spec
from . import addons, arguments
from .wishes import fixed

OWN_FLAGS = ("--advertise-address",)


def check(servers: t.Mapping[str, Spec]) -> list[Problem]:
    """Where the inputs of a site's servers, by host, differ though they make one cluster."""
    return differing({name: _told(spec) for name, spec in servers.items()})


def _told(spec: Spec) -> dict[str, t.Any]:
    api = arguments.managed(spec)["kube-apiserver"]
    return {
        **fixed(spec),
        "disable (add-ons)": addons.wanted(spec),
        "extra_config (kube-apiserver)": {k: v for k, v in api.items() if k not in OWN_FLAGS},
    }
