# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.lightk8s.edge.plugins.module_utils._doors.kubeedge_install import (
    COMPONENTS,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.base import Result
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.action import SiteAction
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.reading import InputsAction


class ActionModule(InputsAction, SiteAction):
    """Carries what kubeedge_install needs; options that are not given come from edge_ variables."""

    DOOR = "kubeedge_install"
    DISTRIBUTION = "kubeedge"

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> Result:
        """A component is the role that runs it."""
        role = COMPONENTS.get(str(self._task.args.get("component")))
        if role:
            self._task.args["role"] = role
        return super().run(tmp, task_vars)
