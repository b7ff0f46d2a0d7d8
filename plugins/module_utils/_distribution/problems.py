# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a check of settings finds."""

from __future__ import annotations

import json
import typing as t

from .._core.records import dataclass


@dataclass(frozen=True)
class Problem:
    """A setting that must be refused: its key, what is wrong with it, what to do."""

    key: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.key}: {self.message}"
        return f"{text} ({self.remedy})" if self.remedy else text


def differing(told: t.Mapping[str, t.Mapping[str, t.Any]]) -> list[Problem]:
    """What servers of one site, by host, are told differently though all must be told the same."""
    found = []
    for key in dict.fromkeys(key for values in told.values() for key in values):
        by_value: dict[str, list[str]] = {}
        for name, values in told.items():
            by_value.setdefault(json.dumps(values.get(key), sort_keys=True), []).append(name)
        if len(by_value) > 1:
            groups = "; ".join(", ".join(names) for names in by_value.values())
            message = f"must be equal on all servers of a site, and differs between {groups}"
            found.append(Problem(key, message, "set it once for the whole site"))
    return found


def changed(
    before: t.Mapping[str, t.Any], after: t.Mapping[str, t.Any], remedy: str
) -> list[Problem]:
    """What would be different though a node has started with it."""
    return [
        Problem(
            key,
            f"cannot change from {_shown(before[key])} to {_shown(value)} after the start",
            remedy,
        )
        for key, value in after.items()
        if key in before and before[key] != value
    ]


def _shown(value: t.Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "unset"
    return "unset" if value is None else str(value) or "unset"
