# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Agents that have no way to the API: a server of their site tells what the cluster sees of their Nodes."""

from __future__ import annotations

import typing as t

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution import objects
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.spec import AGENT, PURGED
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.base import EdgeAction, Result

Vars = dict[str, t.Any]
Settle = t.Callable[[str], Result]
PUBLIC = ("actions", "node", "trouble", "changed")


def is_mute(distribution: str, params: t.Mapping[str, t.Any]) -> bool:
    """Whether the node of these parameters cannot ask the API itself."""
    from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.registry import (
        adapter_of,
    )

    return params.get("role") == AGENT and not adapter_of(distribution).agents_ask


class Cloud:
    """The servers that can speak for one agent."""

    def __init__(
        self, action: EdgeAction, distribution: str, params: Vars, task_vars: Vars
    ) -> None:
        self._action = action
        self._params = params
        self._task_vars = task_vars
        self._common = {
            "distribution": distribution,
            "site": params.get("site") or "",
            "data_dir": params.get("data_dir"),
            "wait_timeout": params.get("wait_timeout"),
        }

    def _ask(self, wish: Vars) -> tuple[Result, list[str]]:
        """The first answer, and what those said who had none."""
        said: list[str] = []
        for peer in self._params.get("join_from") or {}:
            given = self._common | wish
            answer = self._action.run_on_peer(peer, "site_view", given, self._task_vars, PUBLIC)
            if not answer.get("failed"):
                return answer, said
            said.append(f"{peer}: {answer.get('msg')}")
        return {}, said or ["no server of the site is known"]

    def confirm(self, result: Result, check: bool, settle: Settle) -> Result:
        """The result of a run with what the cluster sees of the Node; a held change is settled."""
        node = (result.get("distribution") or {}).get("left")
        if not node or result.get("failed"):
            return result
        wish = {
            "node": node,
            "runs": (result.get("distribution") or {}).get("version"),
            "labels": self._params.get("labels"),
            "taints": self._params.get("taints"),
        }
        answer, said = self._ask(wish)
        if objects.for_new(node) in result.get("actions", []):
            # The node has told of its labels and taints already; the server has set them in its place.
            result.pop("asks", None)
            answer = {**answer, "actions": []} if answer else answer
        held = bool(result.pop("held", False))
        trouble = str(answer.get("trouble") or "")
        if held:
            settled = settle("" if check else trouble)
            if settled.get("failed"):
                return result | settled
        if not answer:
            text = f"nobody could tell whether the cluster sees {node} as Ready: {'; '.join(said)}"
            return result | {"warnings": [*result.get("warnings", []), text]}
        told = _told(result, answer)
        if trouble and check:
            return told | {"pending": True}
        return told | _failure(trouble, str(self._params.get("site") or "")) if trouble else told

    def make_room(self, node: str) -> None:
        """Have the Node of a machine that was replaced deleted. EdgeError(kind=join) where it lives."""
        answer, said = self._ask({"node": node, "gone": True, "replaced": True})
        if not answer:
            raise EdgeError(
                f"no server could make room for the Node {node}: {'; '.join(said)}",
                kind="join",
                hint="bring a server of the site up, or give this host another edge_node_name",
            )

    def forget(self, node: str, result: Result) -> Result:
        """The result of a purge, after which the cluster has no Node of the agent either."""
        answer, said = self._ask({"node": node, "gone": True})
        if not answer:
            text = f"the Node {node} stays in the cluster: {'; '.join(said)}"
            return result | {"warnings": [*result.get("warnings", []), text]}
        return _told(result, answer)


def purged_node(action: EdgeAction, distribution: str, params: Vars, task_vars: Vars) -> str:
    """The name of the Node of an agent that is about to be purged; empty where there is none."""
    if params.get("state") != PURGED:
        return ""
    given = {"distribution": distribution, "role": AGENT, "removed": True}
    given |= {key: params.get(key) for key in ("data_dir", "node_name")}
    host = str(task_vars["inventory_hostname"])
    answer = action.run_on_peer(host, "node_stop", given, task_vars, ("node", "unit", "running"))
    return str(answer.get("node") or "")


def _told(result: Result, answer: Result) -> Result:
    """A result with what a server has seen, and done."""
    told = dict(result)
    told["changed"] = bool(result.get("changed") or answer.get("changed"))
    told["actions"] = [*result.get("actions", []), *answer.get("actions", [])]
    if result.get("distribution") and answer.get("node"):
        seen = {key: value for key, value in result["distribution"].items() if key != "left"}
        told["distribution"] = {**seen, "node": answer["node"]}
    return told


def _failure(message: str, site: str) -> Result:
    failure = {"kind": "health", "message": message, "site": site, "step": ""}
    failure["hint"] = "see the log of the service on the node, and the cluster's events"
    where = f"site {site}: " if site else ""
    return {"failed": True, "msg": f"{where}{message} ({failure['hint']})", "failure": failure}
