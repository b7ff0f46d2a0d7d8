# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands: how they are run, and how they ended."""

from __future__ import annotations

import subprocess
import tempfile
import threading
import typing as t
from dataclasses import dataclass

from .._core.errors import EdgeError


class Process(subprocess.Popen[bytes]):
    """A command that does not outlive its time."""

    def finish(self, data: bytes | None, timeout: float) -> tuple[bytes, bytes]:
        """(standard output, standard error); TimeoutExpired after `timeout` seconds."""
        try:
            return self.communicate(data, timeout)
        except BaseException:
            self.kill()
            raise


@dataclass(frozen=True)
class Done:
    """How a command ended; output is text with undecodable bytes replaced."""

    argv: tuple[str, ...]
    rc: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """The last lines of what it printed, standard error first."""
        text = (self.err.strip() or self.out.strip())[-2000:]
        return text or f"exit status {self.rc} without a word"


def feed(
    argv: list[str],
    write: t.Callable[[t.BinaryIO], None],
    env: t.Mapping[str, str],
    timeout: float,
) -> None:
    """See Host.feed."""
    with tempfile.TemporaryFile() as said:
        try:
            process = Process(argv, stdin=subprocess.PIPE, stdout=said, stderr=said, env=dict(env))
        except OSError as exc:
            raise EdgeError(f"{argv[0]} cannot be run: {exc.strerror}", kind="command") from exc
        watch = threading.Timer(timeout, process.kill)
        watch.start()
        try:
            with process:
                _fill(process, write)
        finally:
            watch.cancel()
        if process.returncode:
            said.seek(0)
            text = said.read()[-2000:].decode("utf-8", "replace").strip()
            why = text or f"exit status {process.returncode} without a word"
            raise EdgeError(f"{' '.join(argv[:3])} failed: {why}", kind="command")


def _fill(process: Process, write: t.Callable[[t.BinaryIO], None]) -> None:
    stream = t.cast("t.BinaryIO", process.stdin)
    try:
        write(stream)
        stream.close()
    except BrokenPipeError:
        pass  # it has ended, and says why
    except BaseException:
        process.kill()
        raise
