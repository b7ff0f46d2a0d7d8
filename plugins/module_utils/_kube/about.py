# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cluster tells of an object beside the object itself: logs, events, and that it has gone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._core.errors import EdgeError
from .client import Client, Objects
from .errors import ApiError
from .resources import Kind, object_path, with_query

_LOOK_EVERY = 1.0


def logs(
    client: Client,
    namespace: str,
    pod: str,
    *,
    container: str = "",
    tail: int = 20,
    previous: bool = False,
    limit_bytes: int = 64 << 10,
) -> str:
    """The last `tail` lines of a container, of its former run where `previous`; empty where there is none."""
    query: dict[str, str | int] = {
        "container": container,
        "tailLines": tail,
        "limitBytes": limit_bytes,
        "previous": "true" if previous else "",
    }
    try:
        return client.text(with_query(object_path("Pod", namespace, pod, "log"), query))
    except ApiError as exc:
        if exc.status in (400, 404):  # not started yet, or its log has been cleared away
            return ""
        raise


def events(client: Client, item: Mapping[str, Any]) -> Objects:
    """What happened to an object, the latest last."""
    meta = item["metadata"]
    found = client.list(
        "Event",
        str(meta.get("namespace") or "default"),
        field_selector=f"involvedObject.uid={meta['uid']}",
    )
    return sorted(found, key=_when)


def _when(event: Mapping[str, Any]) -> str:
    """RFC 3339 in UTC, which sorts as text."""
    series = event.get("series") or {}
    for value in (
        series.get("lastObservedTime"),
        event.get("lastTimestamp"),
        event.get("eventTime"),
        event["metadata"].get("creationTimestamp"),
    ):
        if value:
            return str(value)
    return ""


def wait_gone(
    client: Client, kind: Kind, namespace: str, name: str, *, uid: str, seconds: float
) -> None:
    """Wait until the object, or that one of its name, is no more.

    EdgeError(kind=health) naming what holds it after `seconds`.
    """
    end = client.clock.monotonic() + seconds
    while True:
        found = client.read(kind, namespace, name)
        if found is None or found["metadata"].get("uid") != uid:
            return
        if client.clock.monotonic() >= end:
            raise EdgeError(
                f"{name} was deleted and is still there after {seconds:g} s{_held(found)}",
                kind="health",
            )
        client.clock.sleep(_LOOK_EVERY)


def _held(found: Mapping[str, Any]) -> str:
    finalizers = found["metadata"].get("finalizers")
    conditions = (found.get("status") or {}).get("conditions") or ()
    said = [
        str(row.get("message"))
        for row in conditions
        if row.get("status") == "True" and "Remain" in str(row.get("type"))
    ]
    parts = [f"held by its finalizers {', '.join(finalizers)}"] if finalizers else []
    return ": " + "; ".join(parts + said) if parts or said else ""
