# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.lightk8s.edge.plugins.module_utils._core.door import failed
from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.inventory import read_members
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.topology import arrange


class ActionModule(ActionBase):
    """Works out the sites of a play from its inventory; opens no connection."""

    _requires_connection = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None
    ) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        try:
            places = arrange(read_members(task_vars or {}))
        except EdgeError as exc:
            return result | {"changed": False, **failed(exc)}
        sites = sorted({place.site for place in places.values()})
        facts = {name: place.facts() for name, place in places.items()}
        return result | {
            "changed": False,
            "sites": sites,
            "ansible_facts": {"edge_topology": facts},
        }
