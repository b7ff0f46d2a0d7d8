# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of K3s that must agree between servers, or must stay as the first start found them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ..problems import Problem
from . import networks, values
from .config import Value, default_value, normalize_all
from .flags import FLAGS, Flag, lookup

_CREDENTIALS = r"//[^?]*@"
_RANGES = ("cluster-cidr", "service-cidr")
_REMEDIES = {
    "secrets-encryption": "set it back; to turn encryption off use `k3s secrets-encrypt disable`",
    "node-name": "set it back, or remove the node and join it under its new name",
    "with-node-id": "set it back, or remove the node and join it under its new name",
}


def check_site_agreement(servers: Sequence[tuple[str, Mapping[str, object]]]) -> list[Problem]:
    """Where the configurations of a site's servers, given with node names, must agree and do not.

    Compares what is effective, defaults included; credentials are never shown.
    """
    normal = [(node, normalize_all(config)) for node, config in servers]
    found = []
    for flag in (flag for flag in FLAGS if flag.must_match):
        by_value: dict[object, list[str]] = {}
        for node, config in normal:
            by_value.setdefault(_effective(flag.name, config), []).append(node)
        if len(by_value) > 1:
            found.append(_disagreement(flag, by_value))
    lacking = [node for node, config in normal if "servicelb" not in _disabled(config)]
    if 0 < len(lacking) < len(normal):
        found.append(Problem("disable", f"servicelb is disabled, but not on {', '.join(lacking)}"))
    return found


def check_server_count(count: int, storage: str) -> list[Problem]:
    """Whether that many servers can share a datastore (sqlite, etcd or external)."""
    if storage == "sqlite" and count > 1:
        return [
            Problem(
                "storage_type", f"sqlite serves one server, not {count}", "use etcd or external"
            )
        ]
    if storage == "etcd" and count and count % 2 == 0:
        message = f"{count} servers with embedded etcd survive no more losses than {count - 1}"
        return [Problem("storage_type", message, "use an odd number of servers")]
    return []


def _disabled(config: Mapping[str, Value]) -> Sequence[str]:
    value = config.get("disable", ())
    return value if isinstance(value, tuple) else ()


def _disagreement(flag: Flag, by_value: Mapping[object, list[str]]) -> Problem:
    parts = [
        f"{'***' if flag.secret and value else show(value)} on {', '.join(nodes)}"
        for value, nodes in by_value.items()
    ]
    return Problem(
        values.input_name(flag.name),
        "must be equal on all servers of a site: " + "; ".join(parts),
        "set it once for the whole site",
    )


def show(value: object) -> str:
    """A value as a person reads it."""
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "unset"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if value != "" else "unset"


def _effective(name: str, config: Mapping[str, Value]) -> Value:
    """The value with K3s' default put in."""
    flag = lookup(name)
    default = default_value(flag) if flag is not None else ""
    if name in _RANGES and not config.get(name):
        node_ips = config.get("node-ip", ())
        return networks.default_ranges(name, node_ips if isinstance(node_ips, tuple) else ())
    if name == "agent-token" and config.get("agent-token-file"):
        return "***"  # its content is compared by whoever may read it
    return config.get(name, default)


def check_immutable(
    old: Mapping[str, object],
    new: Mapping[str, object],
    *,
    initialized: bool,
    hostname: str = "",
) -> list[Problem]:
    """What a new configuration changes though K3s has already started with the old one.

    `hostname` is what names the node while node-name is unset; empty when unknown. Tokens and the
    kind of datastore on disk are compared elsewhere.
    """
    if not initialized:
        return []
    before, after = normalize_all(old), normalize_all(new)
    return [
        _change(flag, before, after)
        for flag in FLAGS
        if flag.immutable and not _unchanged(flag.name, before, after, hostname)
    ]


def _unchanged(
    name: str, before: Mapping[str, Value], after: Mapping[str, Value], hostname: str
) -> bool:
    one, other = _effective(name, before), _effective(name, after)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return networks.same_ranges(one, other) if name in _RANGES else one == other
    if name == "node-name":
        names = {str(one or hostname).lower(), str(other or hostname).lower()}
        return len(names) == 1 or "" in names
    if name == "datastore-endpoint":
        # A new password for the same database is no new datastore.
        return re.sub(_CREDENTIALS, "//", str(one)) == re.sub(_CREDENTIALS, "//", str(other))
    if name == "data-dir":
        return str(one).rstrip("/") == str(other).rstrip("/")
    return one == other


def _change(flag: Flag, before: Mapping[str, Value], after: Mapping[str, Value]) -> Problem:
    was, now = show(_effective(flag.name, before)), show(_effective(flag.name, after))
    what = "cannot change" if flag.secret else f"cannot change from {was} to {now}"
    return Problem(
        values.input_name(flag.name),
        f"{what} after the first start",
        _REMEDIES.get(flag.name, "set it back; another value needs a new cluster"),
    )
