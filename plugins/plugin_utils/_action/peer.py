# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An action plugin like a given one, but for another inventory host."""

from __future__ import annotations

import typing as t

from ansible import context
from ansible.errors import AnsibleError
from ansible.executor.task_executor import TaskExecutor


class _Connector(TaskExecutor):
    """The part of core's executor that makes connection and become plugins from host variables.

    Its constructor differs between cores and newer ones take the task from a context: the few
    attributes which that part reads are set here instead.
    """

    _task: t.Any = None

    def __init__(self, action: t.Any, task: t.Any, play_context: t.Any) -> None:
        self._task = task
        self._play_context = play_context
        self._loader = action._loader
        self._shared_loader_obj = action._shared_loader_obj
        self._connection: t.Any = None
        self._new_stdin = None

    def connect(self, variables: dict[str, t.Any], templar: t.Any) -> t.Any:
        named = variables.get("ansible_connection")
        transport = templar.template(named) if named is not None else declared(self._task, templar)
        core: t.Any = self
        self._connection = core._get_connection(variables, templar, transport)
        core._set_connection_options(variables, templar)
        return self._connection


def declared(task: t.Any, templar: t.Any) -> str:
    """The transport that the playbook or the command line names for hosts that name none.

    Not `task.connection`: newer cores write there what the task's own host was reached by, and a
    peer of a local host would be taken for the controller.
    """
    written = (task.get_ds() or {}).get("connection")
    if written is None:
        written = task._get_parent_attribute("connection", omit=True)
    if not isinstance(written, str):
        written = context.CLIARGS.get("connection") or "ssh"
    transport = str(templar.template(written))
    return "ssh" if transport == "smart" else transport


def action_for(
    action: t.Any, host: str, task_vars: dict[str, t.Any]
) -> tuple[t.Any, dict[str, t.Any]]:
    """The action and the variables of `host`, as `delegate_to: host` would give them."""
    task = action._task.copy(exclude_parent=False, exclude_tasks=True)
    task.delegate_to = host
    manager = task.get_variable_manager()
    if manager._inventory.get_host(host) is None:
        raise AnsibleError(f"{host} is not in the inventory")
    delegated, name = manager.get_delegated_vars_and_hostname(action._templar, task, task_vars)
    play_context = action._play_context.set_task_and_variable_override(
        task=task, variables=task_vars | delegated, templar=action._templar
    )
    variables = delegated["ansible_delegated_vars"][name]
    templar = action._templar.copy_with_new_env(available_variables=variables)
    play_context.post_validate(templar=templar)
    connection = _Connector(action, task, play_context).connect(variables, templar)
    other = type(action)(
        task, connection, play_context, action._loader, templar, action._shared_loader_obj
    )
    return other, variables
