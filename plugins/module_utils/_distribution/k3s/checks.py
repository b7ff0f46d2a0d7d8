# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of a node's K3s settings before anything is stopped."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ..._core.versions import Version
from ..problems import Problem
from . import networks, values
from .agreement import check_immutable, check_server_count, check_site_agreement
from .config import Value, normalize_all
from .flags import SERVER, Flag, lookup, nearest

__all__ = [
    "Problem",
    "check_extra_config",
    "check_immutable",
    "check_server_count",
    "check_site_agreement",
    "check_values",
]

_CONTROL = r"[\x00-\x1f\x7f]"
_INT = r"-?[0-9]+\Z"
_SWITCHES = ("true", "false")


def check_extra_config(
    role: str, mapping: Mapping[str, object], version: Version | None = None
) -> list[Problem]:
    """What of extra_config K3s would refuse, skip, or read otherwise than meant."""
    found: list[Problem] = []
    seen: dict[str, str] = {}
    for key, value in mapping.items():
        flag = lookup(str(key))  # YAML keys need not be texts
        if flag is None:
            found.append(_unknown(str(key), role))
            continue
        problem = _key_problem(key, flag, role, version) or _shape_problem(key, flag, value)
        if problem is None and flag.name in seen:
            problem = Problem(key, f"is the same flag as {seen[flag.name]}", "give it once")
        seen.setdefault(flag.name, key)
        if problem is not None:
            found.append(problem)
    return found


def _unknown(key: str, role: str) -> Problem:
    if key.endswith("+"):
        return Problem(
            key, "keys that append are not supported", f"give the whole list as {key[:-1]}"
        )
    close = nearest(key, role)
    remedy = f"did you mean {close}?" if close else "see k3s " + role + " --help"
    return Problem(key, f"is not a documented flag of k3s {role}", remedy)


def _key_problem(key: str, flag: Flag, role: str, version: Version | None) -> Problem | None:
    if flag.replaced_by:
        return Problem(key, "was removed from K3s", f"use {flag.replaced_by}")
    if not flag.allows(role):
        return Problem(
            key,
            f"is a flag of {flag.roles}s only",
            f"set it for the {flag.roles}s, not for all nodes",
        )
    if flag.one_shot:
        return Problem(key, "is an order for one start and must not stand in a configuration")
    if flag.name == "config":
        return Problem(key, "has no effect in the configuration file")
    if flag.managed_by:
        return Problem(key, "is set by an input of its own", f"use {flag.managed_by}")
    if flag.hidden:
        return Problem(key, "is hidden or an experiment in K3s, and not supported here")
    if version is not None and flag.since and version.minor() < _minor(flag.since):
        return Problem(key, f"came with K3s v{flag.since}; {version} does not know it")
    return None


def _minor(text: str) -> tuple[int, int]:
    major, dummy, minor = text.partition(".")
    return int(major), int(minor)


def _shape_problem(key: str, flag: Flag, value: object) -> Problem | None:
    if flag.kind == "list":
        items = value if isinstance(value, (list, tuple)) else [value]
        good = all(isinstance(item, str) and item for item in items)
        message = None if good else "must be a list of texts"
    elif isinstance(value, (list, tuple, Mapping)):
        message = "takes one value, not a list or mapping"
    else:
        message = _scalar_message(flag.kind, value)
    if message is None and re.search(_CONTROL, "".join(map(str, _items(value)))):
        message = "holds a line break or control character"
    return None if message is None else Problem(key, message)


def _items(value: object) -> Sequence[object]:
    return value if isinstance(value, (list, tuple)) else [value]


def _scalar_message(kind: str, value: object) -> str | None:
    if kind == "bool":
        good = isinstance(value, bool) or value in _SWITCHES
        return None if good else "must be true or false"
    if kind == "int":
        number = isinstance(value, int) and not isinstance(value, bool)
        good = number or (isinstance(value, str) and bool(re.match(_INT, value)))
        return None if good else "must be a whole number"
    if isinstance(value, str) and value:
        return None
    return "must be a text; quote it, for YAML changes unquoted numbers and words"


def check_values(role: str, config: Mapping[str, object]) -> list[Problem]:
    """What is wrong with the values of a node's whole configuration, whoever set them."""
    normal = normalize_all(config)
    found = values.problems_of(normal)
    if role == SERVER:
        found += networks.problems_of(normal)
    return found + _combinations(normal)


def _combinations(config: Mapping[str, Value]) -> list[Problem]:
    found = []
    if config.get("cluster-init") and config.get("datastore-endpoint"):
        found.append(
            Problem("datastore_endpoint", "excludes embedded etcd", "choose one datastore")
        )
    if config.get("cluster-init") and config.get("server"):
        found.append(Problem("api_endpoint", "the first server of a cluster joins no other"))
    if bool(config.get("datastore-certfile")) != bool(config.get("datastore-keyfile")):
        found.append(Problem("datastore-certfile", "goes together with datastore-keyfile"))
    if config.get("embedded-registry") and (
        config.get("docker") or config.get("container-runtime-endpoint")
    ):
        found.append(Problem("embedded-registry", "needs the embedded containerd"))
    return found
