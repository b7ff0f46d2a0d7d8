# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Actions of modules that may leave their work to the distribution's module."""

from __future__ import annotations

import importlib
import typing as t

from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.base import Result
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.reading import InputsAction


class BoundsAction(InputsAction):
    """With hand_on the door looks at no node, so it answers here and no connection is opened."""

    def _converse(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> Result:
        if not params.get("hand_on"):
            return super()._converse(params, task_vars)
        door = importlib.import_module(f"{self.BUNDLE_PACKAGE}._doors.{self.DOOR}")
        found: Result = door.main(params, True, False)
        return found
