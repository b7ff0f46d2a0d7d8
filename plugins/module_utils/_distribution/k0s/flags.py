# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flags of `k0s controller` and `k0s worker` (k0s v1.34, --help), and which of them a user may give."""

from __future__ import annotations

import re
import typing as t

from ..._core.records import dataclass
from ..kubelet import BOUNDS
from ..problems import Problem
from ..spec import AGENT, SERVER

BOTH = (SERVER, AGENT)


@dataclass(frozen=True)
class Flag:
    """One flag. `refused` says why it cannot be given."""

    name: str
    kind: str = "text"  # bool, int, text, map, list
    roles: tuple[str, ...] = BOTH
    refused: str = ""


def _ours(name: str, setting: str) -> Flag:
    return Flag(name, refused=f"is set by an input of its own: use {setting}")


_MOVES = "must stay where this collection looks for it"
FLAGS: t.Mapping[str, Flag] = {
    flag.name: flag
    for flag in (
        _ours("config", "spec in extra_config"),
        _ours("data-dir", "data_dir"),
        _ours("debug", "log_level"),
        _ours("disable-components", "disable"),
        _ours("labels", "labels"),
        _ours("taints", "taints"),
        _ours("token-file", "join_from, which has a token made for each join"),
        Flag("cri-socket"),
        Flag("debugListenOn"),
        Flag("enable-cloud-provider", "bool"),
        Flag(
            "enable-dynamic-config",
            refused="takes the configuration out of the file, so that changes of inputs would do nothing",
        ),
        Flag("enable-k0s-cloud-provider", "bool", (SERVER,)),
        Flag("enable-metrics-scraper", "bool", (SERVER,)),
        Flag("enable-worker", refused="is always on: a server of a site runs pods unless it is tainted"),
        Flag("feature-gates", "map", (SERVER,)),
        Flag("ignore-pre-flight-checks", "bool"),
        Flag("init-only", refused="is an order for one start"),
        Flag("iptables-mode"),
        Flag("k0s-cloud-provider-port", "int", (SERVER,)),
        Flag("k0s-cloud-provider-update-frequency", roles=(SERVER,)),
        Flag("kube-controller-manager-extra-args", roles=(SERVER,)),
        Flag("kubelet-extra-args", "list"),
        Flag("kubelet-root-dir", refused=_MOVES),
        Flag("logging", "map"),
        Flag("no-taints", refused="is always on; use taints"),
        Flag("profile", refused="names a worker profile; the inputs set the kubelet of each node"),
        Flag("single", refused="lets no other node join later; one server alone needs no such flag"),
        Flag("status-socket", refused=_MOVES),
        Flag("verbose", "bool"),
    )
}  # fmt: skip
KUBELET_OURS = ("config-dir", "node-ip", "hostname-override", "node-labels", "register-with-taints")
_CONTROL = r"[\x00-\x1f\x7f]"
_ARGUMENT = r"--[a-z0-9][A-Za-z0-9-]*(=\S+)?\Z"


def check(role: str, given: t.Mapping[str, t.Any]) -> list[Problem]:
    """What of the flags k0s would refuse, or take otherwise than meant: it checks no values itself."""
    found = []
    for key, value in given.items():
        flag = FLAGS.get(str(key))
        if flag is None:
            found.append(Problem(str(key), f"is not a documented flag of k0s for a {role}"))
        elif flag.refused:
            found.append(Problem(str(key), flag.refused))
        elif role not in flag.roles:
            found.append(Problem(str(key), f"is a flag of {flag.roles[0]}s only"))
        else:
            message = _shape(flag, value)
            found += [Problem(str(key), message)] if message else []
    return found


def _shape(flag: Flag, value: t.Any) -> str:
    if flag.kind == "bool":
        return (
            "" if isinstance(value, bool) or value in ("true", "false") else "must be true or false"
        )
    if flag.kind == "int":
        return (
            "" if str(value).isdigit() and not isinstance(value, bool) else "must be a whole number"
        )
    if flag.kind == "map":
        good = isinstance(value, dict) and all(
            not isinstance(item, (dict, list)) for item in value.values()
        )
        return "" if good else "must be a mapping of names to values"
    if flag.kind == "list":
        return _arguments(value)
    good = isinstance(value, str) and bool(value) and not re.search(_CONTROL, value)
    return "" if good else "must be a text on one line"


def _arguments(value: t.Any) -> str:
    items = value if isinstance(value, list) else str(value).split()
    for item in items:
        if not re.match(_ARGUMENT, str(item)):
            return f"{str(item).partition('=')[0]!r} is not --name=value without blanks"
        name = str(item)[2:].partition("=")[0]
        if name in KUBELET_OURS:
            return (
                f"--{name} is set by inputs of their own (labels, taints, node_ip, node_name, ...)"
            )
        if name in BOUNDS:
            return f"--{name} would beat what inputs set: use {BOUNDS[name]}"
    return ""


def text(flag: Flag, value: t.Any) -> str:
    """The value as one word of the command line."""
    if flag.kind == "bool":
        return "true" if value in (True, "true") else "false"
    if flag.kind == "map":
        return ",".join(f"{key}={_plain(item)}" for key, item in sorted(value.items()))
    if flag.kind == "list":
        return (
            " ".join(map(str, value)) if isinstance(value, list) else " ".join(str(value).split())
        )
    return str(value)


def _plain(value: t.Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
