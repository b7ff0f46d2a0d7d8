# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How objects are shown: without what the server keeps for itself, and without secrets. Pure."""

from __future__ import annotations

import json
import typing as t

from .._core.secrecy import PARTS

Object = t.Mapping[str, t.Any]
_OWN = (
    "managedFields",
    "resourceVersion",
    "generation",
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
)
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"  # repeats a Secret's content
_HIDDEN = "********"


def settled(item: Object, *, status: bool = False) -> dict[str, t.Any]:
    """What was asked for and defaults, without what changes by itself; with its status if asked for."""
    meta = item.get("metadata") or {}
    found = {key: value for key, value in item.items() if key != "status" or status}
    found["metadata"] = {key: value for key, value in meta.items() if key not in _OWN}
    return found


def manager_entry(item: Object, manager: str) -> t.Any:
    """The fields that a manager has applied; None where it has applied none."""
    for entry in (item.get("metadata") or {}).get("managedFields") or ():
        applied = entry.get("operation") == "Apply" and not entry.get("subresource")
        if applied and entry.get("manager") == manager:
            return entry.get("fieldsV1")
    return None


def pair(before: Object | None, after: Object | None) -> tuple[str, str]:
    """Both as text; values of Secrets are hidden, and said to differ where they do."""
    texts = []
    for item, other, word in ((before, after, "before"), (after, before, "after")):
        shown = "" if item is None else _text(_without_secrets(item, other, word))
        texts.append(shown)
    return texts[0], texts[1]


def _text(item: Object) -> str:
    return json.dumps(item, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _without_secrets(item: Object, other: Object | None, word: str) -> Object:
    found = settled(item)
    notes = found["metadata"].get("annotations") or {}
    if _LAST_APPLIED in notes:
        kept = {key: value for key, value in notes.items() if key != _LAST_APPLIED}
        found["metadata"] = {**found["metadata"], "annotations": kept}
    if not is_secret(item):
        return found
    twin = other or {}
    for key in PARTS:
        values = found.get(key)
        if isinstance(values, t.Mapping):
            others = twin.get(key) if isinstance(twin.get(key), t.Mapping) else None
            found[key] = {name: _hide(values, others, name, word) for name in values}
        elif values is not None:
            found[key] = _HIDDEN
    return found


def _hide(
    values: t.Mapping[str, t.Any], others: t.Mapping[str, t.Any] | None, name: str, word: str
) -> str:
    differs = others is not None and name in others and others[name] != values[name]
    return f"{_HIDDEN} ({word})" if differs else _HIDDEN


def is_secret(item: Object) -> bool:
    """Whether the object is a Secret of the core's API."""
    return item.get("kind") == "Secret" and "/" not in str(item.get("apiVersion", ""))
