# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A TCP or TLS server on loopback that answers each request with given bytes."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from .authority import Pair


class Server:
    """Plays `answers` in order, one for each request; an empty one ends the connection.

    A `greedy` one answers the first bytes, whatever they are.
    """

    def __init__(
        self, answers: Sequence[bytes], context: ssl.SSLContext | None, greedy: bool
    ) -> None:
        self._greedy = greedy
        self._answers = list(answers)
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        self.requests: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}"

    def _serve(self) -> None:
        while True:
            try:
                raw, dummy = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with contextlib.suppress(OSError):
                self._talk(self._context.wrap_socket(raw, True) if self._context else raw)
            raw.close()

    def _talk(self, sock: socket.socket) -> None:
        with sock:
            while self._answers:
                request = b""
                while b"\r\n\r\n" not in request and not (request and self._greedy):
                    block = sock.recv(65536)
                    if not block:
                        return
                    request += block
                self.requests.append(request)
                answer = self._answers.pop(0)
                sock.sendall(answer)
                if not answer or b"close" in answer:
                    return
            # Silent, until the client has had enough.
            sock.recv(1)

    def close(self) -> None:
        self._listener.close()


@contextlib.contextmanager
def serving(
    *answers: bytes, context: ssl.SSLContext | None = None, greedy: bool = False
) -> Iterator[Server]:
    server = Server(answers, context, greedy)
    try:
        yield server
    finally:
        server.close()


def server_context(folder: Path, pair: Pair, client_ca: bytes = b"") -> ssl.SSLContext:
    """TLS with the certificate `pair`; with `client_ca` clients must show one of its own."""
    path = folder / "server.pem"
    path.write_bytes(pair.cert + pair.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    if client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=client_ca.decode())
    return context


def answer(body: bytes = b"{}", status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body
