# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.lightk8s.edge.plugins.module_utils._core.door import failed
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.agreement import (
    refuse_disagreement,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.hostvars import Hosts
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.inventory import read_members
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.topology import arrange


class ActionModule(ActionBase):
    """Works out the sites of a play from its inventory; opens no connection and fails for none of them."""

    _requires_connection = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None
    ) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        variables = dict(task_vars or {})
        hosts = variables["hostvars"] = Hosts(variables["hostvars"], self._templar)
        places = refuse_disagreement(arrange(read_members(variables)), hosts)
        refused = {
            place.site: str(failed(place.refusal, place.site)["msg"])
            for place in places.values()
            if place.refusal is not None
        }
        return result | {
            "changed": False,
            "sites": sorted({place.site for place in places.values()}),
            "refused": refused,
            "places": {name: place.facts() for name, place in places.items()},
        }
