# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One order of push and publish: a node refuses what is older than what it holds."""

from __future__ import annotations

import typing as t

from .._core.engine import Noun
from .._core.errors import EdgeError
from .._core.plan import Phase, Plan, Step
from . import places
from .document_store import HELD, Store
from .document_verify import Held

if t.TYPE_CHECKING:
    from .._host.host import Host

NOTE = "note_generation"
PUSHED = ""  # the digest that a push is noted with


def held(host: Host) -> Held | None:
    """The highest generation that this node was told, and by what; None where no agent has begun."""
    return Store(host.path(places.DOCUMENTS)).held() if host.inspect(places.SETTINGS) else None


def noun() -> Noun:
    """Refuses an older generation, under the node's lock too; what it wants is a generation."""
    return Noun(
        "generation", lambda host, spec: held(host), plan, report, lambda: {NOTE: carry_note}
    )


def plan(generation: int, seen: Held | None) -> Plan:
    """No step; EdgeError(kind=refused) for an older generation."""
    if seen is not None and seen.generation > generation:
        by = "a push" if seen.digest == PUSHED else "a published document"
        raise EdgeError(
            f"generation {generation} is older than {seen.generation}, which {by} has brought",
            kind="refused",
            hint="see whether the clock of this controller is right, then run again",
        )
    return Plan()


def report(generation: int, seen: Held | None) -> dict[str, t.Any]:
    """What the node holds."""
    return {} if seen is None else {"held": seen.generation}


def note(generation: int) -> Step:
    """The step that raises the floor beside the changes of a push."""
    content = Held(generation, PUSHED, generation)
    return Step(
        Phase.FILES,
        NOTE,
        f"{places.DOCUMENTS}/{HELD}",
        "note that this push is the latest word",
        content._asdict(),
    )


def carry_note(host: Host, step: Step) -> None:
    """The verb of `note`."""
    host.make_folder(places.DOCUMENTS, 0o700)
    host.write_json(step.target, dict(step.params))
