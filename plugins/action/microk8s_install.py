# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.action import SiteAction
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.reading import InputsAction


class ActionModule(InputsAction, SiteAction):
    """Carries what microk8s_install needs; options that are not given come from edge_ variables."""

    DOOR = "microk8s_install"
    DISTRIBUTION = "microk8s"
