# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A way through an HTTP proxy to a server: the CONNECT method (RFC 9110, section 9.3.6)."""

from __future__ import annotations

import socket
from base64 import b64encode
from urllib.parse import unquote, urlsplit

from .._core.errors import EdgeError
from .http_answer import read_head
from .http_errors import HttpError


def tunnel(proxy: str, host: str, port: int, timeout: float) -> socket.socket:
    """A connection to `host` that `proxy` (http://[user:password@]name:port) hands on.

    Raises EdgeError of kind spec for another kind of proxy, HttpError where it refuses, OSError.
    """
    parts = urlsplit(proxy)
    if parts.scheme != "http" or not parts.hostname:
        raise EdgeError(f"{parts.hostname or 'the proxy'} is no http proxy", kind="spec")
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {where} HTTP/1.1", f"Host: {where}"]
    if parts.username:
        words = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        lines.append(f"Proxy-Authorization: Basic {b64encode(words.encode()).decode()}")
    sock = socket.create_connection((parts.hostname, parts.port or 80), timeout)
    try:
        sock.sendall("\r\n".join((*lines, "\r\n")).encode("latin-1"))
        # The server behind it says nothing before we do, so no byte of it is read here.
        with sock.makefile("rb") as stream:
            status = read_head(stream).status
        if status != 200:
            text = f"the proxy {parts.hostname} did not connect to {where}: status {status}"
            raise HttpError(text, reason="unreachable")
    except BaseException:
        sock.close()
        raise
    return sock
