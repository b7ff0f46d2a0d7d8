# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets that stand in a document, which must only name them. Pure.

By name (a value below `token` or `password`, or beside such a name in a list of variables), by form
(a private key, a URL with a password), and by kind (a Secret's data).
"""

from __future__ import annotations

import re
import typing as t

from .._core.secrecy import PARTS

NAMES = (
    r"(?i)(^|[_.-])(token|password|passwd|passphrase|secret|credentials?|private[_-]?key"
    r"|client[_-]?key(-data)?|api[_-]?key|access[_-]?key|auth)$"
)
CAMEL = r"(?<=[a-z0-9])(?=[A-Z])"
KEY_BLOCK = r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----"
URL = r"[A-Za-z][A-Za-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@"
REFERENCE = {"secret_ref"}  # {secret_ref: NAME} names a secret that the node has
# Where a variable's value comes from, in the simple form: {secret: NAME, key: KEY} names an object.
SOURCE = {"secret", "config_map", "key", "optional", "field", "resource", "prefix"}
# Kubernetes' own words for an object, or for a token that it makes itself.
OBJECTS = ("secret", "serviceAccountToken")
VALUES = (*PARTS, "env", "extra_config")  # maps of users' own names

Place = tuple[t.Union[str, int], ...]


def inline_secrets(value: t.Any) -> list[str]:
    """Where secrets stand, as paths; the values are not in them."""
    return sorted(written(place) for place in secret_places(value))


def secret_places(value: t.Any) -> t.Iterator[Place]:
    """The same as keys and numbers on the way to each."""
    return _found(value, (), False)


def written(place: Place) -> str:
    """A place as people read it: `workloads[0].env.PASSWORD`."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in place]
    return "".join(parts).lstrip(".")


def is_reference(value: t.Any) -> bool:
    """Whether a value names a secret instead of holding it."""
    return isinstance(value, dict) and set(value) == REFERENCE


def _found(value: t.Any, place: Place, below: bool) -> t.Iterator[Place]:
    if isinstance(value, dict):
        if not is_reference(value):
            yield from _in_mapping(value, place, below)
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield from _found(item, (*place, number), below)
    elif isinstance(value, str) and value and (below or _has_form(value)):
        yield place


def _has_form(text: str) -> bool:
    return bool(re.search(KEY_BLOCK, text) or re.search(URL, text))


def _in_mapping(value: dict[t.Any, t.Any], place: Place, below: bool) -> t.Iterator[Place]:
    whole = PARTS if value.get("kind") == "Secret" or _is_listed_secret(place) else ()
    called = value.get("name")
    for name, item in value.items():
        secret = below or name in whole or _is_secret(str(name), item, place)
        if name == "value" and isinstance(called, str):  # a container's list of variables
            secret = secret or _is_named(called)
        yield from _found(item, (*place, name), secret)


def _is_secret(name: str, item: t.Any, place: Place) -> bool:
    own = bool(place) and place[-1] in VALUES
    if not own and name in OBJECTS:
        return False
    if own and isinstance(item, dict) and item and set(item) <= SOURCE:
        return False
    return _is_named(name)


def _is_named(name: str) -> bool:
    return bool(re.search(NAMES, re.sub(CAMEL, "_", name)))


def _is_listed_secret(place: Place) -> bool:
    """An entry of the simple form's list of secrets: `secrets[0]`."""
    parts = [part for part in place[-2:] if isinstance(part, str)]
    return bool(parts) and parts[-1] == "secrets"
