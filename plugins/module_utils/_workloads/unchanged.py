# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a server-side apply would change nothing, by what the object itself tells. Pure.

The server keeps, for each manager, which fields it has applied (metadata.managedFields, FieldsV1:
kubernetes.io, "Server-Side Apply"). Where these are the fields of the wish, and hold its values, what would
be merged is what is there. Where that is not certain the answer is no, and the server is to be asked.
"""

from __future__ import annotations

import json
import typing as t

from .spec import Manifest, group_of

_NAMED = ("name", "namespace")  # of metadata; nobody manages these, as apiVersion and kind
Fields = t.Mapping[str, t.Any]


def unchanged(wish: Manifest, live: Manifest, manager: str) -> bool:
    """Whether `manager` has applied just this, and it holds still; of what no one else judges or changes."""
    if live["metadata"].get("deletionTimestamp") or (group_of(wish), wish["kind"]) == ("", "Pod"):
        return False  # the server's own admission writes into Pods that are changed
    own: list[Fields] = []
    others: list[Fields] = []
    for entry in live["metadata"].get("managedFields") or ():
        applied = entry.get("operation") == "Apply" and not entry.get("subresource")
        fields = entry.get("fieldsV1") or {}
        if not applied or entry.get("manager") != manager:
            others.append(fields)
        elif entry.get("apiVersion") != wish["apiVersion"]:
            return False
        else:
            own.append(fields)
    return len(own) == 1 and _same(_described(wish), live, own[0], others)


def _described(wish: Manifest) -> dict[str, t.Any]:
    """The part of a wish that has a manager."""
    found = {key: value for key, value in wish.items() if key not in ("apiVersion", "kind")}
    found["metadata"] = {k: v for k, v in wish["metadata"].items() if k not in _NAMED}
    return found if found["metadata"] else {k: v for k, v in found.items() if k != "metadata"}


def _same(wish: t.Any, live: t.Any, fields: Fields, others: t.Sequence[Fields]) -> bool:
    keys = [key for key in fields if key != "."]
    if not keys:
        # The whole value is one field; a map or list that is not would have its parts managed by someone.
        parted = wish and any(key != "." for part in others for key in part)
        return _equal(wish, live) and not (isinstance(wish, (dict, list)) and parted)
    if isinstance(wish, dict) and isinstance(live, dict):
        return {f"f:{key}" for key in wish} == set(keys) and all(
            key in live and _same(value, live[key], *_below(f"f:{key}", fields, others))
            for key, value in wish.items()
        )
    if isinstance(wish, list) and isinstance(live, list) and len(keys) == len(wish):
        same = _same_items if keys[0].startswith("k:") else _same_values
        return same(wish, live, fields, others)
    return False


def _below(key: str, fields: Fields, others: t.Sequence[Fields]) -> tuple[Fields, list[Fields]]:
    return fields[key], [part[key] for part in others if key in part]


def _same_values(
    wish: list[t.Any], live: list[t.Any], fields: Fields, others: t.Sequence[Fields]
) -> bool:
    """A set of values; the order counts, for the server would follow the wish's."""
    place = -1
    for value in wish:
        if f"v:{_text(value)}" not in fields:
            return False
        at = next((n for n, item in enumerate(live) if _equal(item, value)), -1)
        if at <= place:
            return False
        place = at
    return True


def _same_items(
    wish: list[t.Any], live: list[t.Any], fields: Fields, others: t.Sequence[Fields]
) -> bool:
    """Items known by keys, of which a wish may leave those out that have a default; the order counts."""
    known = {key: json.loads(key[2:]) for key in fields if key.startswith("k:")}
    place = -1
    for item in wish:
        names = [key for key, marks in known.items() if _is(item, marks, fields[key])]
        if len(names) != 1:
            return False
        marks = known[names[0]]
        at = next((n for n, row in enumerate(live) if _is(row, marks)), -1)
        if at <= place or not _same(item, live[at], *_below(names[0], fields, others)):
            return False
        place = at
    return True


def _is(item: t.Any, marks: t.Mapping[str, t.Any], applied: Fields | None = None) -> bool:
    """Whether an item has these keys; one that it leaves out counts where it was left out when `applied`."""
    return isinstance(item, dict) and all(
        _equal(item[name], value)
        if name in item
        else applied is not None and f"f:{name}" not in applied
        for name, value in marks.items()
    )


def _equal(one: t.Any, other: t.Any) -> bool:
    """Equal as JSON: `True == 1` in Python alone."""
    return one == other and (isinstance(one, str) or _text(one) == _text(other))


def _text(value: t.Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
