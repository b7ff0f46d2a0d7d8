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


def held(host: Host, revoked: t.Iterable[str] = ()) -> Held | None:
    """The highest generation that this node was told, and by what; None where it was told none.

    What was told by keys that the node knows as revoked, or that this run revokes, does not count.
    """
    known = host.read_json(places.SETTINGS).get("revoked")
    rows = [*known, *revoked] if isinstance(known, list) else [*revoked]
    return Store(host.path(places.DOCUMENTS), frozenset(map(str, rows))).held()


def noun(revoked: t.Iterable[str] = ()) -> Noun:
    """Refuses an older generation, under the node's lock too; what it wants is a generation."""
    keys = tuple(revoked)
    return Noun(
        "generation", lambda host, spec: held(host, keys), plan, report, lambda: {NOTE: carry_note}
    )


def plan(generation: int, seen: Held | None) -> Plan:
    """No step; EdgeError(kind=refused) for an older generation."""
    if seen is not None and seen.generation > generation:
        by = "a push" if seen.digest == PUSHED else "a published document"
        raise EdgeError(
            f"generation {generation} is older than {seen.generation}, which {by} has brought",
            kind="refused",
            hint="see whether the clock of this controller is right; where a stolen key has signed that "
            "document, name the key in edge_sync_revoked_keys; then run again",
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
    given = step.params
    pushed = Held(int(given["generation"]), str(given["digest"]), int(given["issued"]))
    Store(host.path(places.DOCUMENTS)).note(pushed)
