# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of a task, checked against a door's ARGS before anything is sent."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError

VALIDATOR_KEYS = (
    "argument_spec",
    "mutually_exclusive",
    "required_together",
    "required_one_of",
    "required_if",
    "required_by",
)


@dataclasses.dataclass(frozen=True)
class Arguments:
    """`secrets`: the no_log values as strings, longest first. `error`: empty if all is well."""

    params: dict[str, t.Any]
    secrets: tuple[str, ...]
    notes: dict[str, list[t.Any]]
    error: str


def plain(value: t.Any) -> t.Any:
    """ansible-core 2.18 hands an inline `!vault` over as its own class; later ones as str."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return str(value) if type(value).__name__ == "AnsibleVaultEncryptedUnicode" else value


def _node_paths(spec: dict[str, t.Any]) -> dict[str, t.Any]:
    """`type: path` is expanded where the path is meant: on the node."""
    out = {}
    for name, given in spec.items():
        option = dict(given)
        for key in ("type", "elements"):
            if option.get(key) == "path":
                option[key] = "str"
        if option.get("options"):
            option["options"] = _node_paths(option["options"])
        out[name] = option
    return out


def strings(value: t.Any) -> set[str]:
    """All strings within, for the no_log set."""
    if isinstance(value, dict):
        return set().union(*map(strings, value.values()))
    if isinstance(value, (list, tuple, set)):
        return set().union(*map(strings, value))
    return {str(value)} if isinstance(value, str) and value else set()


def longest_first(words: t.Iterable[str]) -> tuple[str, ...]:
    """A secret that contains another one must be replaced before it."""
    return tuple(sorted({str(word) for word in words if str(word)}, key=lambda w: (-len(w), w)))


def validate(door_args: dict[str, t.Any], given: dict[str, t.Any], action: str) -> Arguments:
    """Not ActionBase.validate_argument_spec: its messages show no_log values."""
    rules = {key: door_args[key] for key in VALIDATOR_KEYS if key in door_args}
    rules["argument_spec"] = _node_paths(rules["argument_spec"])
    validator: t.Any = ArgumentSpecValidator
    checked = validator(**rules).validate(plain(given))
    text = "Both option %(option)s and its alias %(alias)s are set."
    error = ""
    if checked.error_messages:
        unknown = isinstance(checked.errors[0], UnsupportedError)
        error = f"Unsupported parameters for ({action}) module: " if unknown else ""
        error += checked.errors.msg
    return Arguments(
        params=dict(checked.validated_parameters),
        secrets=longest_first(checked._no_log_values),
        notes={
            "warnings": [text % warning for warning in checked._warnings],
            "deprecations": list(checked._deprecations),
        },
        error=error,
    )
