# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of objects as they happen, over dropped connections and forgotten history."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from .._host.http import HttpError
from .client import Client
from .errors import ApiError, api_error_of
from .resources import Kind, object_path, with_query

_SLICE = 240.0  # seconds after which a watch is asked for anew; servers end theirs at some time too
_PAUSE = 1.0  # seconds before a connection that broke is tried again


class Event(NamedTuple):
    """`type` is ADDED, MODIFIED or DELETED; `object` as it is, or was last."""

    type: str
    object: dict[str, Any]


def watch(
    client: Client,
    kind: Kind,
    namespace: str = "",
    *,
    label_selector: str = "",
    field_selector: str = "",
    seconds: float,
) -> Iterator[Event]:
    """What is there, as ADDED, then each change, for `seconds`.

    A connection that breaks is taken up where it ended. Where the server has forgotten what came since
    (410), it is looked at anew: what has changed or gone meanwhile is told then. ApiError, HttpError
    where the API does not come back in time.
    """
    run = _Watch(client, kind, namespace, label_selector, field_selector)
    end = client.clock.monotonic() + seconds
    while True:
        left = end - client.clock.monotonic()
        if left <= 0:
            return
        try:
            yield from run.turn(min(left, _SLICE))
        except ApiError as exc:
            if exc.status != 410:
                raise
            run.version = ""
        except HttpError as exc:
            # A silence is what a quiet watch is made of; other faults may be over in a moment.
            if exc.kind == "certificate" or client.clock.monotonic() >= end:
                raise
            if exc.reason != "timeout":
                client.clock.sleep(_PAUSE)


class _Watch:
    def __init__(
        self, client: Client, kind: Kind, namespace: str, labels: str, fields: str
    ) -> None:
        self._client = client
        self._path = object_path(kind, namespace)
        self._query = {"labelSelector": labels, "fieldSelector": fields}
        self._known: dict[str, dict[str, Any]] = {}
        self.version = ""

    def turn(self, seconds: float) -> Iterator[Event]:
        """One connection's worth of events."""
        if not self.version:
            yield from self._look()
        whole = max(1, int(seconds))
        query: dict[str, str | int] = {
            **self._query,
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": self.version,
            "timeoutSeconds": whole,
        }
        path = with_query(self._path, query)
        for line in self._client.lines(path, timeout=whole + 5.0):
            entry = json.loads(line)
            found = entry.get("object") or {}
            if entry.get("type") == "ERROR":
                raise api_error_of(found, f"watch {path}")
            self.version = str((found.get("metadata") or {}).get("resourceVersion") or self.version)
            if entry.get("type") != "BOOKMARK":
                yield self._told(Event(str(entry.get("type")), found))

    def _told(self, event: Event) -> Event:
        uid = event.object["metadata"]["uid"]
        if event.type == "DELETED":
            self._known.pop(uid, None)
        else:
            self._known[uid] = event.object
        return event

    def _look(self) -> Iterator[Event]:
        payload = self._client.get(with_query(self._path, self._query))
        before, self._known = self._known, {}
        kinds = {key: payload[key] for key in ("apiVersion",) if key in payload}
        kinds["kind"] = str(payload.get("kind", "")).rpartition("List")[0]
        for item in payload.get("items") or ():
            old = before.pop(item["metadata"]["uid"], None)
            if old is None:
                yield self._told(Event("ADDED", {**kinds, **item}))
            elif old["metadata"]["resourceVersion"] != item["metadata"]["resourceVersion"]:
                yield self._told(Event("MODIFIED", {**kinds, **item}))
            else:
                self._known[item["metadata"]["uid"]] = old
        for gone in before.values():
            yield Event("DELETED", gone)
        self.version = str((payload.get("metadata") or {}).get("resourceVersion") or "")
