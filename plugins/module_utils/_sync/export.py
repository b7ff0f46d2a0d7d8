# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What waits, page by page, for people and for a file: all of a full queue would fill a small node's memory."""

from __future__ import annotations

import os
import typing as t

from .._host import files
from . import cloudevents, queue_file

if t.TYPE_CHECKING:
    from .agent import Agent
    from .queue import Queue
    from .records import Row

PAGE = 500
PAGE_BYTES = 1 << 20
ALL = 1 << 62


def pages(queue: Queue, most: int = ALL) -> t.Iterator[list[Row]]:
    """What waits, in order."""
    after = 0
    while most > 0:
        rows = queue.pending(min(most, PAGE), PAGE_BYTES, after=after)
        if not rows:
            return
        yield rows
        after, most = rows[-1].seq, most - len(rows)


def lines(agent: Agent, queue: Queue, most: int = ALL) -> t.Iterator[bytes]:
    """What waits as CloudEvents, in order."""
    site, node, epoch = agent.settings.site, agent.settings.stream(), queue.status()["epoch"]
    for rows in pages(queue, most):
        yield from cloudevents.lines(site, epoch, rows, node)


def export(agent: Agent, queue: Queue, path: str) -> int:
    """Write what waits to a file, durably; how many events there are."""
    count = 0

    def fill(stream: t.BinaryIO) -> None:
        nonlocal count
        for line in lines(agent, queue):
            stream.write(line + b"\n")
            count += 1

    files.write(os.path.abspath(path), fill, 0o600)
    return count


def keep_damaged(queue: Queue, folder: str) -> None:
    """Copy damaged files that were set aside: a person may find something in them yet."""
    for aside in queue_file.asides(queue.path):
        for path in filter(os.path.exists, (aside + side for side in queue_file.SIDES)):
            files.copy(path, os.path.join(os.path.abspath(folder), os.path.basename(path)), 0o600)
