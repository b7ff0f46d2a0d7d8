# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running commands, and the one error that users of the test bed see."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping, Sequence

Result = subprocess.CompletedProcess[str]


class BedError(Exception):
    """Something the reader of the message can act on; shown without a traceback."""


def run(
    argv: Sequence[str],
    *,
    stdin: str | bytes | None = None,
    check: bool = True,
    timeout: float | None = 600,
    env: Mapping[str, str] | None = None,
) -> Result:
    """Run to the end, output captured as text (undecodable bytes are kept as escapes).

    Raises BedError when the program is missing, takes longer than `timeout` seconds, or, with
    `check`, ends with another code than 0.
    """
    data = stdin.encode() if isinstance(stdin, str) else stdin
    try:
        # An empty input is an end of file at once: no command here may read the caller's terminal.
        done = subprocess.run(
            argv, capture_output=True, timeout=timeout, env=env, input=data or b"", check=False
        )
    except FileNotFoundError:
        raise BedError(f"{argv[0]} is not installed: run `testbed prereqs`") from None
    except subprocess.TimeoutExpired:
        raise BedError(f"no end after {timeout} s: {shlex.join(argv)}") from None
    out = done.stdout.decode(errors="backslashreplace")
    err = done.stderr.decode(errors="backslashreplace")
    if check and done.returncode != 0:
        raise BedError(
            f"ended with {done.returncode}: {shlex.join(argv)}\n{out[-2000:]}{err[-4000:]}".rstrip()
        )
    return subprocess.CompletedProcess(list(argv), done.returncode, out, err)
