# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of ansible-playbook against a fleet, with the result of every task."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .fleet import Fleet
from .paths import REPO
from .shell import BedError

CALLBACKS = REPO / "tests" / "integration" / "callback_plugins"
Plays = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class TaskResult:
    """What one task did on one host; status: ok, failed, skipped or unreachable."""

    host: str
    task: str
    action: str
    status: str
    ignored: bool
    result: dict[str, Any]

    @property
    def changed(self) -> bool:
        return bool(self.result.get("changed"))


@dataclass(frozen=True)
class Run:
    """A run that has ended; `stats` has ok, changed, failures, unreachable, ... per host."""

    code: int
    output: str
    seconds: float
    stats: dict[str, dict[str, int]]
    tasks: list[TaskResult]

    def changed(self) -> list[TaskResult]:
        return [t for t in self.tasks if t.changed]

    def failed(self) -> list[TaskResult]:
        return [t for t in self.tasks if t.status == "failed" and not t.ignored]

    def of(self, host: str = "", *, task: str = "", action: str = "") -> list[TaskResult]:
        """Results of a host, of tasks with this text in their name, of an action's last word."""
        return [
            t
            for t in self.tasks
            if (not host or t.host == host)
            and task in t.task
            and (not action or t.action.rpartition(".")[2] == action)
        ]


class Started:
    """A run under way, for tests that end it early."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, results: Path) -> None:
        self.process = process
        self.log = log
        self._results = results
        self._began = time.monotonic()

    def kill(self) -> None:
        """SIGKILL to ansible-playbook and its workers, as when the controller dies."""
        # Newer cores give each worker a session of its own: they are found by their parents.
        doomed = _family(self.process.pid)
        for pid in doomed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def results(self) -> list[TaskResult]:
        """What has been finished so far."""
        return _read(self._results)[0]

    def wait(self, timeout: float = 1200) -> Run:
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise BedError(f"no end after {timeout} s; the log is {self.log}") from None
        tasks, stats = _read(self._results)
        output = self.log.read_text(encoding="utf-8", errors="replace")
        return Run(code, output, time.monotonic() - self._began, stats, tasks)


def start(
    fleet: Fleet,
    play: str | Path | Plays,
    *args: str,
    inventory: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Started:
    """Start ansible-playbook with a playbook of the collection (by name), a file, or plays.

    Its log and the results are kept under `runs` in the fleet's folder.
    """
    folder = fleet.root / "runs"
    folder.mkdir(exist_ok=True)
    stem = f"{len(list(folder.glob('*.log'))) + 1:03}-{_label(play)}"
    log, results = folder / f"{stem}.log", folder / f"{stem}.results"
    argv = [_program(), "-i", str(inventory or fleet.inventory), *args, str(_file(play, log))]
    with open(log, "wb") as out:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=REPO,
            env={**_environment(fleet, results), **(env or {})},
            start_new_session=True,
        )
    return Started(process, log, results)


def playbook(
    fleet: Fleet,
    play: str | Path | Plays,
    *args: str,
    inventory: Path | None = None,
    env: Mapping[str, str] | None = None,
    check: bool = True,
    timeout: float = 1200,
) -> Run:
    """Run to the end; with `check`, raises BedError with the end of the log after a failure."""
    run = start(fleet, play, *args, inventory=inventory, env=env).wait(timeout)
    if check and run.code != 0:
        raise BedError(f"ansible-playbook ended with {run.code}:\n{run.output[-6000:]}")
    return run


def _family(pid: int) -> list[int]:
    """The process and all that descend from it, parents first."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += map(int, task.read_text(encoding="ascii").split())
    return found


def _program() -> str:
    beside = Path(sys.executable).parent / "ansible-playbook"
    found = str(beside) if beside.exists() else shutil.which("ansible-playbook")
    if not found:
        raise BedError("ansible-playbook is missing: install ansible-core for this Python")
    return found


def _label(play: str | Path | Plays) -> str:
    return Path(play).stem if isinstance(play, str | Path) else "plays"


def _file(play: str | Path | Plays, log: Path) -> Path:
    if isinstance(play, Path):
        return play
    if isinstance(play, str):
        return REPO / "playbooks" / f"{play}.yml"
    file = log.with_suffix(".yml")
    file.write_text(yaml.safe_dump([dict(p) for p in play], sort_keys=False), encoding="utf-8")
    return file


def _environment(fleet: Fleet, results: Path) -> dict[str, str]:
    """The caller's environment without its own settings for Ansible."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ANSIBLE_")}
    return {
        **kept,
        "ANSIBLE_CONFIG": str(fleet.ansible_cfg),
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_CALLBACKS_ENABLED": "json_lines",
        "ANSIBLE_HOME": str(fleet.root / "ansible"),
        "ANSIBLE_NOCOLOR": "1",
        "TESTBED_RESULTS": str(results),
    }


def _read(results: Path) -> tuple[list[TaskResult], dict[str, dict[str, int]]]:
    tasks: list[TaskResult] = []
    stats: dict[str, dict[str, int]] = {}
    text = results.read_text(encoding="utf-8") if results.exists() else ""
    for line in text.splitlines(keepends=True):
        if not line.endswith("\n"):
            break
        record = json.loads(line)
        if "stats" in record:
            stats = record["stats"]
        else:
            tasks.append(TaskResult(**record))
    return tasks, stats
