# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action of the test collection: our base over this collection's own doors."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.base import EdgeAction


class ActionModule(EdgeAction):
    DOOR = "demo"
    BUNDLE_ROOT = Path(__file__).resolve().parent.parent / "module_utils"
    BUNDLE_PACKAGE = "ansible_collections.test.kept.plugins.module_utils"

    def supply(self, need: dict[str, t.Any], task_vars: dict[str, t.Any]) -> Path:
        return Path(need["source"])

    def more_params(
        self, result: dict[str, t.Any] | None, params: dict[str, t.Any], task_vars: dict[str, t.Any]
    ) -> dict[str, t.Any]:
        if result is None or params["mode"] != "join" or params.get("token"):
            return {}
        answer = self.run_on_peer(params["peer"], "demo", {"mode": "secret", "blob": ""}, task_vars)
        return {"token": answer.get("secret") or answer["msg"]}
