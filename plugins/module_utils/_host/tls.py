# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Trust and identity for TLS, without leaving keys on a disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from .._core.errors import EdgeError
from .._core.records import dataclass, field
from .http_errors import HttpError

if TYPE_CHECKING:
    import ssl


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
