# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deltas on the controller: each is made once, however many sites and processes ask for it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import typing as t
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.module_utils._images import form
from ansible_collections.lightk8s.edge.plugins.plugin_utils._delta.encoder import (
    Tar,
    encode,
    memory_needed,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import Layer
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.cache import (
    guarded,
    locked,
    place,
)

# To be raised when the encoder makes better deltas of the same form.
_ENCODER = b"4"
_SHARES = 8
_LOOK_AGAIN = 0.1  # seconds


@contextmanager
def reserved(folder: Path, needed: int, budget: int) -> Iterator[None]:
    """Hold `needed` bytes of a budget that all processes using the folder share.

    Who needs more than there is waits until it has all of it to itself. Processes are served in the
    order of the kernel's queue at the gate, so a large need is not overtaken for ever by small ones.
    """
    wanted = min(_SHARES, max(1, -(-needed * _SHARES // budget)))
    with ExitStack() as held:
        with locked(folder / ".memory-gate.lock", lambda: None):
            free = list(range(_SHARES))
            while wanted:
                for share in list(free):
                    if wanted and _try(held, folder / f".memory-{share}.lock"):
                        free.remove(share)
                        wanted -= 1
                if wanted:
                    time.sleep(_LOOK_AGAIN)
        yield


def _try(held: ExitStack, path: Path) -> bool:
    """Take a lock if it is free; it is given back when `held` ends."""

    def busy() -> None:
        raise BlockingIOError

    try:
        held.enter_context(locked(path, busy))
    except BlockingIOError:
        return False
    return True


class Deltas:
    """The deltas in one folder of the cache. `progress` is told one line for each that is made.

    `_images/tidy.py` removes those that nobody asked for in a long time.
    """

    def __init__(
        self, folder: Path, progress: Callable[[str], None], *, memory: int = 1400 << 20
    ) -> None:
        self._folder = folder
        self._progress = progress
        self._memory = memory

    def get(
        self,
        bases: Sequence[Layer],
        target: Layer,
        hidden: Mapping[str, frozenset[str]] | None = None,
        *,
        pack: bool = False,
    ) -> Path:
        """The delta that gives `target` from the files of `bases`; without a base it holds all of it.

        `hidden`: by diffID of a base, folders whose files are not found there once it is extracted.
        `pack`: whether the node can pack what gzip files hold.
        EdgeError: artifact where a layer is damaged, preflight where a package is missing, io.
        """
        hidden = hidden or {}
        pack = pack and bool(bases)  # one without a base must serve whatever node is left
        key = self._key(bases, target, hidden, pack)
        final = self._folder / f"{key}.delta"
        with guarded(self._folder):
            if not self._seen(final):
                with locked(self._folder / f".{key}.lock", lambda: None):
                    if not self._seen(final):
                        self._make(bases, target, hidden, pack, final)
        return final

    def _key(
        self,
        bases: Sequence[Layer],
        target: Layer,
        hidden: Mapping[str, frozenset[str]],
        pack: bool,
    ) -> str:
        words = [form.MAGIC, _ENCODER, *(layer.diff_id.encode() for layer in (*bases, target))]
        left_out = {name: sorted(folders) for name, folders in hidden.items() if folders}
        if pack:
            words.append(b"pack")
        if left_out:
            words.append(json.dumps(left_out, sort_keys=True).encode())
        return hashlib.sha256(b" ".join(words)).hexdigest()

    def _seen(self, final: Path) -> bool:
        """Whether it is there; its time says when it was last asked for."""
        if not final.exists():
            return False
        with suppress(OSError):  # a cache may be mounted read-only
            os.utime(final)
        return True

    def _make(
        self,
        bases: Sequence[Layer],
        target: Layer,
        hidden: Mapping[str, frozenset[str]],
        pack: bool,
        final: Path,
    ) -> None:
        """Only who holds the key's lock comes here, so what an earlier one left can go."""
        work = self._folder / f".{final.stem}"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        try:
            tars = [_unpacked(layer, work / str(n)) for n, layer in enumerate((target, *bases))]
            with reserved(self._folder, memory_needed(tars[1:], tars[0]), self._memory):
                encode(tars[1:], tars[0], work / "delta", hidden, pack=pack)
            place(work / "delta", final)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        self._progress(f"made the delta of layer {target.diff_id}: {final.stat().st_size} bytes")


def _unpacked(layer: Layer, path: Path) -> Tar:
    """The layer's tar in a file, checked while it is written."""
    source: t.BinaryIO
    with layer.tar() as source, path.open("wb") as out:
        shutil.copyfileobj(source, out, 1 << 20)
    return Tar(layer.diff_id, path)
