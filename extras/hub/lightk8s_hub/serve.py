# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hub as a server: its settings, and TLS with client certificates."""

from __future__ import annotations

import asyncio
import ssl
import tomllib
import typing as t
from dataclasses import dataclass, fields
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from . import access
from .app import Hub
from .artifacts import Shelf
from .retention import Keep
from .tables import opened

Receive = t.Callable[[], t.Awaitable[t.Any]]
Send = t.Callable[[t.Any], t.Awaitable[None]]


@dataclass(frozen=True)
class Settings:
    """The file of settings (TOML). The database's URL may hold a password: the file is 0600."""

    database: str
    host: str = "127.0.0.1"
    port: int = 8443
    certificate: str = ""
    key: str = ""
    client_ca: str = (
        ""  # sites may show a certificate of this authority; its common name is the site
    )
    tokens: str = ""  # file of digests of tokens (JSON)
    spread: float = 0.0
    keep_days: int = 90  # 0 for ever
    keep_audit_days: int = 0
    artifacts: str = ""  # folder of what documents name; instances share it
    keep_artifacts_days: int = 180

    @classmethod
    def read(cls, path: str) -> Settings:
        """Raises ValueError, which names what is wrong."""
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        unknown = content.keys() - {field.name for field in fields(cls)}
        if unknown or "database" not in content:
            what = f"unknown: {', '.join(sorted(unknown))}" if unknown else "database is missing"
            raise ValueError(f"{path}: {what}")
        return cls(**content)


class CertificateProtocol(H11Protocol):
    """HTTP that hands the application the name in the client's verified certificate."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(t.cast(asyncio.Transport, transport))
        secured = transport.get_extra_info("ssl_object")
        name = common_name(secured.getpeercert() or {}) if secured else ""
        inner: t.Any = self.app

        async def app(scope: t.Any, receive: Receive, send: Send) -> None:
            await inner({**scope, "client_certificate": name}, receive, send)

        self.app = app


def common_name(certificate: t.Mapping[str, t.Any]) -> str:
    """The common name of a certificate as the ssl module shows it; '' where there is not exactly one."""
    names = [
        value
        for group in certificate.get("subject", ())
        for key, value in group
        if key == "commonName"
    ]
    return names[0] if len(names) == 1 else ""


def server(settings: Settings) -> uvicorn.Server:
    """The server, not yet started."""
    keep = Keep(settings.keep_days, settings.keep_audit_days, settings.keep_artifacts_days)
    engine = opened(settings.database)
    if settings.tokens:
        access.declare(engine, Path(settings.tokens).read_text(encoding="utf-8"))
    hub = Hub(engine, spread=settings.spread, keep=keep, shelf=Shelf(settings.artifacts))
    config = uvicorn.Config(
        hub.app(),
        host=settings.host,
        port=settings.port,
        http=CertificateProtocol,
        lifespan="on",
        ws="none",
        log_level="warning",
        ssl_certfile=settings.certificate or None,
        ssl_keyfile=settings.key or None,
        ssl_ca_certs=settings.client_ca or None,
        ssl_cert_reqs=ssl.CERT_OPTIONAL if settings.client_ca else ssl.CERT_NONE,
    )
    return uvicorn.Server(config)
