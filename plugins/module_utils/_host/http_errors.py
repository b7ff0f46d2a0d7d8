# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why no usable answer came over HTTP, in terms that a caller can decide by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._core.errors import EdgeError

if TYPE_CHECKING:
    import ssl

# OpenSSL's X509_V_ERR numbers for the two ends of a certificate's validity.
_NOT_YET_VALID = 9
_HAS_EXPIRED = 10


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
    if isinstance(exc, OSError):
        return HttpError(f"{where} ended the connection", reason="reset", sent=sent)
    return HttpError(f"{where} does not speak HTTP: {exc}", reason="protocol", sent=sent)


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
    # DECRYPT_ERROR: issued by another CA of the same name, as after a cluster was set up anew.
    refusals = ("CERTIFICATE", "UNKNOWN_CA", "DECRYPT_ERROR")
    if "ALERT" in alert and any(name in alert for name in refusals):
        text = f"{where} refused the client certificate: {exc.reason}"
        return HttpError(text, reason="client_certificate_refused", sent=sent)
    if "WRONG_VERSION_NUMBER" in alert or "HTTP_REQUEST" in alert:
        return HttpError(f"{where} does not speak TLS", reason="protocol", sent=sent)
    return HttpError(f"TLS with {where} failed: {exc.reason or exc}", reason="tls", sent=sent)
