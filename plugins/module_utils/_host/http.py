# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP and HTTPS over one kept connection: the only place with sockets.

http.client and ssl are imported inside functions: they cost 20 to 40 ms, and most runs need no API.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from .._core.errors import EdgeError

if TYPE_CHECKING:
    import http.client
    import socket
    import ssl

# OpenSSL's X509_V_ERR numbers for the two ends of a certificate's validity.
_NOT_YET_VALID = 9
_HAS_EXPIRED = 10
_BLOCK = 65536


class HttpError(EdgeError):
    """No usable answer came.

    `reason` is one of unreachable, refused, timeout, reset, protocol, too_large, tls,
    server_certificate_expired, server_certificate_not_yet_valid, client_certificate_expired,
    client_certificate_refused. `sent` tells whether the server may have acted on the request.
    """

    def __init__(self, message: str, *, reason: str, sent: bool = False, hint: str = "") -> None:
        kind = "certificate" if reason == "tls" or "certificate" in reason else "api"
        super().__init__(message, kind=kind, hint=hint)
        self.reason = reason
        self.sent = sent


class CertificateExpired(HttpError):
    """A certificate is past its end; `side` is server or client. The cluster is not unreachable."""

    def __init__(self, message: str, *, side: str, sent: bool = False) -> None:
        super().__init__(
            message,
            reason=side + "_certificate_expired",
            sent=sent,
            hint="renew the cluster's certificates (rotation or a restart of the servers), and"
            " check the clocks of both machines",
        )
        self.side = side


@dataclass(frozen=True)
class Tls:
    """Trust and identity as PEM bytes. Without `ca` the system's store is trusted."""

    ca: bytes = b""
    cert: bytes = b""
    key: bytes = field(default=b"", repr=False)
    server_name: str = ""

    @classmethod
    def from_files(cls, ca: str, cert: str = "", key: str = "", server_name: str = "") -> Tls:
        """Read PEM files; an empty path leaves that part out. Raises EdgeError of kind io."""
        return cls(_read(ca), _read(cert), _read(key), server_name)


class Response(NamedTuple):
    """A whole answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def _read(path: str) -> bytes:
    if not path:
        return b""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError as exc:
        raise EdgeError(f"cannot read {path}: {exc.strerror}", kind="io") from exc


@contextmanager
def _private_path(data: bytes) -> Iterator[str]:
    """A path by which OpenSSL can load `data`: memory where the kernel offers it, else 0600."""
    fd = -1
    with suppress(AttributeError, OSError):
        fd = os.memfd_create("pem")
    path = f"/proc/self/fd/{fd}"
    if fd < 0 or not os.path.exists(path):
        if fd >= 0:
            os.close(fd)
        import tempfile

        fd, path = tempfile.mkstemp(prefix=".lightk8s-")
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        yield path
    finally:
        os.close(fd)
        if not path.startswith("/proc/"):
            os.unlink(path)


def ssl_context(tls: Tls) -> ssl.SSLContext:
    """A verifying client context. Raises HttpError with reason tls for unusable PEM."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # A bundle may end in an intermediate that is trusted as it is, as Go does; Python >= 3.10.
    context.verify_flags |= getattr(ssl, "VERIFY_X509_PARTIAL_CHAIN", 0)
    try:
        if tls.ca:
            context.load_verify_locations(cadata=tls.ca.decode("utf-8", "replace"))
        else:
            context.load_default_certs()
        if tls.cert:
            with _private_path(tls.cert.rstrip() + b"\n" + tls.key) as path:
                # Without a password OpenSSL would ask on the terminal for an encrypted key's.
                context.load_cert_chain(path, password="")
    except (ssl.SSLError, ValueError) as exc:
        what = "client certificate or key" if tls.cert else "CA"
        raise HttpError(f"the {what} given is not usable: {exc}", reason="tls") from exc
    return context


def explain(exc: Exception, where: str, sent: bool) -> HttpError:
    """What went wrong, in terms that a caller can decide by."""
    import ssl

    if isinstance(exc, ssl.SSLCertVerificationError):
        return _distrust(exc, where)
    if isinstance(exc, ssl.SSLError) and not isinstance(
        exc, (ssl.SSLEOFError, ssl.SSLZeroReturnError)
    ):
        return _tls_alert(exc, where, sent)
    if isinstance(exc, TimeoutError):  # socket.timeout is another class before Python 3.10
        return HttpError(f"{where} did not answer in time", reason="timeout", sent=sent)
    if isinstance(exc, ConnectionRefusedError):
        return HttpError(f"{where} refused the connection", reason="refused", sent=sent)
    if isinstance(exc, OSError) and not isinstance(exc, (ConnectionError, ssl.SSLError)):
        detail = exc.strerror or str(exc)
        timed_out = "timed out" in str(exc)
        reason = "timeout" if timed_out else "reset" if sent else "unreachable"
        return HttpError(f"{where} is not reachable: {detail}", reason=reason, sent=sent)
    if isinstance(exc, OSError) or type(exc).__name__ == "IncompleteRead":
        return HttpError(f"{where} ended the connection", reason="reset", sent=sent)
    detail = f"{type(exc).__name__} {exc}".strip()
    return HttpError(f"{where} does not speak HTTP: {detail}", reason="protocol", sent=sent)


def _distrust(exc: ssl.SSLCertVerificationError, where: str) -> HttpError:
    if exc.verify_code == _HAS_EXPIRED:
        return CertificateExpired(f"the certificate of {where} or its CA's expired", side="server")
    if exc.verify_code == _NOT_YET_VALID:
        return HttpError(
            f"the certificate of {where} is not valid yet",
            reason="server_certificate_not_yet_valid",
            hint="check the clocks of both machines",
        )
    return HttpError(
        f"the certificate of {where} is not trusted: {exc.verify_message}",
        reason="tls",
        hint="check the CA and the names in the server's certificate (TLS SANs)",
    )


def _tls_alert(exc: ssl.SSLError, where: str, sent: bool) -> HttpError:
    # The text around an alert's name differs between OpenSSL versions; the name does not.
    alert = (exc.reason or str(exc)).upper().replace(" ", "_")
    if "CERTIFICATE_EXPIRED" in alert:
        return CertificateExpired(
            f"{where} refused the client certificate: it has expired", side="client", sent=sent
        )
    if "ALERT" in alert and ("CERTIFICATE" in alert or "UNKNOWN_CA" in alert):
        text = f"{where} refused the client certificate: {exc.reason}"
        return HttpError(text, reason="client_certificate_refused", sent=sent)
    if "WRONG_VERSION_NUMBER" in alert or "HTTP_REQUEST" in alert:
        return HttpError(f"{where} does not speak TLS", reason="protocol", sent=sent)
    return HttpError(f"TLS with {where} failed: {exc.reason or exc}", reason="tls", sent=sent)


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
        conn = self._connected()
        done = False
        try:
            limit = self._read_timeout if timeout is None else min(timeout, self._read_timeout)
            conn.sock.settimeout(limit)
            self._send(conn, method, self.prefix + path, dict(headers or {}), body)
            answer = conn.getresponse()
            content = self._content(answer, until)
            done = True
        except (OSError, http.client.HTTPException) as exc:
            raise explain(exc, self.where, sent=True) from exc
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

    def _connected(self) -> http.client.HTTPConnection:
        import http.client

        if self._conn is not None and (self._conn.sock is None or _is_stale(self._conn.sock)):
            self.close()
        if self._conn is None:
            conn = http.client.HTTPConnection(self.host, self.port)
            conn.auto_open = 0  # it would reconnect without TLS
            conn.sock = self._socket()
            self._conn = conn
        return self._conn

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
