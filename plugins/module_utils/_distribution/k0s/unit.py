# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The systemd unit of k0s: rendered, and its command read back.

Rendered here and not by `k0s install`, so that unit, program and configuration change as one and go
back as one. It says what `k0s install` writes (v1.34), in the same place; added are a stop time, for
k0s leaves its children behind where systemd kills it early, and an environment file.
"""

from __future__ import annotations

import typing as t

from ..service import MARK, escape, word
from ..spec import SERVER
from ..unit_read import exec_start, parse_unit

STOP_SECONDS = 90
_SERVICE = (
    ("StartLimitInterval", "5"),
    ("StartLimitBurst", "10"),
    ("RestartSec", "10"),
    ("Delegate", "yes"),
    ("KillMode", "process"),  # containers outlive a restart of the service
    ("LimitCORE", "infinity"),
    ("TasksMax", "infinity"),
    ("TimeoutStartSec", "0"),
    ("TimeoutStopSec", str(STOP_SECONDS)),
    ("LimitNOFILE", "999999"),
    ("Restart", "always"),
)


def render_unit(role: str, binary: str, env_file: str, flags: t.Mapping[str, str]) -> str:
    """The unit's text; flags are sorted as k0s does."""
    command = "controller" if role == SERVER else "worker"
    words = [binary, command, *(f"--{name}={value}" for name, value in sorted(flags.items()))]
    lines = [MARK, "[Unit]", "Description=Kubernetes by k0s"]
    lines += ["Documentation=https://docs.k0sproject.io"]
    lines += [f"ConditionFileIsExecutable={escape(binary)}"]
    lines += ["After=network-online.target", "Wants=network-online.target", "", "[Service]"]
    lines += [f"EnvironmentFile=-{escape(env_file)}"]
    lines += [f"{key}={value}" for key, value in _SERVICE]
    lines += [f"ExecStart={' '.join(map(word, words))}"]
    return "\n".join([*lines, "", "[Install]", "WantedBy=multi-user.target"]) + "\n"


def read_flags(text: str, name: str) -> dict[str, str]:
    """The flags that the unit called `name` starts k0s with. Raises UnitError."""
    argv = exec_start(parse_unit(text), name, {}) if text else ()
    found = {}
    for item in argv[2:]:
        if item.startswith("--"):
            key, mark, value = item[2:].partition("=")
            found[key] = value if mark else "true"
    return found
