# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.lightk8s.edge.plugins.module_utils._core.door import failed
from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.base import Result
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.hostvars import Hosts
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.members import members_of
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.places import place_of
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.reading import InputsAction

Params = dict[str, t.Any]
# What says that this server cannot be asked now, while another one may answer.
ASK_ANOTHER = frozenset({"api", "certificate", "io"})


class ActionModule(InputsAction):
    """Has a living server of the site remove the task's host, which may be dead.

    The host itself is asked for its name and stopped in between, where it can be reached.
    """

    DOOR = "edge_node_leave"
    PUBLIC = ("member", "servers")
    BUILDS = False
    _requires_connection = False
    _supports_async = False

    def _converse(self, params: Params, task_vars: Params) -> Result:
        if params.get("member"):
            return super()._converse(params, task_vars)
        host = str(task_vars["inventory_hostname"])
        place = place_of(task_vars)
        leaving = task_vars.get("edge_leave") or []
        given = params.get("servers") or list(place.get("join_from") or {})
        servers = sorted(given, key=lambda name: name in leaving)
        try:
            return self._leave(host, params | {"servers": servers}, task_vars)
        except EdgeError as exc:
            return {"changed": False, **failed(exc, str(params.get("site") or ""))}

    def _leave(self, host: str, params: Params, task_vars: Params) -> Result:
        own = self._ask_host(host, params, task_vars, stop=False)
        hosts = Hosts(task_vars["hostvars"], self._templar)
        member, dummy = members_of(host, task_vars, hosts)
        if own.get("node"):
            member["node_name"] = own["node"]
        ask = params | {"member": member}
        if self._task.check_mode:
            return self._told(self._ask_site(ask | {"stage": "all"}, task_vars), own)
        first = self._ask_site(ask | {"stage": "drain"}, task_vars)
        if first.get("failed"):
            return first
        early = first["leave"]["stop_first"]
        if own.get("running") and first["leave"]["found"] and early:
            self._ask_host(host, params, task_vars, stop=True)
        second = self._ask_site(ask | {"stage": "remove"}, task_vars)
        if own.get("running") and first["leave"]["found"] and not early:
            self._ask_host(host, params, task_vars, stop=True)
        return self._told(_joined(first, second), own)

    def _ask_host(self, host: str, params: Params, task_vars: Params, stop: bool) -> Result:
        """The leaver's own word; one that is away or broken has none."""
        given = {key: params.get(key) for key in ("distribution", "site", "data_dir")}
        public = ("node", "unit", "running")
        answer = self.run_on_peer(host, "node_stop", given | {"stop": stop}, task_vars, public)
        if stop and answer.get("failed") and not answer.get("unreachable"):
            raise EdgeError(
                f"{host} could not be stopped: {answer.get('msg')}",
                kind="command",
                hint="stop the distribution there, or cut the host off, then run again",
            )
        return answer

    def _ask_site(self, params: Params, task_vars: Params) -> Result:
        """The answer of the first server that can act for the site."""
        reasons = []
        for server in params["servers"]:
            answer = self.run_on_peer(
                server, self.DOOR, params, task_vars, public=("leave", "diff")
            )
            kind = (answer.get("failure") or {}).get("kind")
            if not answer.get("failed") or (kind and kind not in ASK_ANOTHER):
                return answer
            reasons.append(f"{server}: {answer.get('msg')}")
        raise EdgeError(
            "no other server of the site can act for it"
            + (f"; {'; '.join(reasons)}" if reasons else ": it has none"),
            kind="refused",
            hint="bring back a server of the site; playbooks/reset.yml takes a whole site down",
        )

    def _told(self, result: Result, own: Result) -> Result:
        """With what concerns the host itself."""
        leave = result.get("leave") or {}
        if not leave.get("found"):
            return result
        if own.get("running"):
            result["actions"] = [*result.get("actions", []), f"stop {own['unit']} on the host"]
        elif own.get("unreachable") and leave.get("alive"):
            text = f"{leave['node']} cannot be reached, yet it reports to its cluster: it runs on"
            result["warnings"] = [*result.get("warnings", []), text]
        return result


def _joined(first: Result, second: Result) -> Result:
    """Both halves of the work as one result."""
    both = {**first, **second, "changed": first["changed"] or bool(second.get("changed"))}
    for key in ("actions", "diff", "warnings"):
        rows = [*first.get(key, []), *second.get(key, [])]
        if rows or key == "actions":
            both[key] = rows
    both["leave"] = {**first["leave"], "removed": not second.get("failed")}
    return both
