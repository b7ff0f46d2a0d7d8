# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks of site.yml that open a connection to a node, and services that it restarts."""

from __future__ import annotations

import shutil
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from bed.paths import REPO
from bed.plays import CALLBACKS

from .lab import Lab
from .wire import close_connections

CALLBACK = REPO / "tests" / "bench" / "callback_plugins"
# Stands before ssh and its like in PATH: one line per start, with the task that runs just then. Written in one
# go, for forks start at the same time.
WRAPPER = """#!/bin/sh
words=$(printf '%s ' "$@" | tr '\\n' ' ')
printf '%s\\t%s\\t%s\\n' "$(cat '{task}')" {program} "$words" >>'{log}'
exec {real} "$@"
"""
# Services of a login, which come and go with the connections.
OF_SESSIONS = ("ssh@", "user@", "user-runtime-dir@", "systemd-")


@dataclass(frozen=True)
class Traffic:
    """Of a run of site.yml with nothing to do."""

    tasks: dict[str, list[str]]  # by node: the tasks that started ssh, in order
    restarts: list[str]


def site(lab: Lab) -> Traffic:
    """Run site.yml once, with every start of ssh noted."""
    lab.unchanged("site")
    folder = lab.nodes.root / "bench"
    shutil.rmtree(folder, ignore_errors=True)
    log, environment = _prepare(folder)
    before = _services(lab)
    lab.unchanged("site", env=environment)
    after = _services(lab)
    close_connections(lab)
    restarts = [unit for unit, number in before.items() if after.get(unit) != number]
    return Traffic(_tasks(lab, log), restarts)


def _prepare(folder: Path) -> tuple[Path, dict[str, str]]:
    programs, task, log = folder / "bin", folder / "task", folder / "log"
    programs.mkdir(parents=True)
    task.touch()
    log.touch()
    for program in ("ssh", "scp", "sftp"):
        wrapper = programs / program
        text = WRAPPER.format(task=task, log=log, program=program, real=shutil.which(program))
        wrapper.write_text(text, encoding="utf-8")
        wrapper.chmod(0o755)
    return log, {
        "PATH": f"{programs}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "ANSIBLE_CALLBACK_PLUGINS": f"{CALLBACKS}:{CALLBACK}",
        "ANSIBLE_CALLBACKS_ENABLED": "json_lines,current_task",
        "BENCH_TASK": str(task),
    }


def _tasks(lab: Lab, log: Path) -> dict[str, list[str]]:
    """Each task once for each node, whatever the number of commands that it ran there."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    lines = [line.split("\t", 3) for line in log.read_text(encoding="utf-8").splitlines()]
    for number, name, _program, words in lines:
        for node in lab.nodes.nodes.values():
            if node.ip in words.split():
                found[node.name][number] = name
    return {node: list(tasks.values()) for node, tasks in found.items()}


def _services(lab: Lab) -> dict[str, str]:
    """Running services, each with the number of its present life."""
    found = {}
    for node in lab.nodes.nodes.values():
        script = (
            "for u in $(systemctl list-units --plain --no-legend --state=running '*.service'"
            " | cut -d' ' -f1); do echo $u $(systemctl show -p InvocationID --value $u); done"
        )
        for line in node.run(script).stdout.splitlines():
            unit, _space, number = line.partition(" ")
            if not unit.startswith(OF_SESSIONS) or unit.startswith("systemd-journald"):
                found[f"{node.name} {unit}"] = number
    return found
