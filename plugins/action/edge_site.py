# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.lightk8s.edge.plugins.module_utils._core.door import failed
from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._doors.edge_site import ARGS
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.base import Result
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.action import SiteAction
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.inputs import collect


class ActionModule(SiteAction):
    """Carries what the module edge_site needs; options that are not given come from edge_ variables.

    Reading them here instead of through fifty expressions in a task is what keeps a run over a site that is
    right already cheaper than a ping.
    """

    DOOR = "edge_site"

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> Result:
        variables = task_vars or {}
        templar = self._templar
        try:
            inputs = collect(
                ARGS["argument_spec"],
                variables,
                lambda value: templar.template(value) if value is not None else None,
            )
        except EdgeError as exc:
            return {"changed": False, **failed(exc)}
        self._task.args = {**inputs, **self._task.args}
        return super().run(tmp, task_vars)
