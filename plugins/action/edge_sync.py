# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.base import Result
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.reading import InputsAction
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.agent import archive_of, code_of


class ActionModule(InputsAction):
    """Runs edge_sync by the code kept on the node, which becomes the agent's; options are edge_ variables."""

    DOOR = "edge_sync"
    PUBLIC = ("host", "agent")

    def more_params(
        self, result: Result | None, params: dict[str, t.Any], task_vars: dict[str, t.Any]
    ) -> dict[str, t.Any]:
        """The node's name in the inventory, and which code the agent is to be."""
        if result is not None or params.get("state") == "absent":
            return {}
        return {"host": str(task_vars["inventory_hostname"]), **code_of(self._bundle)}

    def supply(self, need: dict[str, t.Any], task_vars: dict[str, t.Any]) -> Path:
        """The agent's code, where the node has not kept what it was sent."""
        return archive_of(self._bundle)
