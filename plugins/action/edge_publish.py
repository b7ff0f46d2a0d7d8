# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.lightk8s.edge.plugins.module_utils._doors.edge_publish import ARGS
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action import arguments
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.action import cache_folder
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.places import places_of
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.sites import Publisher

DISPLAY = Display()


class ActionModule(ActionBase):
    """Publishes what the sites of a play should be; opens no connection to a node."""

    _requires_connection = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None
    ) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        places = places_of(variables)
        if not places:
            text = "run edge_topology before, and register what it found as edge_topology"
            return result | {"changed": False, "failed": True, "msg": text}
        checked = arguments.validate(ARGS, self._task.args, self._task.action)
        if checked.error:
            return result | {"changed": False, "failed": True, "msg": checked.error}
        publisher = Publisher(
            places,
            variables["hostvars"],
            arguments.plain(self._task.args),
            check=bool(self._task.check_mode),
            cache=cache_folder,
            say=DISPLAY.display,
        )
        out = publisher.run()
        if not self._task.diff:
            out.pop("diff")
        censor: t.Any = remove_values
        censored: dict[str, t.Any] = censor(out, {*checked.secrets, *publisher.secrets})
        return result | censored
