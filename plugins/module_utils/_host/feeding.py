# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands that are fed while they run. Loaded where there is one: the modules that it takes are slow to load."""

from __future__ import annotations

import subprocess
import tempfile
import threading
import typing as t
from contextlib import ExitStack, suppress

from .._core.errors import EdgeError
from .commands import Process


def feed(
    argv: list[str],
    write: t.Callable[[t.BinaryIO], None],
    env: t.Mapping[str, str],
    timeout: float,
) -> None:
    """See Host.feed."""
    with ExitStack() as held:
        try:
            said = held.enter_context(tempfile.TemporaryFile())
        except OSError as exc:  # a disk that is full has not even a folder for it
            raise EdgeError(f"{argv[0]} cannot be run: {exc.strerror}", kind="io") from exc
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
    finally:
        with suppress(BrokenPipeError):  # what the buffer still holds has nowhere to go
            stream.close()
