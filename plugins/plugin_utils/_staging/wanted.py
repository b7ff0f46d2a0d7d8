# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nodes are asked about images, remembered, so that a look at what is right opens no source.

A row is known as long as the file that it came from is the same one: an archive, or the index of a layout, below which
everything is named by its digest. What is remembered wrongly costs a run of edge_images, which opens everything.
"""

from __future__ import annotations

import hashlib
import json
import os
import typing as t
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.cache import (
    identity,
    load_json,
    save_json,
)

Entry = Mapping[str, t.Any]
Row = dict[str, t.Any]
ABSENT = "absent"
USUAL = "x86_64"  # what a machine is taken for that nobody has asked yet
_INDEX = "index.json"


class Rows:
    """Rows of images by what they were made from, in a folder of the cache."""

    def __init__(self, cache: Path) -> None:
        self._folder = cache / "images" / "wanted"

    def of(self, entry: Entry, machine: str) -> Row | None:
        """The row of an entry of the list for nodes of that machine; None where it is not known."""
        file = self._file(entry, machine)
        if file is None:
            return None
        return load_json(file) or None

    def keep(self, entry: Entry, machine: str, row: Row) -> None:
        """Remember it."""
        file = self._file(entry, machine)
        if file is not None and self.of(entry, machine) != row:
            _save(file, row)

    def machine_of(self, host: str) -> str:
        """What uname said on that host the last time; empty where it was never asked."""
        return str(load_json(self._machine(host)).get("machine") or "")

    def keep_machine(self, host: str, machine: str) -> None:
        """Remember it."""
        if self.machine_of(host) != machine:
            _save(self._machine(host), {"machine": machine})

    def _machine(self, host: str) -> Path:
        return self._folder / f"{_digest(host)}.machine.json"

    def _file(self, entry: Entry, machine: str) -> Path | None:
        source, name = str(entry.get("source") or ""), str(entry["name"])
        if source:
            path = Path(os.path.expanduser(source))
            try:
                path = path / _INDEX if path.is_dir() else path
                same = identity(path)
            except (OSError, ValueError):
                return None
        elif "@sha256:" in name:
            same = []
        else:
            return None  # a tag may lead to something else by now
        key = [name, source, str(entry.get("platform") or machine), same]
        return self._folder / f"{_digest(json.dumps(key))}.json"


def _save(file: Path, content: Row) -> None:
    with suppress(OSError):  # a cache may be mounted read-only
        save_json(file, content)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def known(entries: t.Sequence[Entry], machine: str, rows: Rows) -> list[Row] | None:
    """The rows of all entries; None where one is not known, or named twice."""
    found = []
    for entry in entries:
        row = rows.of(entry, machine)
        if row is None or (row.get("state") == ABSENT) != (entry.get("state") == ABSENT):
            return None
        found.append(row)
    return found if len({row["name"] for row in found}) == len(found) else None


def marked(rows: t.Sequence[Row], *, exact: bool) -> list[Row]:
    """As the node is asked for them: with `exact` only what is published counts."""
    return [{**row, "exact": True} if exact and row.get("state") != ABSENT else row for row in rows]
