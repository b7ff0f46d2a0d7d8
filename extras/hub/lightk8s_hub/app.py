# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hub over HTTP. Stateless beside its database: one adds instances."""

from __future__ import annotations

import asyncio
import time
import typing as t
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from sqlalchemy import Engine, text
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from . import access, artifacts, desired, figures, ingest, retention

MOST_BODY = 8 << 20
RETRY_SECONDS = 30
NO_SHELF = artifacts.Shelf("")


class Hub:
    """The routes over one database.

    `spread`: seconds over which sites shall come back, 0 for their own. `keep`: what goes when.
    `shelf`: where artifacts lie.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        spread: float = 0,
        keep: retention.Keep = retention.FOR_EVER,
        shelf: artifacts.Shelf = NO_SHELF,
        now: t.Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._keep = keep
        self._shelf = shelf
        self._spread = spread
        self._now = now
        self._registry = CollectorRegistry()
        self._registry.register(figures.Sites(engine, now))

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/v1/events", self.events, methods=["POST"]),
                Route("/v1/desired/{site}", self.desired, methods=["GET"]),
                Route("/v1/desired/{site}", self.publish, methods=["PUT"]),
                Route("/v1/artifacts/{digest}", self.artifact, methods=["GET"]),
                Route("/v1/artifacts/{digest}", self.bring, methods=["PUT"]),
                Route("/v1/sites", self.sites, methods=["GET"]),
                Route("/metrics", self.metrics, methods=["GET"]),
                Route("/healthz", self.health, methods=["GET"]),
            ],
            exception_handlers={
                ingest.Wrong: _wrong,
                OperationalError: _away,
                InterfaceError: _away,
            },
            lifespan=self._alive,
        )

    @asynccontextmanager
    async def _alive(self, _app: Starlette) -> AsyncIterator[None]:
        """While the server runs, old events go."""
        task = asyncio.create_task(retention.prune_for_ever(self._prune))
        try:
            yield
        finally:
            task.cancel()

    def _prune(self) -> None:
        retention.prune(self._engine, self._keep, self._now())
        self._shelf.prune(self._keep.artifact_days, self._now())

    async def _allowed(self, request: Request, role: str, site: str = "") -> access.Who:
        """The caller. Raises Wrong for one that may not do this: 401 unknown, 403 known."""
        word = request.headers.get("authorization", "")
        name = request.scope.get("client_certificate", "")
        who = await run_in_threadpool(access.caller, self._engine, word, name)
        if who is None:
            raise ingest.Wrong("a token or a client certificate is needed", 401)
        if not who.may(role, site):
            raise ingest.Wrong("this is not allowed to this caller", 403)
        return who

    async def events(self, request: Request) -> Response:
        """Take a batch; answer with the number up to which it has had its effect."""
        body = await _body(request)
        encoding = request.headers.get("content-encoding", "")
        batch = await run_in_threadpool(lambda: ingest.read(ingest.unpacked(body, encoding)))
        await self._allowed(request, "site", batch.site)
        agent = request.headers.get("user-agent", "")[:200]
        upto = await run_in_threadpool(ingest.take, self._engine, batch, agent, self._now())
        answer: dict[str, t.Any] = {"epoch": batch.epoch, "acknowledged": upto}
        if self._spread:
            answer["spread"] = self._spread
        return JSONResponse(answer)

    async def desired(self, request: Request) -> Response:
        """The site's document, or 304 where it has it already. Publishers go on from it."""
        site = request.path_params["site"]
        who = await self._allowed(request, "document", site)
        now = self._now() if who.role == "site" else None
        found = await run_in_threadpool(desired.wanted, self._engine, site, now)
        if found is None:
            raise ingest.Wrong("nothing is published for this site", 404)
        headers = {"ETag": f'"{found.digest}"', "Cache-Control": "no-cache"}
        if headers["ETag"] in request.headers.get("if-none-match", "").split(", "):
            return Response(status_code=304, headers=headers)
        return Response(found.raw, headers=headers, media_type="application/json")

    async def publish(self, request: Request) -> Response:
        """Keep the next document of a site."""
        await self._allowed(request, "publisher")
        body = await _body(request)
        site = request.path_params["site"]
        found = await run_in_threadpool(desired.publish, self._engine, site, body)
        return JSONResponse({"generation": found.generation, "digest": found.digest})

    async def artifact(self, request: Request) -> Response:
        """What a document names, by its digest; ranges are answered."""
        who = await self._allowed(request, "artifact")
        digest, named = request.path_params["digest"], who.role == "publisher"
        path = await run_in_threadpool(self._shelf.find, digest, touch=named)
        headers = {"ETag": f'"{digest}"', "Cache-Control": "private, max-age=31536000, immutable"}
        return FileResponse(path, headers=headers, media_type="application/octet-stream")

    async def bring(self, request: Request) -> Response:
        """Keep what documents name."""
        await self._allowed(request, "publisher")
        size = request.headers.get("content-length", "")
        if not size.isdecimal():
            raise ingest.Wrong("the length has to be told", 411)
        digest = request.path_params["digest"]
        await self._shelf.keep(digest, int(size), request.stream())
        return Response(status_code=204, headers={"ETag": f'"{digest}"'})

    async def sites(self, request: Request) -> Response:
        """What is known of all sites."""
        await self._allowed(request, "reader")
        return JSONResponse(await run_in_threadpool(figures.overview, self._engine))

    async def metrics(self, request: Request) -> Response:
        """The same for Prometheus."""
        await self._allowed(request, "reader")
        content = await run_in_threadpool(generate_latest, self._registry)
        return Response(content, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def health(self, _request: Request) -> Response:
        """Whether the database answers."""
        await run_in_threadpool(self._ask)
        return JSONResponse({"status": "ok"})

    def _ask(self) -> None:
        with self._engine.begin() as connection:
            connection.execute(text("SELECT 1"))


async def _body(request: Request) -> bytes:
    found = bytearray()
    async for block in request.stream():
        found += block
        if len(found) > MOST_BODY:
            raise ingest.Wrong("the body is too large", 413)
    return bytes(found)


async def _wrong(_request: Request, exc: Exception) -> Response:
    status = exc.status if isinstance(exc, ingest.Wrong) else 500
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse({"error": str(exc)}, status, headers)


async def _away(_request: Request, _exc: Exception) -> Response:
    """The database is away: nothing was taken, and sites come again."""
    headers = {"Retry-After": str(RETRY_SECONDS)}
    return JSONResponse({"error": "the database is away"}, 503, headers)
