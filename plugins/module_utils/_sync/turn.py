# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes of a site that change themselves take turns by a Lease of their cluster.

Clocks of nodes are not compared: a holder has died when its Lease has stayed the same for its whole duration
by the time since the start of the one who waits, who remembers since when it has. That clock is never set; of a
time before another start it tells too little, never too much.
"""

from __future__ import annotations

import contextlib
import time
import typing as t

from .._core.errors import EdgeError
from .._kube.errors import ApiError

if t.TYPE_CHECKING:
    from .._kube.client import Client

NAMESPACE = "kube-system"
NAME = "lightk8s-turn"
SECONDS = 1800  # a node that restarts, and its gate, take less
CONFLICT = 409


class Seen(t.NamedTuple):
    """A Lease as it was first seen, `since` in seconds from this node's start."""

    version: str = ""
    since: float = 0.0


@contextlib.contextmanager
def turn(
    client: Client,
    holder: str,
    now: float,
    seen: Seen,
    remember: t.Callable[[Seen], None],
    *,
    up: float,
) -> t.Iterator[None]:
    """Hold the turn while it lasts; `up` is for how long this node has run. EdgeError(kind=busy) naming who has it."""
    found = client.read("Lease", NAMESPACE, NAME)
    try:
        if found is None:
            client.create("Lease", NAMESPACE, _lease(holder, now))
        else:
            _check(found, holder, up, seen, remember)
            body = _lease(holder, now)
            body["metadata"]["resourceVersion"] = found["metadata"]["resourceVersion"]
            client.patch("Lease", NAMESPACE, NAME, body)
    except ApiError as exc:
        if exc.status != CONFLICT:
            raise
        raise _busy("another node") from exc
    remember(Seen())
    try:
        yield
    finally:
        with contextlib.suppress(EdgeError):  # then it ends by itself
            client.patch("Lease", NAMESPACE, NAME, {"spec": {"holderIdentity": ""}})


def _check(
    found: t.Mapping[str, t.Any],
    holder: str,
    up: float,
    seen: Seen,
    remember: t.Callable[[Seen], None],
) -> None:
    """EdgeError where another node has the turn, and lives as far as can be known."""
    spec, version = found.get("spec") or {}, str(found["metadata"]["resourceVersion"])
    other = str(spec.get("holderIdentity") or "")
    if other in ("", holder):
        return
    if seen.version != version or seen.since > up:
        remember(Seen(version, up))
        raise _busy(other)
    if up - seen.since < float(spec.get("leaseDurationSeconds") or SECONDS):
        raise _busy(other)


def _lease(holder: str, now: float) -> dict[str, t.Any]:
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + ".000000Z"
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": NAME},
        "spec": {
            "holderIdentity": holder,
            "leaseDurationSeconds": SECONDS,
            "acquireTime": moment,
            "renewTime": moment,
        },
    }


def _busy(other: str) -> EdgeError:
    return EdgeError(f"it is the turn of {other}", kind="busy", hint="the next round tries again")
