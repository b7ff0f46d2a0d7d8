# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One way to read from a web server or a folder, from any offset, with bounded patience."""

from __future__ import annotations

import os
import random
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

CHUNK = 1 << 18


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
    if url.startswith("file:"):
        with _open_file(url, offset) as stream:
            yield stream
        return
    # Costs a tenth of a second, which a run that finds everything in the cache need not pay.
    from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.web import open_http

    with open_http(url, offset, patience.timeout) as stream:
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
def _open_file(url: str, offset: int) -> Iterator[Stream]:
    path = unquote(urlsplit(url).path)
    with ExitStack() as stack:
        try:
            # Opening first and asking later would wait for ever on a named pipe.
            if not stat.S_ISREG(os.stat(path).st_mode):
                raise SourceError("is not a file", again=False)
            handle = stack.enter_context(open(path, "rb"))
        except OSError as error:
            raise SourceError(words(error), again=False) from None
        size = os.fstat(handle.fileno()).st_size
        if offset > size:
            raise PastEnd
        handle.seek(offset)

        def read() -> bytes:
            try:
                return handle.read(CHUNK)
            except OSError as error:
                raise SourceError(f"broke off: {words(error)}", again=True) from None

        yield Stream(offset, size, False, read)


def words(error: object) -> str:
    """What a person needs of an exception."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
