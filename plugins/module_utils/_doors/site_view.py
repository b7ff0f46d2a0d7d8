# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asked of a server by the action plugin of an agent that has no way to the API; not a module."""

from __future__ import annotations

import typing as t

from .._core import door
from .._core.errors import EdgeError
from .._core.plan import Step
from .._distribution import objects
from .._distribution.access import connect, look_at_node, view
from .._distribution.adapter import NodeView
from .._distribution.registry import adapter_of
from .._host.host import Host
from . import options

PAUSE = 1.0
ARGS: dict[str, t.Any] = {
    "argument_spec": {
        **options.NAME,
        "node": {"type": "str", "required": True},
        "runs": {"type": "str"},
        "labels": {"type": "dict"},
        "taints": {"type": "list", "elements": "str"},
        "gone": {"type": "bool", "default": False},
        "replaced": {"type": "bool", "default": False},
        **options.NODE,
    },
    "supports_check_mode": True,
}


def main(params: dict[str, t.Any], check: bool, diff: bool) -> dict[str, t.Any]:
    """{changed, actions, node, trouble}: what the cluster sees of the agent's Node, once it is Ready and
    runs the version `runs`, or, with `gone`, once it is deleted. `trouble` says why that did not come.

    With `replaced` a Node that still reports is not deleted: it is another machine's.
    """
    host = Host()
    try:
        own = {**params, "role": "server", "node_name": None}
        spec = options.distribution_spec(params["distribution"], own)
        adapter = adapter_of(spec.distribution)
        kubeconfig = adapter.records(spec, adapter.config(host), host.hostname()).kubeconfig
        name = params["node"]
        if params.get("gone"):
            return _delete(host, kubeconfig, name, check=check, dead=bool(params.get("replaced")))
        wait = 0.0 if check else float(spec.wait_timeout)
        node, trouble = watch(host, kubeconfig, name, str(params.get("runs") or ""), wait)
        steps = objects.steps(spec, node, kubeconfig, name) if node is not None else ()
        if not check and not trouble:
            for step in steps:
                objects.perform(host, step)
    except EdgeError as exc:
        return {"changed": False, **door.failed(exc)}
    return {"changed": bool(steps), "trouble": trouble, **_told(node, steps)}


def watch(
    host: Host, kubeconfig: str, name: str, runs: str, wait: float
) -> tuple[NodeView | None, str]:
    """(the Node, why it is not as it should be after `wait` seconds). EdgeError(kind=api)."""
    deadline = host.monotonic() + wait
    while True:
        api, node = look_at_node(host, kubeconfig, name)
        if api == "ok":
            trouble = judge(node, name, runs)
            if not trouble:
                return node, ""
        if host.monotonic() >= deadline:
            break
        host.sleep(PAUSE)
    if api != "ok":
        raise EdgeError(f"the API does not answer: {api}", kind="api")
    return node, trouble


def judge(node: NodeView | None, name: str, runs: str) -> str:
    """Why a Node is not as it should be; empty when it is. Pure."""
    if node is None:
        return f"the cluster has no Node {name}"
    if runs and not node.version.endswith(runs):
        return f"the cluster sees {node.version} on {name}, not {runs}"
    return "" if node.ready else f"the Node {name} is not Ready: {node.reason}"


def _delete(host: Host, kubeconfig: str, name: str, *, check: bool, dead: bool) -> dict[str, t.Any]:
    with connect(host, kubeconfig, patient=True) as client:
        found = client.read("Node", "", name)
        if found is not None and dead and view(found).ready:
            raise EdgeError(
                f"a machine reports to the cluster as the Node {name} already",
                kind="join",
                hint="set edge_node_name, or take the other machine out of the cluster first",
            )
        if found is not None and not check:
            client.delete("Node", "", name)
    actions = [] if found is None else [f"delete the Node {name}"]
    return {"changed": found is not None, "actions": actions}


def _told(node: NodeView | None, steps: t.Sequence[Step]) -> dict[str, t.Any]:
    found: dict[str, t.Any] = {"actions": [step.summary for step in steps]}
    if node is not None:
        found["node"] = {
            "name": node.name,
            "ready": node.ready,
            "version": node.version,
            "roles": list(node.roles),
        }
    return found
