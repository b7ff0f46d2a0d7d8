# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.lightk8s.edge.plugins.plugin_utils._staging.action import ImagesAction


class ActionModule(ImagesAction):
    """Brings what edge_images needs; options that are not given come from edge_ variables."""
