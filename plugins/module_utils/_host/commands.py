# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands: how they are run, and how they ended."""

from __future__ import annotations

import subprocess

from .._core.records import dataclass


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
