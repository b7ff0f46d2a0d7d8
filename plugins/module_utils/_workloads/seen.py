# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a look at the cluster has found. No I/O."""

from __future__ import annotations

import typing as t

from .._core.records import dataclass
from .._kube.errors import ApiError
from .._kube.resources import Resource

Object = t.Mapping[str, t.Any]


@dataclass(frozen=True)
class Row:
    """One wish and what the server says of it.

    `wish` is the manifest as it is sent. `kind` is None where the cluster does not know the kind, yet or
    any more. `answer` is the object as it would be, `refusal` why it would not. `idle` says why an object
    that waits is right as it is.
    """

    wish: Object
    kind: Resource | None
    live: Object | None = None
    answer: Object | None = None
    refusal: ApiError | None = None
    idle: str = ""


@dataclass(frozen=True)
class Member:
    """An object that bears the owner's mark."""

    kind: Resource
    live: Object


@dataclass(frozen=True)
class Observation:
    """All that the plan is made from. `note` is the owner's, None where there is none."""

    rows: tuple[Row, ...]
    members: tuple[Member, ...] = ()
    note: Object | None = None
