# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The small part of YAML that configuration files and kubeconfigs on a node are written in.

A node has no YAML library, so this writes a form that YAML 1.1 and 1.2 parsers read alike, and
reads block mappings, block lists, one-line lists of scalars and one-line scalars. Plain scalars get
the types of gopkg.in/yaml.v2 (YAML 1.1 booleans, octal integers): that is what K3s reads them with.
Everything else (anchors, tags, block scalars, further documents) is refused with its line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from .yamlish_reader import Pairs, document, plain_dicts
from .yamlish_scalar import WORDS, YamlishError, quote, scalar

__all__ = ["YamlishError", "dump", "load", "load_items", "quote", "scalar"]

_BARE_KEY = r"[A-Za-z][A-Za-z0-9_.-]*\Z"
_KEY_LIMIT = 1000  # parsers give up on a one-line key of more than 1024 characters


def dump(value: Mapping[str, object], *, bare_ints: bool = False) -> str:
    """The mapping as text, keys in the order they are given.

    Strings are always quoted and escaped to ASCII. An integer is written as a quoted string unless
    `bare_ints`. Raises YamlishError for a type, key or character that has no safe form.
    """
    if not value:
        return "{}\n"
    return "\n".join(_dump_mapping(value, bare_ints)) + "\n"


def _dump_key(key: object) -> str:
    if not isinstance(key, str):
        raise YamlishError(f"the key {key!r} is not a string")
    text = key if re.match(_BARE_KEY, key) and key not in WORDS else quote(key)
    if len(text) > _KEY_LIMIT:
        raise YamlishError(f"the key {key[:40]!r}... is too long")
    return text


def _dump_scalar(value: object, bare_ints: bool) -> str | None:
    """None when the value is not a scalar."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if bare_ints else quote(str(value))
    if isinstance(value, str):
        return quote(value)
    return None


def _dump_mapping(value: Mapping[str, object], bare_ints: bool) -> list[str]:
    lines: list[str] = []
    for key, item in value.items():
        head, body = _dump_key(key), _dump_node(item, bare_ints)
        if isinstance(body, str):
            lines.append(f"{head}: {body}")
        else:
            lines.append(f"{head}:")
            lines.extend("  " + line for line in body)
    return lines


def _dump_sequence(value: Sequence[object], bare_ints: bool) -> list[str]:
    lines: list[str] = []
    for item in value:
        body = _dump_node(item, bare_ints)
        body = [body] if isinstance(body, str) else body
        lines.append("- " + body[0])
        lines.extend("  " + line for line in body[1:])
    return lines


def _dump_node(value: object, bare_ints: bool) -> str | list[str]:
    scalar_text = _dump_scalar(value, bare_ints)
    if scalar_text is not None:
        return scalar_text
    if isinstance(value, Mapping):
        return _dump_mapping(value, bare_ints) if value else "{}"
    if isinstance(value, (list, tuple)):
        return _dump_sequence(value, bare_ints) if value else "[]"
    raise YamlishError(f"a value of type {type(value).__name__} cannot be written")


def load(text: str) -> object:
    """The document's value; None when it is empty. A key that stands twice: the last one counts."""
    return plain_dicts(document(text))


def load_items(text: str) -> list[tuple[str, object]]:
    """The top-level pairs in order, repeated keys included. Raises when it is not a mapping."""
    value = document(text)
    if value is None:
        return []
    if not isinstance(value, Pairs):
        raise YamlishError("the document is not a mapping", 1)
    return [(key, plain_dicts(item)) for key, item in value]
