# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of requests within bounds of size and of time: a link may be thin, and a caller may mean no good."""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from starlette.requests import ClientDisconnect, Request

from .ingest import Wrong

MOST_BODY = 8 << 20
MOST_DISCARDED = 256 << 20


class Patience(t.NamedTuple):
    """Seconds: for the head of a request, between two pieces of a body, for a body that is held in memory.

    `stop`: for what is under way when the hub is to end.
    """

    head: float = 60.0
    piece: float = 60.0
    whole: float = 900.0
    stop: int = 20


PATIENT = Patience()


async def blocks(request: Request, patience: Patience) -> AsyncGenerator[bytes, None]:
    """The pieces of a body as they come. Raises Wrong(408) where none comes for so long."""
    async with aclosing(request.stream()) as stream:
        while True:
            try:
                async with asyncio.timeout(patience.piece):
                    block = await anext(stream, None)
            except TimeoutError as exc:
                raise Wrong("the body does not go on", 408) from exc
            if block is None:
                return
            yield block


async def whole(request: Request, patience: Patience) -> bytes:
    """A body in memory. Raises Wrong: 413 for one that is too large, 408 for one that takes too long."""
    if int(request.headers.get("content-length", "0")) > MOST_BODY:
        raise Wrong("the body is too large", 413)
    found = bytearray()
    try:
        async with asyncio.timeout(patience.whole), aclosing(blocks(request, patience)) as pieces:
            async for block in pieces:
                found += block
                if len(found) > MOST_BODY:
                    raise Wrong("the body is too large", 413)
    except TimeoutError as exc:
        raise Wrong("the body takes too long", 408) from exc
    return bytes(found)


async def discard(request: Request, patience: Patience) -> None:
    """Read what a caller that is refused still sends: many clients hear nothing before they have sent all.

    To them an answer with the end of the connection would be a broken link, and they would come again.
    """
    if "expect" in request.headers:  # such a client waits before it sends
        return
    came = 0
    with suppress(Wrong, ClientDisconnect, TimeoutError, RuntimeError):  # the last: all was read
        async with asyncio.timeout(patience.head), aclosing(blocks(request, patience)) as pieces:
            async for block in pieces:
                came += len(block)
                if came > MOST_DISCARDED:
                    return
