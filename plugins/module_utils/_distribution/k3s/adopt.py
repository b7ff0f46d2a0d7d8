# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking over a K3s that something else has set up: what it runs with, and what we would change.

Works on what its install script, k3s-ansible or xanmanning.k3s leave behind: the command of the
unit, the environment files and the configuration files. Pure: others read them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..._core.errors import EdgeError
from .adopt_compare import AdoptionReport, Change, Effective, compare, same_effect
from .config import Value, normalize, normalize_all
from .flags import by_env, lookup

__all__ = [
    "AdoptError",
    "AdoptionReport",
    "Change",
    "Effective",
    "compare",
    "config_path",
    "effective",
    "role_of",
    "same_effect",
]

_DEFAULT_CONFIG = "/etc/rancher/k3s/config.yaml"
_ROLES = ("server", "agent")
# Old names that K3s still takes; other removed flags are skipped or refused by it.
_OLD_NAMES = {
    "kube-controller-arg": "kube-controller-manager-arg",
    "kube-cloud-controller-arg": "kube-cloud-controller-manager-arg",
}


class AdoptError(EdgeError):
    """The installation is not one that can be taken over as it is."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, kind="refused", hint=hint)


def role_of(argv: Sequence[str]) -> str:
    """The role in the command of the unit: server or agent. Raises AdoptError."""
    return argv[_role_index(argv)]


def _role_index(argv: Sequence[str]) -> int:
    for index, word in enumerate(argv):
        if index and word in _ROLES:
            return index
    raise AdoptError("the command of the unit runs neither k3s server nor k3s agent")


def config_path(argv: Sequence[str], variables: Mapping[str, str]) -> str:
    """The configuration file that this K3s reads; its drop-ins are in `<path>.d`."""
    if variables.get("K3S_CONFIG_FILE"):
        return variables["K3S_CONFIG_FILE"]
    for index, word in enumerate(argv):
        name, mark, value = word.partition("=")
        if name in ("--config", "-c", "-config"):
            return value if mark else (*argv, "", "")[index + 1]
    return _DEFAULT_CONFIG


def effective(
    argv: Sequence[str], variables: Mapping[str, str], config: Mapping[str, object]
) -> Effective:
    """Command over configuration file over environment, as K3s takes them.

    `argv` is the unit's command, `variables` its environment, `config` what `read_config` returned.
    Raises AdoptError for a command that K3s would not accept or that cannot be taken over.
    """
    role = role_of(argv)
    command = _normal(_arguments(argv))
    file = _normal({key: value for key, value in config.items() if _usable(key, role)})
    env, rest = _from_environment(variables, role)
    values: dict[str, Value] = {}
    sources: dict[str, str] = {}
    for source, part in (("environment", env), ("file", file), ("command", command)):
        values.update(part)
        sources.update(dict.fromkeys(part, source))
    unknown = [key for key in (*config, *command) if not _usable(key, role)]
    twice = [
        name
        for name, value in command.items()
        if isinstance(value, tuple) and file.get(name, value) != value
    ]
    for name in ("config", *unknown):
        values.pop(name, None)
        sources.pop(name, None)
    return Effective(role, values, sources, rest, tuple(dict.fromkeys(unknown)), tuple(twice))


def _normal(mapping: Mapping[str, object]) -> dict[str, Value]:
    """Long, present names; a list under an old and a new name is one list."""
    values: dict[str, Value] = {}
    for name, value in normalize_all(mapping).items():
        present = _OLD_NAMES.get(name, name)
        before = values.get(present)
        if isinstance(before, tuple) and isinstance(value, tuple):
            values[present] = before + value
        else:
            values[present] = value
    return values


def _usable(key: str, role: str) -> bool:
    """Whether this K3s heeds the key."""
    flag = lookup(key)
    if flag is None or not flag.allows(role):
        return False
    return not flag.replaced_by or flag.name in _OLD_NAMES


def _from_environment(
    variables: Mapping[str, str], role: str
) -> tuple[dict[str, Value], dict[str, str]]:
    """(flags set by variables, the variables that may do something else).

    An empty variable sets nothing, nor does one that only the other role or the installer heeds.
    """
    values: dict[str, Value] = {}
    rest: dict[str, str] = {}
    for name, text in variables.items():
        flag = by_env(name, role)
        if flag is not None and text:
            values[flag.name] = normalize(flag.name, text)
        elif not (any(by_env(name, each) for each in _ROLES) or name.startswith("INSTALL_K3S_")):
            rest[name] = text
    return values, rest


def _arguments(argv: Sequence[str]) -> dict[str, object]:
    """The flags on a command line; a list flag collects, another counts by its last value."""
    role = _role_index(argv)
    words = [*argv[1:role], *argv[role + 1 :]]
    found: dict[str, object] = {}
    while words:
        word = words.pop(0)
        if not word.startswith("-") or word in ("-", "--"):
            raise AdoptError("the unit's command has a word that belongs to no flag")
        name, mark, text = word.lstrip("-").partition("=")
        flag = lookup(name)
        if flag is None:
            raise AdoptError(f"the unit's command has --{name}, which K3s does not document")
        value: object = text
        if not mark and flag.kind == "bool":
            value = True
        elif not mark and not words:
            raise AdoptError(f"--{name} in the unit's command has no value")
        elif not mark:
            value = words.pop(0)
        before = found.get(flag.name)
        if flag.kind == "list":
            value = [*(before if isinstance(before, list) else []), value]
        found[flag.name] = value
    return found
