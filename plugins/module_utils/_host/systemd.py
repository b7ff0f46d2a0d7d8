# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What systemd says of units, in one call."""

from __future__ import annotations

import typing as t

from .._core.records import dataclass

PROPERTIES = (
    "Id",
    "LoadState",
    "ActiveState",
    "SubState",
    "UnitFileState",
    "MainPID",
    "ExecMainStartTimestampMonotonic",
    "NeedDaemonReload",
    "NRestarts",
    "Result",
    "FragmentPath",
    "ExecMainStatus",
    "Job",
)


@dataclass(frozen=True)
class UnitState:
    """`systemctl show` of one unit; an absent one has load == "not-found"."""

    name: str
    load: str = "not-found"
    active: str = "inactive"
    sub: str = "dead"
    enabled: str = ""
    pid: int = 0
    since: int = 0  # start of the main process, microseconds of the monotonic clock
    stale: bool = False  # the unit file on disk is newer than what systemd has read
    restarts: int = 0
    result: str = "success"
    path: str = ""
    status: int = 0
    job: int = 0  # what systemd has yet to do with it, as the start after the stop of a restart

    @property
    def running(self) -> bool:
        """Up, or on its way up."""
        return self.active in ("active", "activating", "reloading")


def parse_show(text: str) -> dict[str, UnitState]:
    """Parse `systemctl show A B -p ...`: blocks of KEY=VALUE parted by blank lines."""
    found: dict[str, UnitState] = {}
    for block in text.split("\n\n"):
        pairs = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if "Id" not in pairs:
            continue
        found[pairs["Id"]] = UnitState(
            name=pairs["Id"],
            load=pairs.get("LoadState", ""),
            active=pairs.get("ActiveState", ""),
            sub=pairs.get("SubState", ""),
            enabled=pairs.get("UnitFileState", ""),
            pid=_number(pairs.get("MainPID")),
            since=_number(pairs.get("ExecMainStartTimestampMonotonic")),
            stale=pairs.get("NeedDaemonReload") == "yes",
            restarts=_number(pairs.get("NRestarts")),
            result=pairs.get("Result", ""),
            path=pairs.get("FragmentPath", ""),
            status=_number(pairs.get("ExecMainStatus")),
            job=_number(pairs.get("Job")),
        )
    return found


def show_command(names: t.Sequence[str]) -> list[str]:
    """The command whose output `parse_show` reads."""
    return ["systemctl", "show", "--no-pager", "-p", ",".join(PROPERTIES), "--", *names]


def _number(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0
