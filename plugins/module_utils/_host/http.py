# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP and HTTPS over one kept connection: the only place with sockets.

http.client and ssl are imported inside functions: they cost 20 to 40 ms, and most runs need no API.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from .._core.errors import EdgeError
from .http_errors import CertificateExpired, HttpError, explain
from .tls import Tls, ssl_context

if TYPE_CHECKING:
    import http.client
    import socket
    import ssl

__all__ = ["CertificateExpired", "Connection", "HttpError", "Response", "Tls", "ssl_context"]

_BLOCK = 65536
_LISTEN = 1.0  # seconds in which a server that refuses a client has said so


class Response(NamedTuple):
    """A whole answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connection:
    """Requests to one server, one after the other, over one connection that is kept open.

    Timeouts are seconds: `connect_timeout` for TCP and for TLS, `read_timeout` for each silence
    of the server. Raises HttpError; answers of any status are returned.
    """

    def __init__(
        self,
        url: str,
        *,
        tls: Tls | None = None,
        connect_timeout: float = 5.0,
        read_timeout: float = 30.0,
        max_bytes: int = 32 << 20,
    ) -> None:
        from urllib.parse import urlsplit

        try:
            parts = urlsplit(url)
            self.port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError as exc:
            raise EdgeError(f"{url} is not a URL: {exc}", kind="spec") from exc
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise EdgeError(f"{url} is not an http or https URL", kind="spec")
        self.host = parts.hostname
        self.prefix = parts.path.rstrip("/")
        self.where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self._tls = (tls or Tls()) if parts.scheme == "https" else None
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._max_bytes = max_bytes
        self._context: ssl.SSLContext | None = None
        self._conn: http.client.HTTPConnection | None = None

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; the next request opens a new one."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
    ) -> Response:
        """Send one request and read the whole answer, for `timeout` seconds in all if given."""
        import http.client

        until = None if timeout is None else time.monotonic() + timeout
        conn, fresh = self._connected()
        done = False
        try:
            limit = self._read_timeout if timeout is None else min(timeout, self._read_timeout)
            conn.sock.settimeout(limit)
            self._send(conn, method, self.prefix + path, dict(headers or {}), body)
            answer = conn.getresponse()
            content = self._content(answer, until)
            done = True
        except (OSError, http.client.HTTPException) as exc:
            fault = explain(exc, self.where, sent=True)
            raise (self._refusal(fault) if fresh else fault) from exc
        finally:
            if not done:
                self.close()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Response(answer.status, names, content)

    def _send(
        self,
        conn: http.client.HTTPConnection,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes | None,
    ) -> None:
        try:
            conn.request(method, path, body=body, headers=headers)
        except (BrokenPipeError, ConnectionResetError):
            # A server that refuses (a TLS 1.3 alert, an early error) has often said why already.
            if conn.sock is None:
                raise

    def _content(self, answer: http.client.HTTPResponse, until: float | None) -> bytes:
        blocks: list[bytes] = []
        size = 0
        while True:
            block = answer.read(_BLOCK)
            if not block:
                break
            blocks.append(block)
            size += len(block)
            if size > self._max_bytes:
                text = f"{self.where} sent more than {self._max_bytes} bytes"
                raise HttpError(text, reason="too_large", sent=True)
            if until is not None and time.monotonic() > until:
                raise TimeoutError("the answer took too long")
        if answer.length:
            raise ConnectionResetError("the answer is incomplete")
        return b"".join(blocks)

    def _refusal(self, fault: HttpError) -> HttpError:
        """The server's reason for a hang-up on our first request, or `fault`.

        A TLS 1.3 server judges the client's certificate after the client's handshake, and its
        alert is lost when the request crosses it. So connect once more, and only listen.
        """
        if fault.reason != "reset" or self._tls is None:
            return fault
        try:
            with self._socket() as sock:
                sock.settimeout(_LISTEN)
                sock.recv(1)
        except OSError as exc:
            alert = explain(exc, self.where, sent=True)
            return alert if "certificate" in alert.reason else fault
        except HttpError:
            pass
        return fault

    def _connected(self) -> tuple[http.client.HTTPConnection, bool]:
        """The connection, and whether it is a new one."""
        import http.client

        if self._conn is not None and (self._conn.sock is None or _is_stale(self._conn.sock)):
            self.close()
        if self._conn is not None:
            return self._conn, False
        conn = http.client.HTTPConnection(self.host, self.port)
        conn.auto_open = 0  # it would reconnect without TLS
        conn.sock = self._socket()
        self._conn = conn
        return conn, True

    def _socket(self) -> socket.socket:
        import socket

        if self._tls is not None and self._context is None:
            self._context = ssl_context(self._tls)
        raw: socket.socket | None = None
        try:
            raw = socket.create_connection((self.host, self.port), self._connect_timeout)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is None or self._context is None:
                return raw
            name = self._tls.server_name or self.host
            return self._context.wrap_socket(raw, server_hostname=name)
        except (OSError, ValueError) as exc:
            if raw is not None:
                raw.close()
            raise explain(exc, self.where, sent=False) from exc


def _is_stale(sock: socket.socket) -> bool:
    """Bytes or an end of file before we asked anything: the server has left this connection."""
    import select

    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))
