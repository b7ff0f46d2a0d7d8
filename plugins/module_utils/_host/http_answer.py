# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One HTTP/1.1 answer, read from a stream: RFC 9112, sections 4 to 7.

http.client would do the same and loads the whole of `email` for it: 9 ms, an eighth of all that a
look at a node takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from io import BufferedReader
from typing import NamedTuple

_STATUS = rb"(?s)HTTP/1\.([01]) ([1-9][0-9]{2})(?: .*)?\r?\n"
_FIELD = rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*\r?\n"
_SIZE = rb"(?s)([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?\r?\n"
_LINE = 65536
_FIELDS = 200
_BLOCK = 65536


class NotHttp(Exception):
    """What the server sent is no HTTP answer."""


class Head(NamedTuple):
    """Status line and fields; names are lower case, fields of one name are joined by commas."""

    status: int
    fields: Mapping[str, str]
    lasting: bool  # the server keeps the connection after this answer


def read_head(stream: BufferedReader) -> Head:
    """The head of the final answer; interim ones (1xx) are passed over. NotHttp, ConnectionResetError."""
    while True:
        found = re.fullmatch(_STATUS, _line(stream, b"HTTP/1."))
        if found is None:
            raise NotHttp("its answer has no status")
        status, fields = int(found.group(2)), _fields(stream)
        if status >= 200:
            break
    words = {word.strip() for word in fields.get("connection", "").lower().split(",")}
    lasting = "close" not in words and (found.group(1) == b"1" or "keep-alive" in words)
    return Head(status, fields, lasting and _length(fields) is not None)


def read_body(stream: BufferedReader, head: Head) -> Iterator[bytes]:
    """The content in blocks. ConnectionResetError where it is cut off, NotHttp where it is garbled."""
    if head.status in (204, 304):
        return
    if _chunked(head.fields):
        while True:
            found = re.fullmatch(_SIZE, _line(stream))
            if found is None:
                raise NotHttp("a chunk has no size")
            size = int(found.group(1), 16)
            if not size:
                _fields(stream)
                return
            yield from _exactly(stream, size)
            if _line(stream).strip():
                raise NotHttp("a chunk is longer than its size")
    length = _length(head.fields)
    if length is not None:
        yield from _exactly(stream, length)
        return
    while True:
        block = stream.read1(_BLOCK)
        if not block:
            return
        yield block


def _chunked(fields: Mapping[str, str]) -> bool:
    return fields.get("transfer-encoding", "").lower().rpartition(",")[2].strip() == "chunked"


def _length(fields: Mapping[str, str]) -> int | None:
    """Bytes of the content where they are known or marked; None means until the end of file."""
    if _chunked(fields):
        return 0
    text = fields.get("content-length")
    if text is None:
        return None
    if not text.isdecimal():
        raise NotHttp(f"its content is {text!r} bytes long")
    return int(text)


def _fields(stream: BufferedReader) -> dict[str, str]:
    fields: dict[str, str] = {}
    for dummy in range(_FIELDS):
        line = _line(stream)
        if line in (b"\r\n", b"\n"):
            return fields
        found = re.fullmatch(_FIELD, line)
        if found is None:
            raise NotHttp(f"{line[:40]!r} is no field")
        name, value = (part.decode("latin-1") for part in found.groups())
        before = fields.get(name.lower())
        fields[name.lower()] = value if before is None else f"{before}, {value}"
    raise NotHttp(f"it sent more than {_FIELDS} fields")


def _line(stream: BufferedReader, begin: bytes = b"") -> bytes:
    line = stream.readline(_LINE)
    if line and not line.startswith(begin[: len(line)]):
        raise NotHttp(f"its answer begins with {line[:40]!r}")
    if not line.endswith(b"\n"):
        if len(line) == _LINE:
            raise NotHttp("a line does not end")
        raise ConnectionResetError("the answer is cut off")
    return line


def _exactly(stream: BufferedReader, size: int) -> Iterator[bytes]:
    while size:
        block = stream.read1(min(size, _BLOCK))
        if not block:
            raise ConnectionResetError("the answer is cut off")
        size -= len(block)
        yield block
