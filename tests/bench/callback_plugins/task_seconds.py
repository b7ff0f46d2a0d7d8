# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Appends to the file that BENCH_SECONDS names how long each task took: a JSON object per line."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: task_seconds
type: aggregate
short_description: How long each task took, in a file
description: The file is named by the environment variable BENCH_SECONDS.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "task_seconds"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        del is_conditional
        self._began = time.monotonic()

    def v2_runner_on_ok(self, result: Any) -> None:
        self._note(result, "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        del ignore_errors
        self._note(result, "failed")

    def _note(self, result: Any, how: str) -> None:
        row = {
            "task": result.task_name,
            "how": how,
            "changed": bool(result._result.get("changed")),
            "seconds": time.monotonic() - self._began,
        }
        with open(os.environ["BENCH_SECONDS"], "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
