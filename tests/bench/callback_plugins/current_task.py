# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the task that is being run into the file that BENCH_TASK names: its number, a tab, its name."""

from __future__ import annotations

import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: current_task
type: aggregate
short_description: The task that is being run, in a file
description: The file is named by the environment variable BENCH_TASK.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "current_task"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        del is_conditional
        self._note(task)

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        self._note(task)

    def _note(self, task: Any) -> None:
        path = os.environ["BENCH_TASK"]
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            file.write(f"{task._uuid}\t{task.get_name()}")
        os.replace(f"{path}.new", path)
