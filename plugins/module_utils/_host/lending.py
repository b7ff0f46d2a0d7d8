# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lends files of this machine to its neighbours: a process that answers over HTTP as long as anybody asks.

Who knows the token asks by digest: `GET /<token>/<sha256>`, with ranges; `POST` of the same path has a file that
came meanwhile lent, too. Files are held open, so that they can be given after their names have gone, and nothing
is left of a process that died. Takers check what they get by its digest.
"""

from __future__ import annotations

import hmac
import http.server
import os
import re
import signal
import socket
import socketserver
import time
import typing as t
from contextlib import suppress

_STEP = 1 << 16
_BREATH = 1.0  # seconds after which it looks whether it is time to go
_NAME = r"[0-9a-f]{64}\Z"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60.0  # seconds of a silent client

    def do_GET(self) -> None:
        server = t.cast("Lender", self.server)
        handle = server.held.get(self._asked())
        if handle is None:
            self._answer(404, 0)
            return
        size = os.fstat(handle).st_size
        begin = _begin(self.headers.get("Range"))
        if begin and begin >= size:
            self._answer(416, 0)
            return
        self._answer(206 if begin else 200, size - begin)
        while begin < size:
            data = os.pread(handle, _STEP, begin)
            if not data:
                break
            self.wfile.write(data)
            begin += len(data)
            server.touch()

    def do_POST(self) -> None:
        server = t.cast("Lender", self.server)
        name = self._asked()
        self._answer(200 if name and server.hold(name) else 404, 0)

    def _asked(self) -> str:
        """The digest in a path that begins with the token; empty for any other."""
        server = t.cast("Lender", self.server)
        dummy, _slash, rest = self.path.partition("/")
        token, _slash, name = rest.partition("/")
        known = hmac.compare_digest(token.encode("utf-8", "replace"), server.token.encode())
        if known and re.match(_NAME, name):
            server.touch()
            return name
        return ""

    def _answer(self, status: int, size: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(size))
        self.end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nobody reads it."""


class Lender(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """One server, on one address of this machine. OSError where that is not an address of it."""

    daemon_threads = True
    allow_reuse_address = True
    timeout = _BREATH

    def __init__(self, address: str, token: str, folder: str) -> None:
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.token = token
        self.held: dict[str, int] = {}
        self._folder = folder
        self._asked = time.monotonic()
        super().__init__((address, 0), _Handler)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def hold(self, name: str) -> bool:
        """Lend a file from now on; whether there is one."""
        if name not in self.held:
            with suppress(OSError):
                self.held[name] = os.open(f"{self._folder}/{name}", os.O_RDONLY | os.O_NOFOLLOW)
        return name in self.held

    def touch(self) -> None:
        """Somebody is interested."""
        self._asked = time.monotonic()

    def handle_error(self, request: t.Any, client_address: t.Any) -> None:
        """A neighbour has hung up."""

    def serve(self, idle: float) -> None:
        """Answer until nobody has asked for `idle` seconds, or all of ours is taken off this machine."""
        ours = os.path.dirname(self._folder)
        while time.monotonic() - self._asked < idle and os.path.isdir(ours):
            self.handle_request()


def lend(address: str, token: str, folder: str, names: t.Iterable[str], idle: float) -> int:
    """Leave a process behind that lends those files of the folder; its port. OSError."""
    with Lender(address, token, folder) as server:
        for name in names:
            server.hold(name)
        first = os.fork()
        if first == 0:
            try:
                os.setsid()
                if os.fork() == 0:
                    _let_go({server.fileno(), *server.held.values()})
                    server.serve(idle)
            finally:
                os._exit(0)
        os.waitpid(first, 0)
        for handle in server.held.values():
            os.close(handle)
        return server.port


def _let_go(kept: t.Container[int]) -> None:
    """Be nobody's child: who waits for the end of our output must not wait for this process."""
    signal.alarm(0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    for number in map(int, os.listdir("/proc/self/fd")):
        if number > 2 and number not in kept:
            with suppress(OSError):
                os.close(number)


def _begin(text: str | None) -> int:
    """The first byte that a header Range asks for; 0 where it asks for none, or in another form."""
    found = re.match(r"bytes=([0-9]{1,15})-\Z", text or "")
    return int(found[1]) if found else 0
