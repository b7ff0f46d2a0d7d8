# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading from web servers with Ansible's own client: proxies, netrc, CA certificates as there."""

from __future__ import annotations

import http.client
import re
import ssl
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ansible.module_utils.urls import open_url

from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.transport import (
    CHUNK,
    PastEnd,
    SourceError,
    Stream,
    words,
)

_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})


@contextmanager
def open_http(url: str, offset: int, timeout: float) -> Iterator[Stream]:
    """For `transport.open_at` alone; `timeout` in seconds bounds each wait. Raises SourceError."""
    with _request(url, offset, timeout) as response:
        start, total = _extent(response, offset)
        page = response.headers.get_content_type() == "text/html"

        def read() -> bytes:
            try:
                return bytes(response.read1(CHUNK))
            except (OSError, http.client.HTTPException) as error:
                raise SourceError(f"broke off: {words(error)}", again=True) from None

        yield Stream(start, total, page, read)


def _request(url: str, offset: int, timeout: float) -> Any:
    opener: Callable[..., Any] = open_url
    headers = {"Accept-Encoding": "identity"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
    try:
        # A release page redirects to another host, which must not see the mirror's password.
        return opener(
            url,
            headers=headers,
            timeout=timeout,
            http_agent="lightk8s.edge",
            unredirected_headers=["Authorization"],
            decompress=False,
        )
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and offset:
            raise PastEnd from None
        again = error.code in _WORTH_ANOTHER_TRY
        raise SourceError(f"HTTP {error.code} {error.reason}", again=again) from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        again = not isinstance(reason, ssl.SSLCertVerificationError)
        raise SourceError(words(reason), again=again) from None
    except ValueError as error:
        raise SourceError(str(error), again=False) from None


def _extent(response: Any, offset: int) -> tuple[int, int | None]:
    if response.status == 206:
        match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if match is None or int(match[1]) != offset:
            raise SourceError("answers with another range than was asked for", again=False)
        return offset, None if match[2] == "*" else int(match[2])
    if response.status != 200:
        raise SourceError(f"HTTP {response.status}", again=False)
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isdigit() else None
