# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin and broken links: a TCP proxy with rate, delay, cuts and byte counts.

A `Link` stands for the uplink of a site: everything forwarded through it shares one rate per way.
The kernel's own means (netem) are not in every kernel; a proxy needs nothing but sockets.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

Address = tuple[str, int]
Way = Literal["up", "down"]
Cut = Literal["reset", "stall"]
T = TypeVar("T")

_CHUNK = 16384
# How much a way holds that has been sent but has not arrived: what a cut loses.
_IN_FLIGHT = 32


@dataclass
class Line:
    """One way of a link. rate: bytes per second, 0 for unlimited; delay: seconds to the end."""

    rate: float = 0
    delay: float = 0
    delivered: int = 0
    cut_at: int | None = None
    free_at: float = 0

    def send(self, size: int, now: float) -> float:
        """Put `size` bytes on the line; the moment at which the last of them has left."""
        start = max(now, self.free_at)
        self.free_at = start + (size / self.rate if self.rate else 0)
        return self.free_at

    def allowed(self, size: int) -> int:
        """How many of `size` bytes still arrive before the cut."""
        return size if self.cut_at is None else max(0, min(size, self.cut_at - self.delivered))

    def chunk(self) -> int:
        """Bytes to read at once: small on a thin line, so that connections take turns."""
        return max(256, min(_CHUNK, int(self.rate / 50))) if self.rate else _CHUNK


@dataclass(eq=False)
class _Connection:
    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def reset(self) -> None:
        """End both halves with RST, as a router does that has lost its state."""
        for writer in (self.near, self.far):
            sock = writer.get_extra_info("socket")
            if sock is not None:
                with contextlib.suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


class Link:
    """A link that runs in a thread of its own; `up` is the way to the target.

    Use as a context manager, or call `close`. All methods may be called from any thread.
    """

    def __init__(self, *, rate: float = 0, delay: float = 0) -> None:
        self.up = Line(rate, delay)
        self.down = Line(rate, delay)
        self._connections: set[_Connection] = set()
        self._servers: list[asyncio.Server] = []
        self._refusing = False
        self._cut_way: Cut = "reset"
        self._loop = asyncio.new_event_loop()
        self._open = asyncio.Event()
        self._open.set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    # -- what callers do

    def forward(self, target: Address) -> Address:
        """A new address on this machine that leads through the link to `target`."""
        return self._do(self._forward(target))

    def shape(self, *, rate: float | None = None, delay: float | None = None) -> None:
        """Change rate (bytes per second, 0 for unlimited) or delay (seconds) of both ways."""

        def change() -> None:
            for line in (self.up, self.down):
                line.rate = line.rate if rate is None else rate
                line.delay = line.delay if delay is None else delay

        self._call(change)

    def cut(self, how: Cut = "reset") -> None:
        """Cut now: `reset` ends all connections and refuses new ones, `stall` lets them hang."""
        self._call(lambda: self._cut(how))

    def cut_after(self, size: int, way: Way = "up", how: Cut = "reset") -> None:
        """Cut once `size` more bytes have arrived that way: not one byte more gets through."""

        def arm() -> None:
            line = self._line(way)
            line.cut_at = line.delivered + size
            self._cut_way = how

        self._call(arm)

    def cut_in(self, seconds: float, how: Cut = "reset") -> None:
        """Cut after this time."""

        def arm() -> None:
            self._loop.call_later(seconds, self._cut, how)

        self._call(arm)

    def mend(self) -> None:
        """Let connections through again; those that were stalled go on."""

        def change() -> None:
            self._refusing = False
            self.up.cut_at = self.down.cut_at = None
            self._open.set()

        self._call(change)

    @property
    def is_cut(self) -> bool:
        return self._refusing or not self._open.is_set()

    def counts(self) -> tuple[int, int]:
        """Payload bytes delivered up and down."""
        return self.up.delivered, self.down.delivered

    def close(self) -> None:
        """End all connections and the thread; a second call does nothing."""
        if self._loop.is_closed():
            return
        self._do(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # -- inside the thread

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _call(self, work: Callable[[], None]) -> None:
        async def step() -> None:
            work()

        self._do(step())

    def _line(self, way: Way) -> Line:
        return self.up if way == "up" else self.down

    async def _forward(self, target: Address) -> Address:
        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._serve(target, reader, writer)

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        self._servers.append(server)
        host, port = server.sockets[0].getsockname()[:2]
        return str(host), int(port)

    async def _serve(
        self, target: Address, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if self._refusing:
            _Connection(writer, writer).reset()
            return
        await self._open.wait()
        try:
            far_reader, far_writer = await asyncio.open_connection(*target)
        except OSError:
            _Connection(writer, writer).reset()
            return
        connection = _Connection(writer, far_writer)
        self._connections.add(connection)
        for line, source, sink in (
            (self.up, reader, far_writer),
            (self.down, far_reader, writer),
        ):
            sink.transport.set_write_buffer_limits(high=0)
            connection.tasks += self._start_line(line, source, sink)
        try:
            await asyncio.gather(*connection.tasks)
        except (OSError, asyncio.CancelledError):
            for task in connection.tasks:
                task.cancel()
            connection.reset()
        finally:
            self._connections.discard(connection)
            writer.close()
            far_writer.close()

    def _start_line(
        self, line: Line, source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> list[asyncio.Task[None]]:
        flying: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_IN_FLIGHT)
        return [
            self._loop.create_task(self._send(line, source, flying)),
            self._loop.create_task(self._deliver(line, flying, sink)),
        ]

    async def _send(
        self, line: Line, source: asyncio.StreamReader, flying: asyncio.Queue[tuple[float, bytes]]
    ) -> None:
        data = b"-"
        while data:
            data = await source.read(line.chunk())
            left = line.send(len(data), self._loop.time())
            await asyncio.sleep(max(0.0, left - self._loop.time()))
            await flying.put((left + line.delay, data))

    async def _deliver(
        self, line: Line, flying: asyncio.Queue[tuple[float, bytes]], sink: asyncio.StreamWriter
    ) -> None:
        while True:
            due, data = await flying.get()
            await asyncio.sleep(max(0.0, due - self._loop.time()))
            await self._open.wait()
            if not data:
                with contextlib.suppress(OSError):
                    sink.write_eof()
                return
            while data:
                await self._open.wait()
                part = data[: line.allowed(len(data))]
                data = data[len(part) :]
                line.delivered += len(part)
                sink.write(part)
                await sink.drain()
                if line.cut_at is not None and line.delivered >= line.cut_at:
                    self._cut(self._cut_way)
                if self._refusing:
                    raise ConnectionResetError

    def _cut(self, how: Cut) -> None:
        self.up.cut_at = self.down.cut_at = None
        if how == "stall":
            self._open.clear()
            return
        self._refusing = True
        for connection in list(self._connections):
            for task in connection.tasks:
                task.cancel()

    async def _shut(self) -> None:
        for server in self._servers:
            server.close()
        self._cut("reset")
        self._open.set()
        current = asyncio.current_task()
        others = [t for t in asyncio.all_tasks() if t is not current]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
