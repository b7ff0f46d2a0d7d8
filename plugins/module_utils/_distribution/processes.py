# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The processes that run because of a distribution, and their end."""

from __future__ import annotations

import os
import signal
import typing as t

from .._core.errors import EdgeError
from .._host.host import Host

SHIM = "containerd-shim"


class Mark(t.NamedTuple):
    """How processes of a distribution are told from others.

    `programs` are beginnings of paths of files that it runs; `sockets` begins the path of its
    containerd's socket, which stands in the command of each shim.
    """

    programs: tuple[str, ...]
    sockets: tuple[str, ...]


class Process(t.NamedTuple):
    """One line of the process table; `program` is the file that runs, empty for the kernel's own."""

    parent: int
    program: str
    words: tuple[str, ...]

    def bears(self, mark: Mark) -> bool:
        """By the file that runs: a command line that only mentions a path is somebody else's."""
        if self.program.startswith(mark.programs):
            return True
        shim = bool(self.words) and os.path.basename(self.words[0]).startswith(SHIM)
        return shim and any(word.startswith(mark.sockets) for word in self.words)

    @property
    def of_containerd(self) -> bool:
        """Whether it is a containerd, or a shim of one, whoever has started it."""
        return os.path.basename(self.program or self.words[0]).startswith("containerd")


Table = t.Mapping[int, Process]


def end(host: Host, mark: Mark, title: str) -> None:
    """Kill what bears the mark (the distribution, containerd, shims), with all their children.

    EdgeError(kind=command) where some of it does not go.
    """
    for dummy in range(20):
        doomed = to_end(table(), mark, os.getpid())
        if not doomed:
            return
        for pid in doomed:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        host.sleep(0.25)
    raise EdgeError(f"processes of {title} do not end", kind="command", hint="restart the node")


def to_end(found: Table, mark: Mark, own: int) -> set[int]:
    """Pids to kill: never this process or one that it was started by, pid 1 among them. Pure."""
    roots = [pid for pid, process in found.items() if process.bears(mark)]
    return {*roots, *_below(found, roots)} - _ancestors(found, own)


def _below(found: Table, roots: t.Iterable[int]) -> set[int]:
    below: set[int] = set()
    edge = set(roots)
    while edge:
        edge = {pid for pid, process in found.items() if process.parent in edge} - below
        below |= edge
    return below


def _ancestors(found: Table, pid: int) -> set[int]:
    line = {1}
    while pid in found and pid not in line:
        line.add(pid)
        pid = found[pid].parent
    return line


def table() -> dict[int, Process]:
    """All processes that live, by pid."""
    found: dict[int, Process] = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stream:
                fields = stream.read().rpartition(")")[2].split()
            with open(f"/proc/{name}/cmdline", "rb") as stream:
                words = stream.read().decode("utf-8", "replace").rstrip("\0").split("\0")
        except OSError:
            continue
        if fields[0] != "Z":
            found[int(name)] = Process(int(fields[1]), _program(name), tuple(words))
    return found


def _program(pid: str) -> str:
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""
