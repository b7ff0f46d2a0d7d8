# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One task of a real play on the controller, whose result the test reads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def run(
    folder: Path, task: dict[str, Any], variables: dict[str, Any], *words: str
) -> tuple[dict[str, Any], str]:
    """The task's result, also of one that fails, and all that was printed; `words` are ansible-playbook's."""
    save = {"content": "{{ found | to_json }}", "dest": str(folder / "found.json")}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}", **variables},
        "tasks": [
            {"name": "Run", **task, "register": "found", "ignore_errors": True},
            {
                "name": "Keep",
                "ansible.builtin.copy": save,
                "check_mode": False,
                "diff": False,
            },
        ],
    }
    path = folder / "play.yml"
    path.write_text(json.dumps([play]))
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,"]
    done = subprocess.run(
        [*command, "-c", "local", "-vvv", "--diff", *words, str(path)],
        env={**os.environ, "ANSIBLE_LOCALHOST_WARNING": "false"},
        text=True,
        check=False,
        capture_output=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads((folder / "found.json").read_text())
    return found, done.stdout + done.stderr
