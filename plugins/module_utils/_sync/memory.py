# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an agent that a timer starts knows of its earlier runs: one small JSON file, replaced atomically."""

from __future__ import annotations

import typing as t

from .._core.records import dataclass, field
from . import places
from .up import State

if t.TYPE_CHECKING:
    from .._host.host import Host


@dataclass
class Memory:
    """Times are seconds since the epoch. A damaged file is the beginning: all is told once more."""

    up: dict[str, t.Any] = field(default_factory=dict)
    told: dict[str, t.Any] = field(default_factory=dict)
    told_at: float = 0.0  # when everything was told
    gone: list[str] = field(default_factory=list)  # keys that were told as gone and may wait still
    lost: int = 0  # states that the queue had dropped when everything was told
    epoch: str = ""  # of the queue that it was told to
    source: str = ""  # as whom, and on which machine
    link: str = ""  # why there is no link
    began: float = 0.0  # of a run that has not ended
    ended: float = 0.0
    trouble: str = ""  # of the last run
    asked: float = 0.0  # for the document
    answer: str = ""  # what became of that
    etag: str = ""  # of the document that is held, in the publisher's words
    refused: str = ""  # ETag of a document that was refused by the keys in `trust`
    trust: str = ""
    applied: int = 0  # generation
    applied_at: float = 0.0
    turn: str = ""  # the Lease that another node holds, and since when it is the same
    turn_since: float = 0.0
    hindrance: str = ""  # why the document that is held is not carried out

    @classmethod
    def read(cls, host: Host) -> Memory:
        """What the last run has left."""
        fresh = cls()
        content = host.read_json(places.STATE)
        for name, usual in list(vars(fresh).items()):
            value = content.get(name)
            if isinstance(value, type(usual)) or (
                isinstance(usual, float) and isinstance(value, int)
            ):
                setattr(fresh, name, value)
        if not all(
            isinstance(row, dict) and {"digest", "good"} <= set(row) for row in fresh.told.values()
        ):
            fresh.told = {}
        fresh.gone = [str(key) for key in fresh.gone]
        return fresh

    def keep(self, host: Host) -> None:
        """Have it on disk."""
        host.write_json(places.STATE, vars(self))

    def state(self) -> State:
        """Of the way up."""
        return State.of(self.up)
