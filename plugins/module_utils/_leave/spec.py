# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which host leaves its cluster, and how patiently. No I/O."""

from __future__ import annotations

import typing as t

from .._core.records import dataclass, field
from .._distribution.spec import Spec
from .._kube.identity import Host

ALL, DRAIN, REMOVE = "all", "drain", "remove"
STAGES = (ALL, DRAIN, REMOVE)
Object = t.Mapping[str, t.Any]


@dataclass(frozen=True)
class Wish:
    """`server` is the spec of the server that this runs on; `leaver` is the host that leaves.

    `stage` parts the work, so that the leaver can be stopped between its two halves. `timeout` is
    seconds for its pods to go; `force` deletes those that do not go in time.
    """

    server: Spec
    leaver: Host
    stage: str = ALL
    timeout: int = 120
    force: bool = False


@dataclass(frozen=True)
class Unsettled:
    """An object of the distribution's own that does not say yet that the leaver has left.

    `summary` is the sentence for mending that.
    """

    kind: str
    name: str
    summary: str


@dataclass(frozen=True)
class Seen:
    """What of the leaver the cluster still knows, and what the cluster can do without it.

    `here` is the Node of the server that this runs on. `members` are all etcd members, `healthy`
    the ids of those that answer, `leaving` the ids of the leaver's (more than one where an earlier
    machine of that name was never removed). `forgets`: servers take each other out of a datastore that
    is no etcd, by a command of the distribution.
    """

    here: str
    name: str
    node: Object | None
    secret: str
    pods: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    members: tuple[Object, ...] = ()
    healthy: frozenset[str] = field(default_factory=frozenset)
    leaving: tuple[str, ...] = ()
    forgets: bool = False
    objects: tuple[Unsettled, ...] = ()
