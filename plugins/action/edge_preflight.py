# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
import typing as t

from ansible_collections.lightk8s.edge.plugins.module_utils._doors.edge_preflight import ARGS
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.base import Result
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.inputs import strangers
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.reading import InputsAction


class ActionModule(InputsAction):
    """Tells the node the controller's time, and refuses inputs that nothing carries out."""

    DOOR = "edge_preflight"
    PUBLIC = ("controller_time",)
    _asked_again = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> Result:
        warnings = []
        for name, meant in strangers(ARGS["argument_spec"], task_vars or {}).items():
            if meant:
                message = f"{name} is no input, {meant} is"
                failure = {"kind": "spec", "message": message, "hint": f"rename {name}"}
                failure.update(site=str((task_vars or {}).get("edge_site") or ""), step="")
                return {"failed": True, "changed": False, "msg": message, "failure": failure}
            warnings.append(f"{name} is no input of this collection and is not heeded")
        result = super().run(tmp, task_vars)
        if warnings:
            result["warnings"] = [*result.get("warnings", []), *warnings]
        return result

    def more_params(
        self, result: Result | None, params: dict[str, t.Any], task_vars: dict[str, t.Any]
    ) -> dict[str, t.Any]:
        """The time, and once more where the first exchange took long enough to look like a skew."""
        skew = (result or {}).get("preflight", {}).get("clock_skew", 0)
        late = result is not None and abs(skew) > params["max_clock_skew"]
        if result is None or (late and not self._asked_again):
            self._asked_again = late
            return {"controller_time": time.time()}
        return {}
