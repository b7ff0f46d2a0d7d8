# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of a nested form against their shapes: types, choices, names. Pure."""

from __future__ import annotations

import re
import typing as t

from . import quantity
from .errors import EdgeError

Values = t.Mapping[str, t.Any]
NAME = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\Z"  # a DNS label, RFC 1123
TRUE = ("true", "yes", "on", "1")
FALSE = ("false", "no", "off", "0")
# Kubernetes writes these words in capitals.
CAPITALS = {"ip": "IP", "ips": "IPs", "pid": "PID", "ipc": "IPC"}
LABELS = ("matchLabels",)  # their keys are names that users have chosen


def wrong(where: str, what: str, hint: str = "") -> EdgeError:
    """The error for an option at `where` that makes no sense."""
    return EdgeError(f"{where}: {what}", kind="spec", hint=hint)


def checked(given: t.Any, shape: t.Mapping[str, Values], where: str) -> dict[str, t.Any]:
    """The options that are set, in their types, with defaults. EdgeError(kind=spec) by name."""
    if not isinstance(given, t.Mapping):
        raise wrong(where, f"must be a dictionary, not {_kind(given)}", _known(shape))
    for name in given:
        if name not in shape:
            raise wrong(where, f"there is no option {name!r}", _meant(str(name), shape))
    found: dict[str, t.Any] = {}
    for name, option in shape.items():
        value = given.get(name)
        if value is None:
            value = option.get("default")
        if value is None:
            if option.get("required"):
                raise wrong(where, f"{name} is missing", _known(shape))
            continue
        found[name] = typed(value, option, f"{where}: {name}")
    return found


def typed(value: t.Any, option: Values, where: str) -> t.Any:
    """The value in the option's type; templates give numbers and truths as texts."""
    kind = option.get("type", "str")
    found = _READERS[kind](value, where)
    choices = option.get("choices")
    if kind == "list":
        element = {"type": option.get("elements", "str"), "choices": choices}
        return [typed(item, element, f"{where}[{number}]") for number, item in enumerate(found)]
    if choices and found not in choices:
        raise wrong(where, f"{found!r} is none of {', '.join(map(str, choices))}")
    return found


def _text(value: t.Any, where: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise wrong(where, f"must be a text, not {_kind(value)}")


def _number(value: t.Any, where: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.match(r"-?[0-9]+\Z", value.strip()):
        return int(value)
    raise wrong(where, f"must be a whole number, not {value!r}")


def truth(value: t.Any, where: str) -> bool:
    """A truth, which a template may have made a text."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in TRUE or word in FALSE:
        return word in TRUE
    raise wrong(where, f"must be true or false, not {value!r}")


def _list(value: t.Any, where: str) -> list[t.Any]:
    if isinstance(value, (list, tuple)):
        return list(value)
    raise wrong(where, f"must be a list, not {_kind(value)}")


def _dict(value: t.Any, where: str) -> dict[str, t.Any]:
    if isinstance(value, t.Mapping):
        return {str(key): item for key, item in value.items()}
    raise wrong(where, f"must be a dictionary, not {_kind(value)}")


_READERS: dict[str, t.Callable[[t.Any, str], t.Any]] = {
    "str": _text,
    "int": _number,
    "bool": truth,
    "list": _list,
    "dict": _dict,
}


def _kind(value: t.Any) -> str:
    names = {"str": "a text", "int": "a number", "float": "a number", "bool": "a truth"}
    return names.get(type(value).__name__, f"a {type(value).__name__}")


def _known(shape: t.Mapping[str, t.Any]) -> str:
    return f"options here are {', '.join(shape)}"


def _meant(name: str, shape: t.Mapping[str, t.Any]) -> str:
    import difflib  # only where something is wrong

    snake = re.sub(r"(?<=[a-z0-9])([A-Z]+)", r"_\1", name).lower()
    close = difflib.get_close_matches(snake, list(shape), 1, 0.7)
    return f"is {close[0]} meant?" if close else _known(shape)


def one_of(given: Values, names: t.Sequence[str], where: str) -> str:
    """The one of `names` that is set. EdgeError where there is none, or more."""
    found = [name for name in names if name in given]
    if len(found) != 1:
        every = ", ".join(names)
        if not found:
            raise wrong(where, f"names none of {every}", "give one of them")
        raise wrong(where, f"{' and '.join(found)} exclude each other", f"give one of {every}")
    return found[0]


def label(text: str, where: str, limit: int = 63) -> str:
    """A name as Kubernetes allows it. EdgeError else."""
    if not re.match(NAME, text) or len(text) > limit:
        hint = (
            f"use at most {limit} small letters, digits and dashes, a letter or digit at both ends"
        )
        raise wrong(where, f"{text!r} is no name of an object", hint)
    return text


def texts(given: t.Mapping[str, t.Any], where: str) -> dict[str, str]:
    """A dictionary of texts, such as labels: numbers and truths become texts."""
    return {key: _text(value, f"{where}: {key}") for key, value in given.items()}


def quantities(given: t.Mapping[str, t.Any], where: str) -> dict[str, str]:
    """Quantities by the name of a resource. EdgeError for what is none, or below zero."""
    found = texts(given, where)
    for name, text in found.items():
        try:
            negative = quantity.nanos(text) < 0
        except quantity.QuantityError as exc:
            raise wrong(f"{where}: {name}", exc.message, exc.hint) from None
        if negative:
            raise wrong(f"{where}: {name}", f"{text} is below zero")
    return found


def camel(name: str) -> str:
    """Kubernetes' way to write an option: `host_ip` is `hostIP`."""
    first, *more = name.split("_")
    return first + "".join(CAPITALS.get(word) or word[:1].upper() + word[1:] for word in more)


def camels(value: t.Any) -> t.Any:
    """The same for all keys within; keys of label selectors stay."""
    if isinstance(value, t.Mapping):
        names = ((camel(str(key)), item) for key, item in value.items())
        return {
            name: texts(item, name)
            if name in LABELS and isinstance(item, t.Mapping)
            else camels(item)
            for name, item in names
        }
    return [camels(item) for item in value] if isinstance(value, (list, tuple)) else value
