# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP and HTTPS over one kept connection: the only place with sockets.

socket and ssl are imported inside functions: runs that need no API do not pay for them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from io import BufferedReader
from typing import TYPE_CHECKING, Any, NamedTuple

from .._core.errors import EdgeError
from .http_answer import Head, NotHttp, read_body, read_head
from .http_errors import CertificateExpired, HttpError, explain
from .tls import Tls, ssl_context

if TYPE_CHECKING:
    import socket
    import ssl

__all__ = ["CertificateExpired", "Connection", "HttpError", "Response", "Tls", "ssl_context"]

_LISTEN = 1.0  # seconds in which a server that refuses a client has said so


class Response(NamedTuple):
    """A whole answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connection:
    """Requests to one server, one after the other, over one connection that is kept open.

    A URL such as unix:///run/x.socket names a socket on this machine.

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
        proxy: str = "",
    ) -> None:
        from urllib.parse import urlsplit

        try:
            parts = urlsplit(url)
            self.port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError as exc:
            raise EdgeError(f"{url} is not a URL: {exc}", kind="spec") from exc
        self._file = parts.path if parts.scheme == "unix" else ""
        if not self._file and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise EdgeError(f"{url} is not an http or https URL", kind="spec")
        self.host = parts.hostname or "localhost"
        self.prefix = "" if self._file else parts.path.rstrip("/")
        self.where = f"{parts.scheme}://{self._file or parts.netloc.rpartition('@')[2]}"
        self._tls = (tls or Tls()) if parts.scheme == "https" else None
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._max_bytes = max_bytes
        self._proxy = proxy
        self._url = url
        self._context: ssl.SSLContext | None = None
        self._open: tuple[socket.socket, BufferedReader] | None = None

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; the next request opens a new one."""
        if self._open is not None:
            for part in reversed(self._open):
                part.close()
            self._open = None

    def open(self) -> None:
        """Connect now, for the next request; HttpError where that fails."""
        self._connected()

    def again(self) -> Connection:
        """Another connection to the same server, by the same way."""
        return Connection(
            self._url,
            tls=self._tls,
            connect_timeout=self._connect_timeout,
            read_timeout=self._read_timeout,
            max_bytes=self._max_bytes,
            proxy=self._proxy,
        )

    def stream(
        self, path: str, *, headers: Mapping[str, str], timeout: float
    ) -> tuple[Head, Iterator[bytes]]:
        """GET, with the content as it comes; `timeout` bounds each silence in seconds.

        Until that has ended this connection is of no other use; then it is closed.
        """
        (sock, stream), dummy = self._connected()
        try:
            sock.settimeout(timeout)
            self._send(sock, "GET", self.prefix + path, headers, None)
            head = read_head(stream)
        except (OSError, NotHttp) as exc:
            self.close()
            raise explain(exc, self.where, sent=True) from exc
        return head, self._blocks(stream, head)

    def _blocks(self, stream: BufferedReader, head: Head) -> Iterator[bytes]:
        try:
            yield from read_body(stream, head)
        except (OSError, NotHttp) as exc:
            raise explain(exc, self.where, sent=True) from exc
        finally:
            self.close()

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
        until = None if timeout is None else time.monotonic() + timeout
        (sock, stream), fresh = self._connected()
        keep = False
        try:
            sock.settimeout(
                self._read_timeout if timeout is None else min(timeout, self._read_timeout)
            )
            self._send(sock, method, self.prefix + path, headers or {}, body)
            head = read_head(stream)
            content = self._content(read_body(stream, head), until)
            keep = head.lasting
        except (OSError, NotHttp) as exc:
            fault = explain(exc, self.where, sent=True)
            raise (self._refusal(fault) if fresh else fault) from exc
        finally:
            if not keep:
                self.close()
        return Response(head.status, head.fields, content)

    def _send(
        self,
        sock: socket.socket,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> None:
        host = f"[{self.host}]" if ":" in self.host else self.host
        fields = {"Host": f"{host}:{self.port}", **headers}
        if body is not None or method in ("POST", "PUT", "PATCH"):
            fields["Content-Length"] = str(len(body or b""))
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {fields[name]}" for name in fields)]
        if any(ord(letter) < 32 for line in lines for letter in line):
            raise EdgeError(f"{path} cannot be asked for: it holds control characters", kind="spec")
        head = "\r\n".join((*lines, "\r\n")).encode("latin-1")
        # A server that refuses (a TLS 1.3 alert, an early error) has often said why already.
        with suppress(BrokenPipeError, ConnectionResetError):
            sock.sendall(head + (body or b""))

    def _content(self, blocks: Iterable[bytes], until: float | None) -> bytes:
        found: list[bytes] = []
        size = 0
        for block in blocks:
            found.append(block)
            size += len(block)
            if size > self._max_bytes:
                text = f"{self.where} sent more than {self._max_bytes} bytes"
                raise HttpError(text, reason="too_large", sent=True)
            if until is not None and time.monotonic() > until:
                raise TimeoutError("the answer took too long")
        return b"".join(found)

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

    def _connected(self) -> tuple[tuple[socket.socket, BufferedReader], bool]:
        """The connection with the stream of its answers, and whether it is a new one."""
        if self._open is not None and _is_stale(self._open[0]):
            self.close()
        if self._open is not None:
            return self._open, False
        sock = self._socket()
        self._open = sock, sock.makefile("rb")
        return self._open, True

    def _socket(self) -> socket.socket:
        import socket

        if self._tls is not None and self._context is None:
            self._context = ssl_context(self._tls)
        raw: socket.socket | None = None
        try:
            if self._file:
                raw = socket.socket(socket.AF_UNIX)
                raw.settimeout(self._connect_timeout)
                raw.connect(self._file)
                return raw
            raw = self._raw()
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is None or self._context is None:
                return raw
            name = self._tls.server_name or self.host
            # As bytes, like the name above.
            return self._context.wrap_socket(raw, server_hostname=name.encode("ascii"))
        except (OSError, ValueError, NotHttp) as exc:
            if raw is not None:
                raw.close()
            raise explain(exc, self.where, sent=False) from exc

    def _raw(self) -> socket.socket:
        if self._proxy:
            from .proxy import tunnel

            return tunnel(self._proxy, self.host, self.port, self._connect_timeout)
        import socket

        # The name as bytes: a str would load the codec for international ones, which Kubernetes has none of.
        where: Any = (self.host.encode("ascii"), self.port)
        return socket.create_connection(where, self._connect_timeout)


def _is_stale(sock: socket.socket) -> bool:
    """Bytes or an end of file before we asked anything: the server has left this connection.

    TLS 1.3 has a server hand out tickets as soon as it likes, which are no content.
    """
    import select

    poll = select.poll()
    poll.register(sock, select.POLLIN)
    if not poll.poll(0):
        return False
    if not hasattr(sock, "cipher"):
        return True
    from ssl import SSLWantReadError

    sock.settimeout(0)  # whoever asks next sets its own
    try:
        sock.recv(1)
    except SSLWantReadError:
        return False
    except OSError:
        pass
    return True
