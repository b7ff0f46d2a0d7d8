# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Manifests as people write them: YAML of several documents, read as Kubernetes' own tools read it."""

from __future__ import annotations

import datetime as dt
import json
import re
import typing as t

from ansible.module_utils.common import yaml as ansible_yaml_module

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._core.secrecy import PARTS
from ansible_collections.lightk8s.edge.plugins.module_utils._workloads.spec import apart
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.arguments import plain

Manifest = dict[str, t.Any]
_ansible_yaml: t.Any = ansible_yaml_module
_SafeLoader: t.Any = _ansible_yaml.SafeLoader
_INT, _FLOAT = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"
# YAML 1.1 as gopkg.in/yaml.v2 has it: no sexagesimal numbers, no dates, no `=` of its own; 1e3 is a number.
_DROPPED = {_INT, _FLOAT, "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value"}
_INTS = re.compile(r"^[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|[1-9][0-9_]*|0)$")
_FLOATS = re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$")


_RESOLVERS = {
    first: [row for row in rows if row[0] not in _DROPPED]
    for first, rows in _SafeLoader.yaml_implicit_resolvers.items()
}
# The safe loader with other rules of what a plain scalar is.
_Loader: t.Any = type("_Loader", (_SafeLoader,), {"yaml_implicit_resolvers": _RESOLVERS})


def _number(loader: t.Any, node: t.Any) -> int:
    text = str(loader.construct_scalar(node)).replace("_", "")
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-")
    if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
        return sign * int(digits, 8)
    return sign * int(digits, 0)


def _real(loader: t.Any, node: t.Any) -> float | int:
    """As JSON has it: a whole number is one."""
    number = float(str(loader.construct_scalar(node)))
    return int(number) if number.is_integer() else number


_Loader.add_implicit_resolver(_INT, _INTS, list("-+0123456789"))
_Loader.add_implicit_resolver(_FLOAT, _FLOATS, list("-+0123456789."))
_Loader.add_constructor(_INT, _number)
_Loader.add_constructor(_FLOAT, _real)


def read_documents(text: str, what: str) -> list[Manifest]:
    """All documents that are not empty. EdgeError(kind=spec) naming `what` where it is no YAML."""
    load_all: t.Any = _ansible_yaml.yaml_load_all.func
    # Texts of newer cores are of a class of their own, which the parser in C refuses.
    bare = text.encode().decode()
    try:
        return [item for item in load_all(bare, Loader=_Loader) if item is not None]
    except ValueError as exc:
        raise EdgeError(f"{what} cannot be read: {exc}", kind="spec") from exc
    except Exception as exc:  # YAMLError, which ansible's wrapper does not hand on
        if type(exc).__module__.partition(".")[0] != "yaml":
            raise
        # Its message quotes the text, in which a secret may stand; the place is enough.
        mark = getattr(exc, "problem_mark", None)
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(exc, "problem", None) or "it is malformed"
        raise EdgeError(f"{what} is no YAML{where}: {problem}", kind="spec") from None


def documents_of(value: t.Any, what: str) -> list[t.Any]:
    """A `definition`: a mapping, a list of them, or text; texts in a list too."""
    value = plain(value)
    if isinstance(value, str):
        return read_documents(value, what)
    if isinstance(value, list):
        return [item for entry in value for item in documents_of(entry, what)]
    return [_json(value)]


def _json(value: t.Any) -> t.Any:
    """Values that YAML has and JSON lacks, in the words that the text had."""
    if isinstance(value, dict):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    if isinstance(value, dt.datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, dt.date) else value


def sealed(items: t.Sequence[t.Any]) -> tuple[list[t.Any], str]:
    """(manifests without the values of Secrets, these by number as JSON): the former may be shown."""
    shown: list[t.Any] = []
    hidden: dict[str, t.Any] = {}
    for item in (inner for entry in items for inner in apart(entry)):
        if isinstance(item, dict) and item.get("kind") == "Secret":
            hidden[str(len(shown))] = {key: item[key] for key in PARTS if key in item}
            shown.append(_without(item))
        else:
            shown.append(item)
    return shown, json.dumps(hidden, sort_keys=True) if any(hidden.values()) else ""


def _without(item: Manifest) -> Manifest:
    found = {key: value for key, value in item.items() if key not in PARTS}
    meta = item.get("metadata")
    notes = (meta.get("annotations") or {}) if isinstance(meta, dict) else {}
    if isinstance(meta, dict) and _LAST_APPLIED in notes:
        kept = {key: value for key, value in notes.items() if key != _LAST_APPLIED}
        found["metadata"] = {**meta, "annotations": kept}
    return found


_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"  # repeats a Secret's values
