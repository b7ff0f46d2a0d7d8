# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked of a report. No I/O."""

from __future__ import annotations

import typing as t

from .._core.records import dataclass
from .._distribution.spec import Spec
from .._kube.identity import Host


@dataclass(frozen=True)
class Question:
    """The node's spec by the inventory, and the site's hosts to compare with its Nodes."""

    distribution: Spec
    hosts: tuple[Host, ...] = ()


def hosts(rows: t.Sequence[t.Mapping[str, t.Any]]) -> tuple[Host, ...]:
    """From a module's option `members`."""
    return tuple(
        Host(
            str(row["name"]),
            str(row.get("node_name") or "").lower(),
            tuple(str(address) for address in row.get("addresses") or ()),
        )
        for row in rows
    )
