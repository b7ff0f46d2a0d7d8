# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.module_utils._doors.options import SITE_NOUNS
from ansible_collections.lightk8s.edge.plugins.module_utils._doors.sync_options import SYNC
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.base import EdgeAction, Result
from ansible_collections.lightk8s.edge.plugins.plugin_utils._objects.images import node_images
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.action import SiteAction
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.objects import (
    begins_objects,
    site_objects,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.places import place_of
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.reading import InputsAction
from ansible_collections.lightk8s.edge.plugins.plugin_utils._staging.noun import WithImages
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.agent import (
    archive_of,
    code_of,
    site_agent,
)

Values = dict[str, t.Any]


class ActionModule(InputsAction, WithImages, SiteAction):
    """Carries what edge_site needs; options that are not given come from edge_ variables."""

    DOOR = "edge_site"
    PASSING = ("workload_secrets",)
    PUBLIC = (*SiteAction.PUBLIC, "ask_nodes", "node_images")

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_agent: list[Values | None] = []

    def run(self, tmp: str | None = None, task_vars: Values | None = None) -> Result:
        result = super().run(tmp, task_vars)
        given = task_vars or {}
        brings = not set(SITE_NOUNS).isdisjoint(self._task.args.get("nouns") or ())
        if not brings and begins_objects(place_of(given), given):
            result["objects_pending"] = True
        return result

    def asked(self, task_vars: Values) -> Values:
        """See InputsAction.asked."""
        given = super().asked(task_vars)
        nouns = given.get("nouns") or ()
        if SYNC in nouns:
            given |= self._agent(nouns, task_vars)
        if not set(SITE_NOUNS).isdisjoint(nouns):
            given = {**site_objects(task_vars, self._templar.template), **given}
        return given

    def _agent(self, asked: t.Sequence[str], task_vars: Values) -> Values:
        """What is wanted of the node's agent; without a word of it the noun is left out."""
        found = self._site_agent(task_vars)
        if found is None:
            return {"nouns": [noun for noun in asked if noun != SYNC] or [SYNC]}
        return {SYNC: {**found, **code_of(self._bundle)}}

    def _site_agent(self, task_vars: Values) -> Values | None:
        """Templated once a run: a run with nothing to do asks too."""
        if not self._read_agent:
            given = self._task.args.get(SYNC)
            self._read_agent = [site_agent(given, task_vars, self._templar.template)]
        return self._read_agent[0]

    def supply(self, need: Values, task_vars: Values) -> Path:
        """See EdgeAction.supply."""
        if need["sha256"] == self._bundle.digest:
            return archive_of(self._bundle)
        return super().supply(need, task_vars)

    def _with_cloud(self, params: Values, task_vars: Values) -> Result:
        """Objects alone need no release, and no way into the site."""
        if set(params["nouns"]) <= set(SITE_NOUNS):
            return EdgeAction._converse(self, params, task_vars)
        return super()._with_cloud(params, task_vars)

    def more_params(self, result: Result | None, params: Values, task_vars: Values) -> Values:
        """See EdgeAction.more_params."""
        wanted = (result or {}).get("ask_images")
        if wanted:
            return {"ask_nodes": False, "node_images": node_images(self, wanted, task_vars)}
        if set(params["nouns"]) <= set(SITE_NOUNS):
            return {} if result is not None else {"ask_nodes": True, "inputs_checked": True}
        more = super().more_params(result, params, task_vars)
        if "generation" in more:
            agent = self._site_agent(task_vars)
            if agent is not None and agent.get("state") != "absent":
                more["revoked_keys"] = list(agent.get("sync_revoked_keys") or ())
        site = not set(SITE_NOUNS).isdisjoint(params["nouns"])
        return {**more, "ask_nodes": True} if site and result is None else more
