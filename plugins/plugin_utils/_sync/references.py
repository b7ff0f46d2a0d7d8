# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets of a site are named in what is published: found, replaced by their names, or refused. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document import Refused
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document_secrets import (
    Place,
    is_reference,
    secret_places,
    written,
)

SHORT = 6  # a secret of fewer characters is a word like any other
STAND_IN = "named-elsewhere"  # what an option is checked with whose value has only a name
Values = t.Mapping[str, t.Any]


def hidden_options(spec: Values) -> set[str]:
    """Options that are secret as a whole. Of mappings (registries) only what their names tell is."""
    return {name for name, row in spec.items() if row.get("no_log") and row["type"] == "str"}


def stood_in(given: Values) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """(options as an argument spec takes them, the references that were taken out)."""
    named = {key: value for key, value in given.items() if is_reference(value)}
    return {**given, **dict.fromkeys(named, STAND_IN)}, named


def named(
    value: t.Any, secrets: t.Mapping[str, str], hidden: t.Iterable[Place], site: str
) -> t.Any:
    """The value with `{secret_ref: NAME}` wherever a secret stands. Raises Refused, naming the places.

    `secrets` are the values that the site has, by name. `hidden` are places that are secret whatever
    their names and forms are.
    """
    places = {*secret_places(value), *hidden}
    names = {text: name for name, text in sorted(secrets.items(), reverse=True) if text}
    found = _replaced(value, (), places, names)
    left = {written(place) for place in secret_places(found)}
    left |= {written(place) for place in hidden if _holds_text(found, place)}
    if left:
        raise Refused(
            "holds_secret",
            f"{', '.join(sorted(left))} would be published with a secret",
            site=site,
            hint="give the value to edge_sync_secrets under a name, or write {secret_ref: NAME}",
        )
    _refuse_quoted(found, names, site)
    return found


def _replaced(value: t.Any, place: Place, places: set[Place], names: t.Mapping[str, str]) -> t.Any:
    if isinstance(value, dict):
        return {key: _replaced(v, (*place, key), places, names) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_replaced(v, (*place, n), places, names) for n, v in enumerate(value)]
    if place in places and isinstance(value, str) and value in names:
        return {"secret_ref": names[value]}
    return value


def _holds_text(value: t.Any, place: Place) -> bool:
    for part in place:
        value = value[part]
    return isinstance(value, str) and bool(value)


def _refuse_quoted(value: t.Any, names: t.Mapping[str, str], site: str) -> None:
    """A secret's value in the middle of a text, or where nobody looks for one."""
    texts = [(place, item) for place, item in leaves(value) if isinstance(item, str)]
    for place, text in texts:
        for secret, name in names.items():
            if len(secret) >= SHORT and secret in text:
                raise Refused(
                    "holds_secret",
                    f"{written(place)} holds the value of {name}",
                    site=site,
                    hint="make the whole text a secret, or take the value out of it",
                )


def leaves(value: t.Any, place: Place = ()) -> t.Iterator[tuple[Place, t.Any]]:
    """All values that hold no others, with their places."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*place, key))
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield from leaves(item, (*place, number))
    else:
        yield place, value
