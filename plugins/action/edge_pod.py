# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.base import Result
from ansible_collections.lightk8s.edge.plugins.plugin_utils._objects.action import ObjectsAction
from ansible_collections.lightk8s.edge.plugins.plugin_utils._objects.images import node_images


class ActionModule(ObjectsAction):
    """Runs edge_pod on a server of the site, or here with a kubeconfig; asks all nodes for images in doubt."""

    DOOR = "edge_pod"

    def more_params(
        self, result: Result | None, params: dict[str, t.Any], task_vars: dict[str, t.Any]
    ) -> dict[str, t.Any]:
        """See EdgeAction.more_params."""
        if result is None:
            return {"ask_nodes": True}
        wanted = result.get("ask_images")
        if not wanted:
            return {}
        return {"ask_nodes": False, "node_images": node_images(self, wanted, task_vars)}
