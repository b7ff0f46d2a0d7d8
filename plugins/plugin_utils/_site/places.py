# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What edge_topology has found, as later tasks of a play read it.

It is registered and no fact: Ansible copies all facts of a host for each of its tasks, which would
make a run over N hosts cost N times N.
"""

from __future__ import annotations

import typing as t

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError

REGISTERED = "edge_topology"
REMOVALS = ("stopped", "absent", "purged")
Place = t.Mapping[str, t.Any]


def places_of(task_vars: t.Mapping[str, t.Any]) -> t.Mapping[str, Place]:
    """The places of all hosts; empty before edge_topology has run."""
    found = task_vars.get(REGISTERED) or {}
    return t.cast("t.Mapping[str, Place]", found.get("places") or {})


def place_of(task_vars: t.Mapping[str, t.Any]) -> Place:
    """The place of the task's own host; empty before edge_topology has run."""
    return places_of(task_vars).get(str(task_vars.get("inventory_hostname"))) or {}


def begins_its_site(place: Place) -> bool:
    """Whether the cluster began there; a host of which edge_topology knows nothing stands for its own site."""
    return not place or bool(place.get("initial") and not place.get("guest"))


def refuse_wrong_site(place: Place, *, builds: bool) -> None:
    """EdgeError where edge_topology has refused the host's site.

    `builds` tells a task that makes a site what it should be. Others, which look at it or take it
    down, may meet sites that are put together wrongly; a part of a site is too little for them too.
    """
    refusal = place.get("refusal")
    if refusal and (builds or refusal["kind"] == "refused"):
        raise EdgeError(
            str(refusal["message"]),
            kind=str(refusal["kind"]),
            hint=str(refusal["hint"]),
            site=str(place["site"]),
        )
