# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The answer of an API server that is not a success."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from .._core.errors import EdgeError
from .._host.http import Response

_HINTS = {
    401: "the credentials of the kubeconfig are not accepted: was the cluster set up anew?",
    403: "the user of the kubeconfig may not do this",
}


class Conflict(NamedTuple):
    """A field that another manager has set to another value (server-side apply)."""

    manager: str
    field: str


class ApiError(EdgeError):
    """Status, reason and causes as the server gave them (Kubernetes' Status object).

    `after` is Retry-After in seconds, None where the server did not send one; `said` are its own words.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        reason: str = "",
        causes: tuple[Mapping[str, Any], ...] = (),
        after: float | None = None,
        said: str = "",
    ) -> None:
        super().__init__(message, kind="api", hint=_HINTS.get(status, ""))
        self.status = status
        self.reason = reason
        self.causes = causes
        self.after = after
        self.said = said or message

    @property
    def malformed(self) -> bool:
        """Whether the server could not read what was sent; for server-side apply it calls that its own fault."""
        return self.status == 400 or (
            self.status == 500 and "failed to create typed patch object" in self.said
        )

    @property
    def blocked_by_budget(self) -> bool:
        """Whether a PodDisruptionBudget forbids the eviction for now."""
        return any(cause.get("reason") == "DisruptionBudget" for cause in self.causes)

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """Fields that others manage; empty where that is not what is wrong."""
        found = (cause for cause in self.causes if cause.get("reason") == "FieldManagerConflict")
        return tuple(
            Conflict(_manager(str(cause.get("message", ""))), str(cause.get("field", "")))
            for cause in found
        )


def _manager(message: str) -> str:
    """From such as `conflict with "kubectl" with subresource "scale" using apps/v1`."""
    return message.partition('"')[2].partition('"')[0] or message


def api_error(response: Response, what: str) -> ApiError:
    """Read `response` to the request `what`: a Status object, else any JSON message, else text."""
    text = response.body.decode("utf-8", "replace").strip() or f"status {response.status}"
    after = _after(response.headers.get("retry-after", ""))
    return api_error_of(_payload(response.body), what, response.status, text, after)


def api_error_of(
    payload: Mapping[str, Any],
    what: str,
    status: int = 0,
    text: str = "",
    after: float | None = None,
) -> ApiError:
    """Read a Status object; the rest is what is known where that does not say so."""
    details = payload.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    message = str(payload.get("message") or text)[:4000]
    explained = [
        str(cause.get("message"))
        for cause in causes or ()
        if cause.get("message") and str(cause.get("message")) not in message
    ]
    said = "; ".join([message, *explained])
    return ApiError(
        f"{what}: {said}",
        said=said,
        status=status or int(payload.get("code") or 0),
        reason=str(payload.get("reason") or ""),
        causes=tuple(causes or ()),
        after=after,
    )


def _payload(body: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(body)
    except ValueError:
        return {}
    return payload if isinstance(payload, dict) else {}


def _after(text: str) -> float | None:
    """Retry-After in seconds; the form with a date is not used by API servers."""
    return float(text) if text.isascii() and text.isdigit() else None
