# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an input becomes on a distribution, and which of its values are refused there. Pure.

Each adapter says it in one table. What is refused there is refused by every door, and the page in
docs/guides is written from it.
"""

from __future__ import annotations

import typing as t

from .._core.records import dataclass
from .problems import Problem


@dataclass(frozen=True)
class Refusal:
    """Values of an input that a distribution cannot carry out.

    `asks` tells them from others. `example` is one of them, `shown` their name on the page; without
    one no value can be given. `role` is the only role that cannot, empty for both.
    """

    reason: str
    remedy: str
    example: t.Any
    asks: t.Callable[[t.Any], bool] = bool
    shown: str = ""
    role: str = ""


@dataclass(frozen=True)
class Input:
    """One input: what it becomes, as a phrase of Markdown; `as_unset` are values that mean the default."""

    becomes: str = ""
    refusals: tuple[Refusal, ...] = ()
    as_unset: tuple[t.Any, ...] = ()


Table = t.Mapping[str, Input]

# Handled before or beside an adapter, which never sees them.
COMMON = frozenset(
    (
        "cache_dir",
        "distribution",
        "images",
        "images_exact",
        "images_prune",
        "images_registry_authfile",
        "images_registry_cert_dir",
        "images_registry_validate_certs",
        "images_scan_command",
        "images_site_registry",
        "images_trust",
        "images_trust_keys",
        "journal_max_mb",
        "profile",
        "release_mirrors",
        "release_sha256",
        "site",
        "verify",
        "wait_timeout",
    )
)
PLACED = frozenset(("guest", "initial", "join_from"))  # what the topology says, not a user
_DROPIN = "a drop-in of the kubelet"
KUBELET: Table = {
    "max_memory_mb": Input(_DROPIN),
    "max_cpu_percent": Input(f"{_DROPIN}, and a cap on the pods' cgroup"),
    "max_pods": Input(_DROPIN),
    "reserved_memory_mb": Input(_DROPIN),
    "ephemeral_storage_mb": Input(_DROPIN),
    "cpu_manager_policy": Input(_DROPIN),
    "max_log_files": Input(_DROPIN),
    "max_log_size_mb": Input(_DROPIN),
}


def exactly(value: t.Any, reason: str, remedy: str, role: str = "") -> Refusal:
    """The refusal of one value."""
    return Refusal(reason, remedy, value, lambda given: bool(given == value), f"`{value}`", role)


def problems(table: Table, given: t.Mapping[str, t.Any], role: str) -> list[Problem]:
    """What is refused of the options `given` to a node of the role; None is unset."""
    return [
        Problem(name, refusal.reason, refusal.remedy)
        for name, entry in table.items()
        for refusal in entry.refusals
        if refusal.role in ("", role) and given.get(name) is not None and refusal.asks(given[name])
    ]
