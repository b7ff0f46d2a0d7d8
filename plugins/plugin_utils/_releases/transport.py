# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One way to read from a web server or a folder, from any offset, with bounded patience."""

from __future__ import annotations

import http.client
import os
import random
import re
import ssl
import stat
import time
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

_CHUNK = 1 << 18
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})


class SourceError(Exception):
    """One mirror could not deliver. `again`: the same request may succeed later."""

    def __init__(self, reason: str, *, again: bool) -> None:
        super().__init__(reason)
        self.again = again


class PastEnd(SourceError):
    """The offset asked for lies behind the end of the file."""

    def __init__(self) -> None:
        super().__init__("has fewer bytes than were fetched already", again=True)


@dataclass(frozen=True)
class Patience:
    """How long a mirror may keep us waiting. Times in seconds.

    `timeout` bounds connecting and each single wait for bytes; `floor_bytes` must arrive in every
    `floor_window`; `attempts` is the number of tries in a row that bring nothing new.
    """

    timeout: float = 15.0
    attempts: int = 4
    backoff: float = 0.5
    floor_window: float = 60.0
    floor_bytes: int = 4096

    def pause(self, failures: int) -> None:
        """Wait before the next try; random, so that many forks do not knock at the same time."""
        time.sleep(self.backoff * 2 ** (failures - 1) * random.uniform(0.5, 1.5))


@dataclass(frozen=True)
class Stream:
    """An open file: the offset of its first byte, the size of the whole if known."""

    start: int
    total: int | None
    page: bool
    read: Callable[[], bytes]


@contextmanager
def open_at(url: str, offset: int, patience: Patience) -> Iterator[Stream]:
    """Open `url` for reading from `offset`; the stream starts at 0 where ranges are ignored.

    Raises SourceError, also while reading.
    """
    opener = _open_file if url.startswith("file:") else _open_http
    with opener(url, offset, patience) as stream:
        yield stream


def chunks(stream: Stream, patience: Patience) -> Iterator[bytes]:
    """The bytes of a stream until its end; SourceError when it all but stands still."""
    since, received = time.monotonic(), 0
    while True:
        chunk = stream.read()
        if not chunk:
            return
        yield chunk
        received += len(chunk)
        if time.monotonic() - since > patience.floor_window:
            if received < patience.floor_bytes:
                raise SourceError(
                    f"sent {received} bytes in {patience.floor_window:g} s", again=True
                )
            since, received = time.monotonic(), 0


def read_text(url: str, patience: Patience, *, limit: int) -> str:
    """A small document, tried several times. Raises SourceError."""
    failures = 0
    while True:
        try:
            return _read_once(url, patience, limit)
        except SourceError as error:
            failures += 1
            if not error.again or failures >= patience.attempts:
                raise
            patience.pause(failures)


def _read_once(url: str, patience: Patience, limit: int) -> str:
    text = b""
    with open_at(url, 0, patience) as stream:
        for chunk in chunks(stream, patience):
            text += chunk
            if len(text) > limit:
                raise SourceError(f"is larger than {limit} bytes", again=False)
        if stream.total is not None and len(text) != stream.total:
            raise SourceError(f"cut after {len(text)} of {stream.total} bytes", again=True)
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        raise SourceError("is not text", again=False) from None


@contextmanager
def _open_file(url: str, offset: int, patience: Patience) -> Iterator[Stream]:
    path = unquote(urlsplit(url).path)
    with ExitStack() as stack:
        try:
            # Opening first and asking later would wait for ever on a named pipe.
            if not stat.S_ISREG(os.stat(path).st_mode):
                raise SourceError("is not a file", again=False)
            handle = stack.enter_context(open(path, "rb"))
        except OSError as error:
            raise SourceError(_words(error), again=False) from None
        size = os.fstat(handle.fileno()).st_size
        if offset > size:
            raise PastEnd
        handle.seek(offset)

        def read() -> bytes:
            try:
                return handle.read(_CHUNK)
            except OSError as error:
                raise SourceError(f"broke off: {_words(error)}", again=True) from None

        yield Stream(offset, size, False, read)


@contextmanager
def _open_http(url: str, offset: int, patience: Patience) -> Iterator[Stream]:
    with _request(url, offset, patience) as response:
        start, total = _extent(response, offset)
        page = response.headers.get_content_type() == "text/html"

        def read() -> bytes:
            try:
                return bytes(response.read1(_CHUNK))
            except (OSError, http.client.HTTPException) as error:
                raise SourceError(f"broke off: {_words(error)}", again=True) from None

        yield Stream(start, total, page, read)


def _request(url: str, offset: int, patience: Patience) -> Any:
    # Costs a tenth of a second, which a run that finds everything in the cache need not pay.
    from ansible.module_utils.urls import open_url

    opener: Callable[..., Any] = open_url
    headers = {"Accept-Encoding": "identity"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
    try:
        # A release page redirects to another host, which must not see the mirror's password.
        return opener(
            url,
            headers=headers,
            timeout=patience.timeout,
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
        raise SourceError(_words(reason), again=again) from None
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


def _words(error: object) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror and not isinstance(error, ssl.SSLError):
        return error.strerror
    return str(error) or type(error).__name__
