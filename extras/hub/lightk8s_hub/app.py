# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hub over HTTP. Stateless beside its database: one adds instances."""

from __future__ import annotations

import asyncio
import logging
import time
import typing as t
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from anyio import CapacityLimiter, to_thread
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    ProcessCollector,
    generate_latest,
)
from sqlalchemy import Engine, exc, text
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from . import access, artifacts, bodies, desired, figures, ingest, retention

LOG = logging.getLogger("lightk8s_hub")
RETRY_SECONDS = 30
READERS = (
    2  # batches that are unpacked at once: what they take of memory is bounded, and so is the GIL
)
# A database that is away, read-only or without its tables, and one that has no connection left.
AWAY = (
    exc.OperationalError,
    exc.InterfaceError,
    exc.InternalError,
    exc.ProgrammingError,
    exc.TimeoutError,
)
NO_SHELF = artifacts.Shelf("")


class Hub:
    """The routes over one database.

    `spread`: seconds over which sites shall come back, 0 for their own. `keep`: what goes when.
    `shelf`: where artifacts lie. `patience`: with callers that send slowly.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        spread: float = 0,
        keep: retention.Keep = retention.FOR_EVER,
        shelf: artifacts.Shelf = NO_SHELF,
        patience: bodies.Patience = bodies.PATIENT,
        now: t.Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._keep = keep
        self._shelf = shelf
        self._spread = spread
        self._patience = patience
        self._readers = CapacityLimiter(READERS)
        self._now = now
        self._registry = CollectorRegistry()
        self._registry.register(figures.Sites(engine))
        ProcessCollector(registry=self._registry)

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
                ingest.Wrong: self._wrong,
                ClientDisconnect: _gone,
                **dict.fromkeys(AWAY, _away),
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

    async def _known(self, request: Request) -> access.Who:
        """The caller. Raises Wrong(401) for one that is not known, before anything is read that it sends."""
        word = request.headers.get("authorization", "")
        name = request.scope.get("client_certificate", "")
        who = await run_in_threadpool(access.caller, self._engine, word, name)
        if who is None:
            raise ingest.Wrong("a token or a client certificate is needed", 401)
        return who

    async def _allowed(self, request: Request, role: str, site: str = "") -> access.Who:
        """The caller. Raises Wrong for one that may not do this: 401 unknown, 403 known."""
        who = await self._known(request)
        if not who.may(role, site):
            raise _refused()
        return who

    async def events(self, request: Request) -> Response:
        """Take a batch; answer with the number up to which it has had its effect."""
        who = await self._known(request)
        if who.role != "site":
            raise _refused()
        body = await bodies.whole(request, self._patience)
        encoding = request.headers.get("content-encoding", "").lower()
        batch = await to_thread.run_sync(_batch, body, encoding, limiter=self._readers)
        if not who.may("site", batch.site):
            raise _refused()
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
        headers = {"ETag": f'"{found.etag}"', "Cache-Control": "no-cache"}
        known = request.headers.get("if-none-match", "").replace(
            "W/", ""
        )  # a front that packs marks it so
        if headers["ETag"] in known.split(", "):
            return Response(status_code=304, headers=headers)
        return Response(found.raw, headers=headers, media_type="application/json")

    async def publish(self, request: Request) -> Response:
        """Keep the next document of a site."""
        await self._allowed(request, "publisher")
        body = await bodies.whole(request, self._patience)
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
        async with aclosing(bodies.blocks(request, self._patience)) as blocks:
            await self._shelf.keep(digest, int(size), blocks)
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

    async def _wrong(self, request: Request, error: Exception) -> Response:
        status = error.status if isinstance(error, ingest.Wrong) else 500
        if status != 408:
            await bodies.discard(request, self._patience)
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
        return JSONResponse({"error": str(error)}, status, headers)

    def _ask(self) -> None:
        with self._engine.begin() as connection:
            connection.execute(text("SELECT 1"))


def _batch(body: bytes, encoding: str) -> ingest.Batch:
    return ingest.read(ingest.unpacked(body, encoding))


def _refused() -> ingest.Wrong:
    return ingest.Wrong("this is not allowed to this caller", 403)


async def _gone(_request: Request, _error: Exception) -> Response:
    """The link was cut: there is nobody to answer, and nothing to say in a log."""
    return Response(status_code=400)


async def _away(request: Request, error: Exception) -> Response:
    """The database is away: nothing was taken, and sites come again."""
    told = str(getattr(error, "orig", None) or error).partition("\n")[0]
    LOG.warning("%s %s: the database is away: %s", request.method, request.url.path, told)
    headers = {"Retry-After": str(RETRY_SECONDS)}
    return JSONResponse({"error": "the database is away"}, 503, headers)
