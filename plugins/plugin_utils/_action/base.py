# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's half of every module: runs its door by code kept on the node, brings artifacts.

A subclass names its door and overrides what it can give:

    class ActionModule(EdgeAction):
        DOOR = "k3s_install"

        def supply(self, need, task_vars):
            return store.fetch(need["sha256"])
"""

from __future__ import annotations

import functools
import importlib
import typing as t
from pathlib import Path

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase

from ansible_collections.lightk8s.edge.plugins.module_utils._core.door import failed
from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action import arguments, peer
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.bundle import (
    MODULE_UTILS,
    Bundle,
    bundle,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.node import (
    Crashed,
    NeedsTerminal,
    NoAnswer,
    Node,
    pipelines,
    require_terminal,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._transfer.carry import Carrier, say
from ansible_collections.lightk8s.edge.plugins.plugin_utils._transfer.neighbours import (
    neighbours_of,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._transfer.pace import pace_of

ROUNDS = 8  # runs of a door within one task; more means that it asks for ever new things
Result = dict[str, t.Any]


@functools.cache
def door_args(package: str, door: str) -> dict[str, t.Any]:
    """ARGS of a door. Imported from the collection, so that the ordinary module sees the same."""
    module = importlib.import_module(f"{package}._doors.{door}")
    return t.cast("dict[str, t.Any]", module.ARGS)


class EdgeAction(ActionBase):
    """Base of the collection's action plugins.

    DOOR names `_doors/<DOOR>.py` under BUNDLE_ROOT, which is BUNDLE_PACKAGE as a Python package.
    The two are for tests: a collection with doors of its own sets them to its own module_utils.
    """

    DOOR: t.ClassVar[str] = ""
    PUBLIC: t.ClassVar[t.Container[str]] = ()  # keys of more_params that are no secret
    PASSING: t.ClassVar[t.Container[str]] = ()  # parameters of which nothing stays on a node
    BUNDLE_ROOT: t.ClassVar[Path] = MODULE_UTILS
    BUNDLE_PACKAGE: t.ClassVar[str] = "ansible_collections.lightk8s.edge.plugins.module_utils"
    _supports_async = True
    _secrets: tuple[str, ...] = ()

    def __init_subclass__(cls, **kwargs: t.Any) -> None:
        """At import, that is once and in the parent of all workers: hashing costs time."""
        super().__init_subclass__(**kwargs)
        if cls.DOOR:
            bundle(cls.BUNDLE_ROOT)
            door_args(cls.BUNDLE_PACKAGE, cls.DOOR)

    def supply(self, need: dict[str, t.Any], task_vars: dict[str, t.Any]) -> Path:
        """A local file with the content `need["sha256"]`. Overridden where a door has needs."""
        raise AnsibleError(f"nothing on the controller supplies {need.get('name')}")

    def more_params(
        self, result: Result | None, params: dict[str, t.Any], task_vars: dict[str, t.Any]
    ) -> dict[str, t.Any]:
        """Parameters that only the controller can find (a join token read from a living server).

        Called before the door runs first (`result` is None) and after each run that needs no
        artifacts. A mapping that is not empty is laid over `params`, its strings are treated as
        no_log values, and the door runs (again).
        """
        return {}

    def run_on_peer(
        self,
        host: str,
        door: str,
        params: dict[str, t.Any],
        task_vars: dict[str, t.Any],
        public: t.Container[str] = (),
    ) -> Result:
        """Result of a door on another inventory host, by that host's connection, become and Python.

        Nothing of it is registered; its strings, except those under the top-level keys in `public`,
        become no_log values of this task. A peer that is away gives `unreachable: true` in the
        returned mapping and does not make the task's own host unreachable.
        """
        other, other_vars = peer.action_for(self, host, task_vars)
        # No word is struck out on the way: an answer may hold a secret of this task (a join token
        # with the site's own token in it), and with stars in its place it would be another one.
        node = Node(other, other_vars, self._bundle, private=True)
        try:
            try:
                result = node.run_door(door, params)
            except NeedsTerminal:
                require_terminal(other._connection)
                result = node.run_door(door, params)
        except AnsibleConnectionFailure as error:
            return {"failed": True, "unreachable": True, "msg": str(error)}
        except (NoAnswer, Crashed, NeedsTerminal) as error:
            return {"failed": True, "msg": f"{host}: {error}"}
        finally:
            other.cleanup(force=True)
        private = {
            key: value for key, value in result.items() if key not in public and key not in NOTES
        }
        self._add_secrets(arguments.strings(private))
        return result

    @property
    def _bundle(self) -> Bundle:
        return bundle(self.BUNDLE_ROOT)

    def _add_secrets(self, words: t.Iterable[str]) -> None:
        self._secrets = arguments.longest_first([*self._secrets, *words])

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> Result:
        result = super().run(tmp, task_vars)
        variables = task_vars or {}
        name = self._task.action
        checked = arguments.validate(
            door_args(self.BUNDLE_PACKAGE, self.DOOR), self._task.args, name
        )
        self._secrets = checked.secrets
        out: Result = {"changed": False, "invocation": {"module_args": checked.params}}
        if checked.error:
            out |= _failure(checked.error, "spec")
        elif self._task.async_val:
            module: Result = self._execute_module(
                task_vars=variables, wrap_async=self._task.async_val
            )
            return result | module
        else:
            try:
                out |= self._converse(dict(checked.params), variables)
            except EdgeError as exc:
                out |= failed(exc, str(checked.params.get("site") or ""))
        for key, notes in checked.notes.items():
            out[key] = notes + list(out.get(key) or [])
            if not out[key]:
                del out[key]
        censor: t.Any = remove_values
        censored: Result = censor(out, self._secrets)
        return result | censored

    def _converse(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> Result:
        """Run the door until it has what it needs."""
        node = self._node(task_vars)
        name = self._task.delegate_to or task_vars.get("inventory_hostname")

        def tell(text: str) -> None:
            say(f"{name}: {text}")

        pace = pace_of(params, task_vars, self._templar.template, tell)
        carrier = Carrier(node.call, str(name), pace)
        extra = self._more(None, params, task_vars)
        for _dummy in range(ROUNDS):
            result = self._once(params, extra, task_vars)
            needs = result.get("needs") or []
            if self._task.check_mode and (needs or not result.get("failed")):
                sizes = [need.get("size") or 0 for need in needs]
                return result | ({"bytes_to_send": sum(sizes)} if needs else {})
            if needs:
                if not self._task.delegate_to:  # whose place in a site is that of another host
                    carrier.neighbours = carrier.neighbours or neighbours_of(
                        task_vars, self._templar, functools.partial(self._helper, task_vars), tell
                    )
                try:
                    carrier.bring(needs, lambda need: self.supply(need, task_vars))
                except (NoAnswer, Crashed, NeedsTerminal) as error:
                    return _failure(f"an artifact could not be carried: {error}", "artifact")
                continue
            more = self._more(result, params | extra, task_vars)
            if not more:
                sent = {"transfer": carrier.report()} if carrier.artifacts else {}
                return result | sent
            extra |= more
        return _failure(f"{self.DOOR} asked {ROUNDS} times for more", "internal")

    def _helper(self, task_vars: dict[str, t.Any], door: str, params: dict[str, t.Any]) -> Result:
        """Result of a door that is no module, on the task's own node."""
        self._add_secrets([str(params.get("token") or "")])
        try:
            return self._node(task_vars).run_door(door, params)
        except (NoAnswer, Crashed, NeedsTerminal) as error:
            return {"failed": True, "msg": str(error)}

    def _more(
        self, result: Result | None, params: dict[str, t.Any], task_vars: dict[str, t.Any]
    ) -> dict[str, t.Any]:
        more = self.more_params(result, params, task_vars)
        private = {key: value for key, value in more.items() if key not in self.PUBLIC}
        self._add_secrets(arguments.strings(private))
        return more

    def _once(
        self, params: dict[str, t.Any], extra: dict[str, t.Any], task_vars: dict[str, t.Any]
    ) -> Result:
        if not pipelines(self._connection):
            return self._ordinary(extra, task_vars)
        try:
            answer = self._node(task_vars).run_door(self.DOOR, params | extra)
        except NeedsTerminal:
            require_terminal(self._connection)
            return self._ordinary(extra, task_vars)
        except Crashed as error:
            return _failure(str(error), "internal") | {"exception": error.trace}
        except NoAnswer as error:
            return _failure(str(error), "command") | {"rc": error.rc}
        return {
            key: value
            for key, value in answer.items()
            if not key.startswith("_ansible_") and key != "ansible_facts"
        }

    def _ordinary(self, extra: dict[str, t.Any], task_vars: dict[str, t.Any]) -> Result:
        given = arguments.plain(self._task.args) | extra
        result: Result = self._execute_module(module_args=given, task_vars=task_vars)
        return result

    def _node(self, task_vars: dict[str, t.Any]) -> Node:
        return Node(self, task_vars, self._bundle, self._secrets)


NOTES = frozenset({"changed", "failed", "msg", "failure", "warnings", "deprecations", "actions"})


def _failure(message: str, kind: str) -> Result:
    failure = {"kind": kind, "message": message, "hint": "", "site": "", "step": ""}
    return {"failed": True, "msg": message, "failure": failure}
