# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hub as a server: its settings, and TLS with client certificates."""

from __future__ import annotations

import asyncio
import os
import ssl
import tomllib
import typing as t
from dataclasses import dataclass, fields
from pathlib import Path

import uvicorn
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import ArgumentError
from uvicorn.protocols.http.h11_impl import H11Protocol

from . import access, bodies
from .app import Hub
from .artifacts import Shelf
from .retention import Keep
from .tables import opened

KINDS: dict[str, tuple[t.Any, ...]] = {
    "str": ("a text", str),
    "int": ("a whole number", int),
    "float": ("a number", int, float),
}
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
        try:
            content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as exc:
            raise ValueError(f"{path} is no TOML: {exc}") from exc
        unknown = content.keys() - {field.name for field in fields(cls)}
        if unknown or "database" not in content:
            what = f"unknown: {', '.join(sorted(unknown))}" if unknown else "database is missing"
            raise ValueError(f"{path}: {what}")
        for field in fields(cls):
            text, *kinds = KINDS[str(field.type)]
            if field.name in content and type(content[field.name]) not in kinds:
                raise ValueError(f"{path}: {field.name} has to be {text}")
        found = cls(**content)
        found.check(path)
        return found

    def check(self, path: str) -> None:
        """What can be known before anything is opened. Raises ValueError."""
        try:
            kind = make_url(self.database).get_backend_name()
        except ArgumentError:
            kind = ""
        if kind not in ("postgresql", "sqlite"):
            text = "has to be postgresql+psycopg://USER:PASSWORD@HOST/NAME or sqlite:////PATH"
            raise ValueError(f"{path}: database {text}")
        if not 0 <= self.port < 65536:
            raise ValueError(f"{path}: port has to be 0 to 65535")
        for name in ("spread", "keep_days", "keep_audit_days", "keep_artifacts_days"):
            if getattr(self, name) < 0:
                raise ValueError(f"{path}: {name} cannot be negative")
        for one, other in (("certificate", "key"), ("key", "certificate"), ("client_ca", "key")):
            if getattr(self, one) and not getattr(self, other):
                raise ValueError(f"{path}: {one} is given and {other} is missing")
        for name in ("certificate", "key", "client_ca", "tokens"):
            if getattr(self, name) and not os.access(getattr(self, name), os.R_OK):
                raise ValueError(f"{path}: {name} = {getattr(self, name)} cannot be read")
        if self.artifacts and not os.access(self.artifacts, os.R_OK | os.W_OK | os.X_OK):
            text = "is no folder that can be written: make it, and give it to the hub's user"
            raise ValueError(f"{path}: artifacts = {self.artifacts} {text}")


class CertificateProtocol(H11Protocol):
    """HTTP that hands the application the name in the client's verified certificate.

    A caller that does not get a request's head together is not waited for.
    """

    patience = bodies.PATIENT
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(t.cast(asyncio.Transport, transport))
        self._wait()
        secured = transport.get_extra_info("ssl_object")
        name = common_name(secured.getpeercert() or {}) if secured else ""
        inner: t.Any = self.app

        async def app(scope: t.Any, receive: Receive, send: Send) -> None:
            await inner({**scope, "client_certificate": name}, receive, send)

        self.app = app

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        cycle: t.Any = self.cycle  # None before the first request
        if cycle is None or cycle.response_complete:
            self._wait()
        else:
            self._wait_no_more()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(self.patience.head, self.transport.abort)

    def _wait_no_more(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


def common_name(certificate: t.Mapping[str, t.Any]) -> str:
    """The common name of a certificate as the ssl module shows it; '' where there is not exactly one."""
    names = [
        value
        for group in certificate.get("subject", ())
        for key, value in group
        if key == "commonName"
    ]
    return names[0] if len(names) == 1 else ""


def server(settings: Settings, patience: bodies.Patience = bodies.PATIENT) -> uvicorn.Server:
    """The server, not yet started. Raises ValueError for a file of tokens that makes no sense."""
    keep = Keep(settings.keep_days, settings.keep_audit_days, settings.keep_artifacts_days)
    engine = opened(settings.database)
    if settings.tokens:
        _declare(engine, settings.tokens)
    shelf = Shelf(settings.artifacts)
    hub = Hub(engine, spread=settings.spread, keep=keep, shelf=shelf, patience=patience)
    protocol = type("Protocol", (CertificateProtocol,), {"patience": patience})
    config = uvicorn.Config(
        hub.app(),
        host=settings.host,
        port=settings.port,
        http=protocol,
        lifespan="on",
        ws="none",
        log_level="warning",
        timeout_graceful_shutdown=patience.stop,
        ssl_certfile=settings.certificate or None,
        ssl_keyfile=settings.key or None,
        ssl_ca_certs=settings.client_ca or None,
        ssl_cert_reqs=ssl.CERT_OPTIONAL if settings.client_ca else ssl.CERT_NONE,
    )
    return uvicorn.Server(config)


def _declare(engine: Engine, path: str) -> None:
    try:
        access.declare(engine, Path(path).read_text(encoding="utf-8"))
    except ValueError as exc:
        raise ValueError(f"{path}: {exc}") from exc
