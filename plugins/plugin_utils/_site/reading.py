# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Actions whose options come from edge_ variables where a task does not give them."""

from __future__ import annotations

import typing as t

from ansible_collections.lightk8s.edge.plugins.module_utils._core.door import failed
from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.base import (
    EdgeAction,
    Result,
    door_args,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.inputs import collect
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.places import (
    REMOVALS,
    place_of,
    refuse_wrong_site,
)


class InputsAction(EdgeAction):
    """Reads the collection-wide inputs here instead of through fifty expressions in a task.

    That is what keeps a run over a site that is right already cheaper than a ping, and what makes
    every module and role heed the same variables.
    """

    BUILDS: t.ClassVar[bool] = True  # whether a site must be right before the task touches it

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> Result:
        templar = self._templar
        options = door_args(self.BUNDLE_PACKAGE, self.DOOR)["argument_spec"]
        builds = self.BUILDS and self._task.args.get("state") not in REMOVALS
        try:
            refuse_wrong_site(place_of(task_vars or {}), builds=builds)
            inputs = collect(
                options,
                task_vars or {},
                lambda value: templar.template(value) if value is not None else None,
            )
            asked = self.asked(task_vars or {})
        except EdgeError as exc:
            return {"changed": False, **failed(exc)}
        # An empty text is what an unset role variable becomes on its way into a task.
        given = {name: v for name, v in asked.items() if v is not None and v != ""}
        self._task.args = {**inputs, **given}
        return super().run(tmp, task_vars)

    def asked(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """The task's options, with those that are made of several inputs. EdgeError."""
        return dict(self._task.args)
