# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one door to the outside world: commands, files, systemd, clock.

Everything else is handed a Host. A Host on another `root` serves tests with a temporary folder:
only file operations follow it; commands run as they are.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import time
import typing as t

from .._core.errors import EdgeError
from .._core.places import HOME
from . import files, systemd
from .commands import Done, Process
from .memory import Memory

PATHS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/bin"


class Host:
    """The machine this code runs on."""

    def __init__(self, root: str = "/") -> None:
        self.root = root.rstrip("/")
        self._memory = Memory(self)
        self._moment: dict[str, systemd.UnitState] = {}

    def machine(self) -> str:
        """The processor architecture in uname's words."""
        return os.uname().machine

    def hostname(self) -> str:
        """The node's own name in lower case, as the kubelet would use it."""
        return os.uname().nodename.lower()

    # ---- commands

    def run(
        self,
        argv: t.Sequence[str],
        *,
        timeout: float = 60,
        check: bool = True,
        text: str | None = None,
        env: t.Mapping[str, str] | None = None,
    ) -> Done:
        """Run a command given as a list, without a shell, bounded by `timeout` seconds.

        Raises EdgeError(kind=command) when it takes too long or, with `check`, is missing, cannot be run or
        fails; else these are the codes of a shell, 127 and 126.
        """
        try:
            process = Process(
                list(argv),
                stdin=subprocess.DEVNULL if text is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, "PATH": PATHS, "LC_ALL": "C", **(env or {})},
            )
            with process:
                out, err = process.finish(None if text is None else text.encode(), timeout)
        except OSError as exc:
            missing = isinstance(exc, FileNotFoundError)
            if not check:
                return Done(tuple(argv), 127 if missing else 126, "", f"{argv[0]}: {exc.strerror}")
            said = "is not installed on this node" if missing else f"cannot be run: {exc.strerror}"
            hint = f"install {argv[0]}" if missing else ""
            raise EdgeError(f"{argv[0]} {said}", kind="command", hint=hint) from exc
        except subprocess.TimeoutExpired as exc:
            raise EdgeError(
                f"{' '.join(argv[:3])} did not end within {timeout:g} s", kind="command"
            ) from exc
        result = Done(
            tuple(argv),
            process.returncode,
            out.decode("utf-8", "replace"),
            err.decode("utf-8", "replace"),
        )
        if check and result.rc:
            raise EdgeError(f"{' '.join(argv[:3])} failed: {result.said}", kind="command")
        return result

    def feed(
        self, argv: t.Sequence[str], write: t.Callable[[t.BinaryIO], None], *, timeout: float
    ) -> None:
        """Run a command whose standard input `write` fills; it is killed where `write` raises.

        Raises EdgeError(kind=command) like `run`, and what `write` raises.
        """
        from .feeding import feed

        feed(list(argv), write, {**os.environ, "PATH": PATHS, "LC_ALL": "C"}, timeout)

    # ---- clock and chance

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds of a clock that nobody sets."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def secret(self, length: int = 16) -> str:
        """`length` random bytes in hex."""
        return os.urandom(length).hex()

    # ---- files

    def path(self, path: str) -> str:
        """Where `path` lies for this Host."""
        return self.root + path

    def inspect(self, path: str) -> files.FileInfo | None:
        """See files.inspect."""
        return files.inspect(self.path(path))

    def read(self, path: str) -> bytes | None:
        """Content, None where there is none. EdgeError(kind=io) where it may not be read."""
        try:
            return files.read(self.path(path))
        except OSError as exc:
            raise EdgeError(f"cannot read {path}: {exc.strerror}", kind="io") from exc

    def read_text(self, path: str) -> str:
        """Content as text, empty where there is none."""
        return (self.read(path) or b"").decode("utf-8", "replace")

    def read_json(self, path: str) -> dict[str, t.Any]:
        """A JSON object of ours; empty where it is absent or damaged (then it is made anew)."""
        try:
            value = json.loads(self.read(path) or b"{}")
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    def write(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """See files.write."""
        files.write_bytes(self.path(path), data, mode)

    def write_json(self, path: str, value: object) -> None:
        """Keep a small private state file."""
        self.write(path, json.dumps(value, sort_keys=True).encode(), 0o600)

    def copy(self, source: str, path: str, mode: int) -> None:
        """See files.copy."""
        files.copy(self.path(source), self.path(path), mode)

    def put_back(self, saved: str, path: str, mode: int) -> None:
        """See files.put_back."""
        files.put_back(self.path(saved), self.path(path), mode)

    def link(self, path: str, target: str) -> None:
        """See files.link."""
        files.link(self.path(path), target)

    def chmod(self, path: str, mode: int) -> None:
        """Set permission bits."""
        os.chmod(self.path(path), mode)

    def poke(self, path: str, value: str) -> None:
        """Write into a kernel file (cgroup, sysctl), where nothing can be renamed."""
        with open(self.path(path), "w", encoding="ascii") as stream:
            stream.write(value)

    def remove(self, path: str) -> None:
        """See files.remove."""
        files.remove(self.path(path))

    def remove_tree(self, path: str) -> None:
        """See files.remove_tree."""
        files.remove_tree(self.path(path))

    def remove_empty(self, path: str) -> None:
        """See files.remove_empty."""
        files.remove_empty(self.path(path))

    def make_folder(self, path: str, mode: int = 0o755) -> None:
        """See files.make_folder."""
        files.make_folder(self.path(path), mode)

    def names(self, path: str) -> list[str]:
        """Sorted names in a folder; empty where it is absent."""
        try:
            return sorted(os.listdir(self.path(path)))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def writable(self, path: str) -> bool:
        """See files.writable."""
        return files.writable(self.path(path))

    # ---- digests, and what else is known of files

    def sha256(self, path: str, *, full: bool = False) -> str | None:
        """See Memory.sha256."""
        return self._memory.sha256(path, full=full)

    def derived(
        self, path: str, name: str, derive: t.Callable[[], str], *, full: bool = False
    ) -> str:
        """See Memory.derived."""
        return self._memory.derived(path, name, derive, full=full)

    def keep_digests(self) -> None:
        """See Memory.keep."""
        self._memory.keep()

    # ---- systemd

    def units(self, names: t.Sequence[str]) -> dict[str, systemd.UnitState]:
        """State of each named unit. Without systemd all of them are absent."""
        if self._moment.keys() >= set(names):
            return {name: self._moment[name] for name in names}
        return self._show(names)

    @contextlib.contextmanager
    def one_moment(self, names: t.Sequence[str]) -> t.Iterator[None]:
        """Within, `units` tells of these units by one call: systemctl takes 7 ms each time."""
        self._moment = self._show(list(dict.fromkeys(names))) if names else {}
        try:
            yield
        finally:
            self._moment = {}

    def _show(self, names: t.Sequence[str]) -> dict[str, systemd.UnitState]:
        done = self.run(systemd.show_command(names), check=False)
        found = systemd.parse_show(done.out)
        return {name: found.get(name, systemd.UnitState(name)) for name in names}

    def unit(self, name: str) -> systemd.UnitState:
        """State of one unit."""
        return self.units([name])[name]

    def systemctl(self, *words: str, timeout: float = 120) -> Done:
        """Run systemctl, raise EdgeError(kind=command) when it fails."""
        return self.run(["systemctl", *words], timeout=timeout)

    def journal(self, unit: str, lines: int = 15) -> list[str]:
        """The unit's last log lines, without the prefix that only names the host."""
        done = self.run(
            ["journalctl", "-u", unit, "-n", str(lines), "--no-pager", "-o", "cat"], check=False
        )
        return done.out.splitlines()

    # ---- one writer

    @contextlib.contextmanager
    def lock(self, wait: float = 30) -> t.Iterator[None]:
        """Hold the node's lock. The kernel frees it when this process ends, however it ends.

        Raises EdgeError(kind=busy) naming the holder after `wait` seconds.
        """
        self.make_folder(HOME, 0o700)
        with open(self.path(f"{HOME}/lock"), "a+", encoding="utf-8") as stream:
            end = self.monotonic() + wait
            while True:
                try:
                    fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if self.monotonic() >= end:
                        stream.seek(0)
                        raise EdgeError(
                            f"another run works on this node ({stream.read().strip() or 'unknown'})",
                            kind="busy",
                            hint="wait for it to end, or end that process",
                        ) from None
                    self.sleep(0.2)
            stream.truncate(0)
            stream.write(f"process {os.getpid()}")
            stream.flush()
            yield
