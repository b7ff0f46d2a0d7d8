# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests with credentials, JSON both ways and further tries, over one connection."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any, Callable

from .._host.http import CertificateExpired, Connection, HttpError, Response, Tls
from .certs import expired
from .errors import ApiError, api_error
from .retry import DEFAULT, Clock, Retry, worthwhile


def _draw() -> float:
    import random  # 10 ms that only a failing run pays

    return random.random()


class Transport:
    """One server and one identity. Raises ApiError, HttpError or CertificateExpired."""

    def __init__(
        self,
        connection: Connection,
        *,
        tls: Tls | None = None,
        token: str = "",
        retry: Retry = DEFAULT,
        clock: Clock = time,
        draw: Callable[[], float] = _draw,
    ) -> None:
        self.connection = connection
        self.clock = clock
        self._cert = tls.cert if tls else b""
        self._token = token
        self._retry = retry
        self._draw = draw

    def call(
        self,
        method: str,
        path: str,
        *,
        body: object | None = None,
        content_type: str = "application/json",
        repeatable: bool | None = None,
        conflicts: bool = False,
        retry: Retry | None = None,
        timeout: float | None = None,
        accept: str = "",
    ) -> Response:
        """Send until it succeeds or is not worth another try.

        `repeatable` (by default: not a POST) and `conflicts` are those of `worthwhile`; `timeout`
        bounds one try in seconds. Returns answers with a status below 400.
        """
        policy = retry or self._retry
        again = method != "POST" if repeatable is None else repeatable
        data = None if body is None else json.dumps(body).encode()
        headers = self._headers(content_type if data is not None else "", accept)
        end = self.clock.monotonic() + policy.budget
        attempt = 1
        while True:
            try:
                return self._once(method, path, headers, data, timeout)
            except (ApiError, HttpError) as exc:
                if attempt >= policy.attempts or not worthwhile(
                    exc, repeatable=again, conflicts=conflicts
                ):
                    raise
                after = (exc.after or 0.0) if isinstance(exc, ApiError) else 0.0
                pause = policy.pause(attempt, after, self._draw())
                if self.clock.monotonic() + pause > end:
                    raise
            self.clock.sleep(pause)
            attempt += 1

    def lines(self, path: str, *, timeout: float) -> Iterator[bytes]:
        """The lines of an answer that goes on for up to `timeout` seconds of silence.

        Asked once, over a connection of its own, which ends with the iteration.
        """
        what = f"GET {self.connection.where}{path}"
        rest = b""
        with self.connection.again() as connection:
            try:
                head, blocks = connection.stream(path, headers=self._headers(""), timeout=timeout)
                if head.status >= 400:
                    raise api_error(Response(head.status, head.fields, b"".join(blocks)), what)
                for block in blocks:
                    *whole, rest = (rest + block).split(b"\n")
                    yield from whole
            except (ApiError, HttpError) as exc:
                raise self._diagnosed(exc) from exc
        if rest:
            yield rest

    def _headers(self, content_type: str, accept: str = "") -> dict[str, str]:
        headers = {"Accept": accept or "application/json", "User-Agent": "lightk8s.edge"}
        if content_type:
            headers["Content-Type"] = content_type
        if self._token:
            headers["Authorization"] = "Bearer " + self._token
        return headers

    def _once(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        data: bytes | None,
        timeout: float | None,
    ) -> Response:
        try:
            response = self.connection.request(
                method, path, headers=headers, body=data, timeout=timeout
            )
            if response.status >= 400:
                raise api_error(response, f"{method} {self.connection.where}{path}")
        except (ApiError, HttpError) as exc:
            raise self._diagnosed(exc) from exc
        return response

    def _diagnosed(self, exc: ApiError | HttpError) -> ApiError | HttpError:
        """Name an expired client certificate: the API answers 401, others just hang up."""
        suspect = (
            exc.status == 401
            if isinstance(exc, ApiError)
            else exc.reason in ("reset", "client_certificate_refused")
        )
        if suspect and self._cert and expired(self._cert, self.clock.time()):
            text = f"{self.connection.where} refused the client certificate: it has expired"
            return CertificateExpired(text, side="client", sent=True)
        return exc


def decoded(response: Response, what: str) -> dict[str, Any]:
    """The JSON object of a success."""
    try:
        payload = json.loads(response.body)
    except ValueError as exc:
        raise HttpError(f"{what}: the answer is not JSON", reason="protocol", sent=True) from exc
    if not isinstance(payload, dict):
        raise HttpError(f"{what}: the answer is not an object", reason="protocol", sent=True)
    return payload
