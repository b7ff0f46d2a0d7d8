# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many sites that are planned at once: how many deltas are made, and what memory the controller takes.

As Ansible does it: a process for each host, a few at a time, which share nothing but the cache.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible_collections.lightk8s.edge.plugins.module_utils._images.spec import Have
from ansible_collections.lightk8s.edge.plugins.plugin_utils._delta.cache import Deltas
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images import plan
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.cost import Costs
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.kept import Kept
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import Image

SITES, FORKS = 100, 5


def fleet(olds: Sequence[Image], news: Sequence[Image], folder: Path) -> dict[str, Any]:
    """Sites bring `news`: every second has `olds`, the others have `news` unpacked, without blobs."""
    kept = Kept(folder / "layers")
    for image in (*olds, *news):
        kept.keep(image)
    haves = [_have(images) for images in (olds, news)]
    context = multiprocessing.get_context("fork")
    with context.Manager() as manager:
        made: Any = manager.list()
        running: list[Any] = []
        with peak() as most:
            for number in range(SITES):
                while len(running) == FORKS:
                    running = [process for process in running if process.is_alive()]
                    time.sleep(0.05)
                words = (haves[number % 2], news, folder, made)
                process = context.Process(target=_site, args=words)
                process.start()
                running.append(process)
            for process in running:
                process.join()
        lines = list(made)
    pairs = len(list((folder / "deltas").glob("*.delta")))
    return {"sites": SITES, "encodes": len(lines), "pairs": pairs, "peak_mb": most[0] / 1e6}


def _have(images: Sequence[Image]) -> Have:
    return Have(
        extracted=frozenset(layer.diff_id for image in images for layer in image.layers), packs=True
    )


def _site(have: Have, images: Sequence[Image], folder: Path, made: Any) -> None:
    costs = Costs(have, Kept(folder / "layers"), Deltas(folder / "deltas", made.append))
    costs.prepare(images)
    plan.plan(images, have, costs)


@contextlib.contextmanager
def peak() -> Any:
    """The most memory that the processes below this one had at one time, in bytes."""
    most, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.2):
            children = multiprocessing.active_children()
            most[0] = max(most[0], sum(_memory(child.pid) for child in children if child.pid))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield most
    finally:
        done.set()
        thread.join()


def _memory(pid: int) -> int:
    """Bytes of its own; what several share counts in parts. Mapped files are not memory that is taken."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(
        int(line.split()[1]) * 1024
        for line in lines
        if line.startswith(("Pss_Anon:", "Pss_Shmem:", "Swap:"))
    )
