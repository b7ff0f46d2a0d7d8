# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which failures are worth another try, how long to wait, and what an answer says."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._host.http import (
    CertificateExpired,
    HttpError,
    Response,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.errors import (
    ApiError,
    api_error,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.retry import Retry, worthwhile

BUDGET = ({"reason": "DisruptionBudget", "message": "needs 2 healthy pods"},)


def api(
    status: int,
    reason: str = "",
    after: float | None = None,
    causes: tuple[dict[str, str], ...] = (),
) -> ApiError:
    return ApiError("no", status=status, reason=reason, after=after, causes=causes)


@pytest.mark.parametrize(
    ("error", "get", "post", "lost_race"),
    [
        (api(429), True, True, True),
        (api(429, after=1.0), True, True, True),
        (api(429, causes=BUDGET), False, False, False),
        (api(500), True, False, True),
        (api(500, after=1.0), True, True, True),
        (api(501), False, False, False),
        (api(503), True, False, True),
        (api(504), True, False, True),
        (api(400), False, False, False),
        (api(401), False, False, False),
        (api(404), False, False, False),
        (api(409, "Conflict"), False, False, True),
        (api(409, "AlreadyExists"), False, False, False),
        (HttpError("no", reason="refused"), True, True, True),
        (HttpError("no", reason="unreachable"), True, True, True),
        (HttpError("no", reason="timeout"), True, True, True),
        (HttpError("no", reason="timeout", sent=True), True, False, True),
        (HttpError("no", reason="reset", sent=True), True, False, True),
        (HttpError("no", reason="tls"), False, False, False),
        (HttpError("no", reason="protocol", sent=True), False, False, False),
        (HttpError("no", reason="too_large", sent=True), False, False, False),
        (CertificateExpired("no", side="client"), False, False, False),
    ],
)
def test_what_is_tried_again(
    error: ApiError | HttpError, get: bool, post: bool, lost_race: bool
) -> None:
    assert worthwhile(error, repeatable=True, conflicts=False) is get
    assert worthwhile(error, repeatable=False, conflicts=False) is post
    assert worthwhile(error, repeatable=True, conflicts=True) is lost_race


@given(
    st.integers(1, 10**6),
    st.floats(0, 3600),
    st.floats(0, 1, exclude_max=True),
    st.floats(0, 1, exclude_max=True),
)
def test_pauses_grow_within_bounds(attempt: int, after: float, one: float, two: float) -> None:
    retry = Retry(base=0.2, cap=5.0)
    pause = retry.pause(attempt, after, one)
    assert after <= pause <= after + 5.0
    low, high = sorted((one, two))
    assert retry.pause(attempt, after, low) <= retry.pause(attempt, after, high)
    # Even the longest draw of one attempt is no longer than the shortest of the next.
    assert retry.pause(attempt, 0, one) <= retry.pause(attempt + 1, 0, 0) or pause >= 2.5


@pytest.mark.parametrize(
    ("body", "message", "reason"),
    [
        (
            json.dumps({"kind": "Status", "message": 'pods "x" not found', "reason": "NotFound"}),
            'pods "x" not found',
            "NotFound",
        ),
        ("404 page not found\n", "404 page not found", ""),
        ("", "status 404", ""),
        ("[1, 2]", "[1, 2]", ""),
        ('{"error":"x","code":5,"message":"etcdserver: member not found"}', "etcdserver", ""),
        (
            json.dumps(
                {"message": "Cannot evict.", "details": {"causes": [{"message": "needs 2"}]}}
            ),
            "Cannot evict.; needs 2",
            "",
        ),
    ],
)
def test_the_words_of_the_server_are_kept(body: str, message: str, reason: str) -> None:
    error = api_error(Response(404, {}, body.encode()), "GET /x")
    assert error.message.startswith("GET /x: ")
    assert message in error.message
    assert (error.reason, error.kind, error.status) == (reason, "api", 404)


@pytest.mark.parametrize(
    ("text", "after"),
    [("1", 1.0), ("0", 0.0), ("", None), ("-1", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None)],
)
def test_retry_after_is_seconds(text: str, after: float | None) -> None:
    assert api_error(Response(429, {"retry-after": text}, b""), "GET /x").after == after
