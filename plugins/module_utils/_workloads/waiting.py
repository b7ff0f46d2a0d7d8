# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waits until objects are what they should be, within one bound for all of a run."""

from __future__ import annotations

import typing as t

from .._core.errors import EdgeError
from .._kube.about import wait_gone
from .._kube.client import Client
from .._kube.resources import Resource
from .._kube.watch import watch
from .observe import idle
from .reasons import Cause, cause
from .rollout import FAILED, READY, judge
from .seen import Object
from .spec import label

_FIRST_LOOK, _LOOK_EVERY = 2.0, 10.0  # seconds between looks at pods; the object itself is watched
_REFUSED_FOR = 8.0  # seconds after which a refusal of pods, with nothing else moving, is believed


_MOVES = (
    *("replicas", "updatedReplicas", "availableReplicas", "readyReplicas", "currentReplicas"),
    *("updatedNumberScheduled", "numberAvailable", "active", "succeeded", "failed"),
)


class Patience:
    """What is left of the seconds that a run may wait, counted from the first wait."""

    def __init__(self, client: Client, seconds: float) -> None:
        self._client = client
        self._seconds = seconds
        self._end: float | None = None

    @property
    def whole(self) -> float:
        """Seconds in all."""
        return self._seconds

    def left(self) -> float:
        """Seconds; none or fewer when the time is over."""
        now = self._client.clock.monotonic()
        if self._end is None:
            self._end = now + self._seconds
        return self._end - now


class Refusal:
    """Pods that the server refuses, look by look: a rollout may yet make room for them by itself."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._state: t.Any = None
        self._since = 0.0

    def lasts(self, item: Object | None, why: Cause) -> bool:
        """Whether the same refusal has been seen for a while, and nothing has moved meanwhile."""
        status = (item or {}).get("status") or {}
        state = (why.refused, [status.get(key) for key in _MOVES]) if why.refused else None
        now = self._client.clock.monotonic()
        if state != self._state:
            self._state, self._since = state, now
        return state is not None and now - self._since >= _REFUSED_FOR


def wait_ready(client: Client, wish: Object, patience: Patience) -> None:
    """Wait for one object. EdgeError(kind=health) with the reason where it fails or takes too long."""
    kind = client.discovery.find(str(wish["apiVersion"]), str(wish["kind"]))
    meta = wish["metadata"]
    namespace, name = str(meta.get("namespace") or ""), str(meta["name"])
    reason = "it is not there"
    pause, refusal = _FIRST_LOOK, Refusal(client)
    while True:
        seen: Object | None = None
        left = max(patience.left(), 0.0)
        # A watch tells at once what is there, and then each change; with no time left, one look is enough.
        for found in _seen(client, kind, namespace, name, min(left, pause)):
            seen = found
            verdict = judge(found)
            if verdict.state == READY or idle(client, found):
                return
            reason = verdict.reason
            if verdict.state == FAILED:
                raise _not_ready(client, wish, found, "has failed", reason)
        if seen is None and patience.left() > 0:
            seen = client.read(kind, namespace, name)
        why = cause(client, seen) if seen is not None else None
        pause = min(2 * pause, _LOOK_EVERY)
        if why is not None and (why.hopeless or refusal.lasts(seen, why)):
            raise _not_ready(client, wish, seen, "cannot become ready", reason)
        if patience.left() <= 0:
            text = f"is not ready after {patience.whole:g} s"
            raise _not_ready(client, wish, seen, text, reason)


def _seen(
    client: Client, kind: Resource, namespace: str, name: str, seconds: float
) -> t.Iterator[Object]:
    if seconds <= 0:
        found = client.read(kind, namespace, name)
        if found is not None:
            yield found
        return
    selector = f"metadata.name={name}"
    for event in watch(client, kind, namespace, field_selector=selector, seconds=seconds):
        if event.type != "DELETED":
            yield event.object


def _not_ready(
    client: Client, wish: Object, seen: Object | None, text: str, reason: str
) -> EdgeError:
    why = cause(client, seen).text if seen is not None else ""
    parts = [part for part in (reason, why) if part]
    return EdgeError(
        f"{label(wish)} {text}: {'; '.join(parts)}",
        kind="health",
        hint="mend what is named, then run again",
    )


def wait_deleted(client: Client, params: t.Mapping[str, t.Any], patience: Patience) -> None:
    """Wait until one deleted object is no more. EdgeError(kind=health)."""
    wait_gone(
        client,
        params["kind"],
        params["namespace"],
        params["name"],
        uid=params["uid"],
        seconds=max(patience.left(), 0.0),
    )
