# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The answer of an API server that is not a success."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .._core.errors import EdgeError
from .._host.http import Response

_HINTS = {
    401: "the credentials of the kubeconfig are not accepted: was the cluster set up anew?",
    403: "the user of the kubeconfig may not do this",
}


class ApiError(EdgeError):
    """Status, reason and causes as the server gave them (Kubernetes' Status object).

    `after` is Retry-After in seconds, None where the server did not send one.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        reason: str = "",
        causes: tuple[Mapping[str, Any], ...] = (),
        after: float | None = None,
    ) -> None:
        super().__init__(message, kind="api", hint=_HINTS.get(status, ""))
        self.status = status
        self.reason = reason
        self.causes = causes
        self.after = after

    @property
    def blocked_by_budget(self) -> bool:
        """Whether a PodDisruptionBudget forbids the eviction for now."""
        return any(cause.get("reason") == "DisruptionBudget" for cause in self.causes)


def api_error(response: Response, what: str) -> ApiError:
    """Read `response` to the request `what`: a Status object, else any JSON message, else text."""
    payload = _payload(response.body)
    text = response.body.decode("utf-8", "replace").strip()
    details = payload.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    message = str(payload.get("message") or text or f"status {response.status}")[:4000]
    explained = [
        str(cause.get("message"))
        for cause in causes or ()
        if cause.get("message") and str(cause.get("message")) not in message
    ]
    return ApiError(
        f"{what}: {'; '.join([message, *explained])}",
        status=response.status,
        reason=str(payload.get("reason") or ""),
        causes=tuple(causes or ()),
        after=_after(response.headers.get("retry-after", "")),
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
