# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes one line of JSON per task result into the file that TESTBED_RESULTS names."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: json_lines
type: aggregate
short_description: One line of JSON per task result
description: The file is named by the environment variable TESTBED_RESULTS.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "json_lines"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, record: dict[str, Any]) -> None:
        # One write per line: what a killed run has finished is whole.
        line = json.dumps(record, default=str) + "\n"
        with open(os.environ["TESTBED_RESULTS"], "a", encoding="utf-8") as handle:
            handle.write(line)

    def _task(self, status: str, result: Any, ignored: bool = False) -> None:
        # ansible-core 2.18 knows the names with an underscore only.
        task = getattr(result, "task", None) or result._task
        host = getattr(result, "host", None) or result._host
        data = getattr(result, "result", None) or result._result
        self._write(
            {
                "host": host.get_name(),
                "task": task.get_name(),
                "action": task.action,
                "status": status,
                "ignored": ignored,
                "result": {k: v for k, v in data.items() if not k.startswith("_ansible")},
            }
        )

    def v2_runner_on_ok(self, result: Any) -> None:
        self._task("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._task("failed", result, ignore_errors)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._task("skipped", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._task("unreachable", result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._write({"stats": {host: stats.summarize(host) for host in stats.processed}})
