# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was computed from files, remembered by device, inode, size, mtime and ctime: ctime cannot be set back."""

from __future__ import annotations

import contextlib
import hashlib
import typing as t

from .._core.errors import EdgeError
from .._core.places import HOME

if t.TYPE_CHECKING:
    from .files import FileInfo
    from .host import Host

PLACE = f"{HOME}/state/digests.json"


class Memory:
    """Values by file, read when the first one is asked for."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._rows: dict[str, list[t.Any]] | None = None
        self._fresh = False

    def sha256(self, path: str, *, full: bool = False) -> str | None:
        """Digest of a file, None where there is none; `full` computes it anew."""
        info = self._host.inspect(path)
        if info is None or info.kind != "file":
            return None

        def digest() -> str:
            found = hashlib.sha256()
            with open(self._host.path(path), "rb") as stream:
                while chunk := stream.read(1 << 20):
                    found.update(chunk)
            return found.hexdigest()

        return self._known(path, info, digest, full=full)

    def derived(
        self, path: str, name: str, derive: t.Callable[[], str], *, full: bool = False
    ) -> str:
        """What `derive` finds, which stays right while a file stays the same; `full` asks anew.

        `name` tells several such things apart. Without that file each call asks.
        """
        info = self._host.inspect(path)
        return derive() if info is None else self._known(f"{path}#{name}", info, derive, full=full)

    def _known(self, key: str, info: FileInfo, compute: t.Callable[[], str], *, full: bool) -> str:
        rows = self._read()
        known = rows.get(key)
        if not full and known and known[:5] == list(info.identity):
            return str(known[5])
        row = [*info.identity, compute()]
        if known != row:
            rows[key] = row
            self._fresh = True
        return str(row[5])

    def _read(self) -> dict[str, list[t.Any]]:
        if self._rows is None:
            self._rows = self._host.read_json(PLACE)
        return self._rows

    def keep(self) -> None:
        """Write it if it has grown, on a node that has our folder.

        Not for a run that must leave no trace. A memory that cannot be written costs time only.
        """
        if not self._fresh or self._rows is None or self._host.inspect(HOME) is None:
            return
        rows = self._rows.items()
        there = {key: row for key, row in rows if self._host.inspect(key.partition("#")[0])}
        with contextlib.suppress(EdgeError, OSError):
            self._host.write_json(PLACE, there)
        self._fresh = False
