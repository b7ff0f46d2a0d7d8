# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What would be refused, by the server or by us, in words that say what to do. Pure."""

from __future__ import annotations

import re
import typing as t

from .._core.errors import EdgeError
from .._kube.errors import ApiError
from .owner import mark_of, owner_id
from .seen import Observation, Row
from .spec import Spec, label

# The words of Kubernetes' own validation where an update, and not the wish itself, is what is wrong.
_UPDATE = (
    r"immutable|may not (?:be changed|change|be updated)|updates? .*forbidden|cannot (?:be )?change"
)
_CREATED = (
    "Namespace",
    "ServiceAccount",
    "PriorityClass",
    "RuntimeClass",
    "StorageClass",
    "CustomResourceDefinition",
)


class Problem(t.NamedTuple):
    """One refusal: `kind` as of EdgeError."""

    kind: str
    text: str
    hint: str = ""


def problems(spec: Spec, seen: Observation) -> list[Problem]:
    """All that keeps the wishes from being carried out."""
    coming = [*spec.expected, *to_come(seen)]
    found = []
    for row in seen.rows:
        other = _other_list(spec, row)
        if other:
            found.append(other)
        elif row.refusal is not None and not (row.live is None and awaited(row.refusal, coming)):
            problem = explain(spec, row, row.refusal)
            found += [problem] if problem is not None else []
    return found


def raise_all(found: t.Sequence[Problem]) -> None:
    """One EdgeError for all; the first one's kind."""
    if found:
        hints = dict.fromkeys(problem.hint for problem in found if problem.hint)
        raise EdgeError(
            "; ".join(problem.text for problem in found), kind=found[0].kind, hint="; ".join(hints)
        )


def to_come(seen: Observation) -> list[str]:
    """Names of new objects that others need before the server lets them pass."""
    return [
        str(row.wish["metadata"]["name"])
        for row in seen.rows
        if row.wish["kind"] in _CREATED and (row.live is None or _ending(row))
    ]


def awaited(refusal: ApiError, coming: t.Sequence[str]) -> bool:
    """Whether the server misses what this run creates first."""
    words = set(re.split(r"[^A-Za-z0-9.-]+", refusal.said))
    return refusal.status in (403, 404) and any(name in words for name in coming)


def explain(spec: Spec, row: Row, refusal: ApiError) -> Problem | None:
    """The refusal as a problem; None where the object is to be replaced."""
    name = label(row.wish)
    if refusal.conflicts:
        rows = ", ".join(f"{one.field} ({one.manager})" for one in refusal.conflicts)
        return Problem(
            "refused",
            f"{name}: other managers have set fields to other values: {rows}",
            "leave these fields out, or take them over with force: true",
        )
    if row.live is not None and unchangeable(refusal):
        if spec.recreate or _ending(row):
            return None
        fields = ", ".join(dict.fromkeys(str(cause.get("field")) for cause in refusal.causes))
        return Problem(
            "refused",
            f"{name}: what cannot be changed differs: {fields or refusal.said}",
            "put the former values back, or have it replaced with recreate: true",
        )
    if refusal.status == 404 and "namespaces" in refusal.said:
        return Problem("spec", refusal.said, "create the namespace, or put it into the same list")
    text = f"{name}: {refusal.said}"
    if refusal.malformed or refusal.status == 422:
        return Problem("spec", text)
    return Problem("refused" if refusal.status == 403 else "api", text, refusal.hint)


def unchangeable(refusal: ApiError) -> bool:
    """Whether a change is refused where creating the same would not be."""
    if refusal.status not in (403, 422):
        return False
    texts = [str(cause.get("message", "")) for cause in refusal.causes] or [refusal.said]
    return all(re.search(_UPDATE, text) for text in texts)


def _ending(row: Row) -> bool:
    return row.live is not None and bool(row.live["metadata"].get("deletionTimestamp"))


def _other_list(spec: Spec, row: Row) -> Problem | None:
    mark = mark_of(row.live) if row.live is not None else ""
    own = owner_id(spec.owner) if spec.owner else ""
    if not mark or mark == own or spec.force:
        return None
    return Problem(
        "refused",
        f"{label(row.wish)} belongs to another list of objects ({mark})",
        "take it out of that list, or take it over with force: true",
    )
