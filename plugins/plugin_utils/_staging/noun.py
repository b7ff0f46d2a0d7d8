# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images as a noun of edge_site: the look asks for them along with all else, and what is missing edge_images brings."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.spec import PRESENT
from ansible_collections.lightk8s.edge.plugins.module_utils._doors.options import (
    IMAGES_NOUN,
    SITE_NOUNS,
    SOURCES,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.base import EdgeAction, Result
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.cache import default_cache_dir
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.places import (
    begins_its_site,
    place_of,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._staging.wanted import (
    USUAL,
    Rows,
    known,
    marked,
)

Values = dict[str, t.Any]
_PREFIX = "images_"
# Options of edge_images that have the same name here.
_SAME = ("distribution", "site", "role", "data_dir", "bin_dir", "cache_dir")
_OWN = ("exact", "prune", *SOURCES)
_LISTS = ("actions", "diff", "warnings")
_SUMS = ("bytes_to_send",)
_LATER = "images come after the installation, and cannot be foretold before it"


class WithImages(EdgeAction):
    """Base of an action plugin whose module has images among its nouns."""

    def _converse(self, params: Values, task_vars: Values) -> Result:
        given = {key: value for key, value in params.items() if not key.startswith(_PREFIX)}
        given |= {"images": None, "nouns": [n for n in params["nouns"] if n != IMAGES_NOUN]}
        asked = params.get("images") or params.get("images_prune")
        if IMAGES_NOUN not in params["nouns"] or not asked or params.get("state") != PRESENT:
            return super()._converse(given, task_vars)
        later = [noun for noun in given["nouns"] if noun in SITE_NOUNS]
        own = [noun for noun in given["nouns"] if noun not in later]
        look = {"nouns": [*own, IMAGES_NOUN], "images_prune": params.get("images_prune") or None}
        wanted = self._known(params, task_vars)
        result = super()._converse({**given, **look, "wanted": wanted}, task_vars)
        if result.get("failed") or result.get("skipped"):
            return result
        if wanted is None or "images_pending" not in result:
            result["images_pending"] = True
        if task_vars.get("__edge_planning"):
            return result
        if self._task.check_mode and result["changed"]:
            return result | {"warnings": [*result.get("warnings", ()), _LATER]}
        if result.pop("images_pending"):
            result = joined(result, self._bring(params, task_vars))
        if later and not result.get("failed"):
            result = joined(result, super()._converse({**given, "nouns": later}, task_vars))
        return result

    def _known(self, params: Values, task_vars: Values) -> list[Values] | None:
        """What the node is asked for, as far as that is known without opening a source."""
        gives = params.get("images_site_registry") and begins_its_site(place_of(task_vars))
        # Of these the look knows nothing.
        if params.get("images_trust") != "off" or params.get("images_scan_command") or gives:
            return None
        folder = params.get("cache_dir")
        rows = Rows(Path(folder).expanduser() if folder else default_cache_dir())
        host = str(task_vars.get("inventory_hostname"))
        machine = str(task_vars.get("ansible_architecture") or rows.machine_of(host) or USUAL)
        found = known(params.get("images") or [], machine, rows)
        return found and marked(found, exact=bool(params.get("images_exact")))

    def _bring(self, params: Values, task_vars: Values) -> Result:
        """What edge_images says, by this task's own connection."""
        from ansible_collections.lightk8s.edge.plugins.plugin_utils._staging.action import (
            ImagesAction,
        )

        task = self._task.copy(exclude_parent=False, exclude_tasks=True)
        task.action = "lightk8s.edge.edge_images"
        given = {name: params.get(name) for name in _SAME}
        given |= {name: params.get(f"{_PREFIX}{name}") for name in _OWN}
        given["images"] = params.get("images") or []
        task.args = {name: value for name, value in given.items() if value is not None}
        other = ImagesAction(
            task,
            self._connection,
            self._play_context,
            self._loader,
            self._templar,
            self._shared_loader_obj,
        )
        return other.run(task_vars=task_vars)


def joined(result: Result, more: Result) -> Result:
    """Two parts of what one task did, the second after the first."""
    skipped = (*_LISTS, *_SUMS, "changed", "transfer", "invocation")
    found = {**result, **{key: value for key, value in more.items() if key not in skipped}}
    found["changed"] = bool(result.get("changed") or more.get("changed"))
    for key in _LISTS:
        rows = [*result.get(key, ()), *more.get(key, ())]
        if rows or key == "actions":
            found[key] = rows
    for key in _SUMS:
        if key in result or key in more:
            found[key] = result.get(key, 0) + more.get(key, 0)
    parts = [part["transfer"] for part in (result, more) if "transfer" in part]
    if parts:
        keys = {key for part in parts for key in part}
        found["transfer"] = {key: sum(part.get(key, 0) for part in parts) for key in sorted(keys)}
    return found
