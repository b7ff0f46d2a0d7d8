# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The service of the online mode: a process that waits, and one for each round, with which goes what that needs."""

from __future__ import annotations

import os
import sys
import typing as t
from functools import partial

from .._core.errors import EdgeError
from . import places

if t.TYPE_CHECKING:
    from .agent import Agent

SECONDS = 20.0  # between two looks


def serve(agent: Agent, look: t.Callable[[bool], None]) -> int:
    """Look for ever; `look(converge)` is a round. It ends where a round does not end well.

    Then systemd starts the service anew, by the Python that is there by then.
    """
    due = 0.0
    while True:
        now = agent.host.monotonic()
        converge = now >= due
        if not apart(partial(look, converge)):
            return 1
        if converge:
            due = now + 60.0 * agent.settings.interval_minutes
        agent.host.sleep(SECONDS)


def apart(work: t.Callable[[], None]) -> bool:
    """Whether it ended well, in a process of its own: what stays between two rounds is less, and cannot grow."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    code = 1
    try:
        work()
        code = 0
    except EdgeError as exc:
        sys.stderr.write(f"{places.COMMAND}: {exc.message}\n")
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)
