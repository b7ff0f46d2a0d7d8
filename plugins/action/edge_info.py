# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.base import Result
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.hostvars import Hosts
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.members import members_of
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.reading import InputsAction


class ActionModule(InputsAction):
    """Runs edge_info by the code kept on the node; tells servers which hosts their site has."""

    DOOR = "edge_info"
    PUBLIC = ("members",)
    BUILDS = False

    def more_params(
        self, result: Result | None, params: dict[str, t.Any], task_vars: dict[str, t.Any]
    ) -> dict[str, t.Any]:
        """The members of the site, once, where the task names none and topology knows them."""
        if result is not None or params.get("members") or params.get("role") != "server":
            return {}
        hosts = Hosts(task_vars["hostvars"], self._templar)
        dummy, rows = members_of(str(task_vars["inventory_hostname"]), task_vars, hosts)
        return {"members": rows} if rows else {}
