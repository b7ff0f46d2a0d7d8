# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the servers of one k0s site must be told alike. Pure; asked on the controller."""

from __future__ import annotations

import typing as t

from ..problems import Problem, differing
from ..spec import Spec
from .config import cluster_config
from .wishes import disabled, fixed

OWN = ("data_dir", "node_name")  # may differ from node to node


def check(servers: t.Mapping[str, Spec]) -> list[Problem]:
    """Where the inputs of a site's servers, by host, differ though they make one configuration."""
    return differing({name: _told(spec) for name, spec in servers.items()})


def _told(spec: Spec) -> dict[str, t.Any]:
    document = cluster_config(spec)["spec"]
    api = {key: value for key, value in document.pop("api", {}).items() if key != "address"}
    api.pop("sans", None)  # each server names itself
    document.pop("storage")
    document.pop("network", None)
    return {
        **{key: value for key, value in fixed(spec).items() if key not in OWN},
        "disable": sorted(disabled(spec.settings)),
        "extra_config (spec)": {**document, "api": api},
    }
