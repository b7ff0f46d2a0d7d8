# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Event source for Event-Driven Ansible: what edge sites tell, in the batches that a hub takes.

It answers as the hub does, so a site needs nothing but its address. Rules see each CloudEvent as it
came, with `site` and `node` beside: `condition: event.type == "lightk8s.edge.node.changed"`.

Options: host (default 127.0.0.1), port (8443), certfile, keyfile and cafile for TLS and for client
certificates, whose common name is the site; tokens, a mapping of sites to their tokens; wait, the
seconds (20) for which a batch waits for rules that are slower than the events.

An event is acknowledged when it is in the queue of the rulebook, which is in memory, and so is the number up
to which a site's events were taken: what comes again fires once as long as the process lives, and what was
under way when it ended may fire twice, or not at all. Where an event must outlive that, let sites tell a hub.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
import ssl
import typing as t
import zlib
from itertools import pairwise
from urllib.parse import unquote

from aiohttp import web

DOCUMENTATION = r"""
---
short_description: Receive what edge sites tell
description:
  - Takes batches of CloudEvents over HTTP, as the hub of this collection does, with the same tokens and certificates.
options:
  host:
    description: Address to listen on.
    type: str
    default: 127.0.0.1
  port:
    description: Port to listen on.
    type: int
    default: 8443
  certfile:
    description: Certificate of the server (PEM).
    type: str
  keyfile:
    description: Its key (PEM).
    type: str
  cafile:
    description: Authority of client certificates; a certificate's common name is the site.
    type: str
  tokens:
    description: Tokens of sites, by their names.
    type: dict
  wait:
    description: Seconds for which a batch waits for rules that are slower than the events.
    type: float
    default: 20
"""
EXAMPLES = r"""
- lightk8s.edge.site_events:
    host: 0.0.0.0
    certfile: /etc/eda/hub.pem
    keyfile: /etc/eda/hub.key
    tokens:
      shop1: "{{ shop1_token }}"
"""
MOST_BODY = 8 << 20
MOST_CONTENT = 8 << 20
MOST_EVENTS = 5000
MOST_STREAMS = 100_000
GZIP_OR_ZLIB = 47
ID = r"([0-9a-f]{1,64})-([1-9][0-9]{0,17})\Z"
OPTIONS = ("host", "port", "certfile", "keyfile", "cafile", "tokens", "wait")
LOOPBACK = ("127.0.0.1", "::1", "localhost")
RETRY_SECONDS = "30"

Event = dict[str, t.Any]


class Wrong(Exception):
    """A request that is not taken; the text says why."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


class Batch(t.NamedTuple):
    """Events of one queue, in rising order of their numbers."""

    site: str
    node: str
    epoch: str
    events: list[tuple[int, Event]]


def read(body: bytes, encoding: str) -> Batch:
    """A CloudEvents batch of one source and one epoch. Raises Wrong."""
    try:
        rows = json.loads(_unpacked(body, encoding))
    except (ValueError, RecursionError) as exc:
        raise Wrong(f"the body is no JSON: {exc}") from exc
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise Wrong("the body is no batch of events")
    if len(rows) > MOST_EVENTS:
        raise Wrong("too many events", 413)
    named = [_named(row) for row in rows]
    if len({place for place, _number in named}) != 1:
        raise Wrong("a batch is of one source and one epoch")
    numbers = [number for _place, number in named]
    if any(one >= other for one, other in pairwise(numbers)):
        raise Wrong("events are not in the order of their numbers")
    site, node, epoch = named[0][0]
    events = [{**row, "site": site, "node": node} for row in rows]
    return Batch(site, node, epoch, list(zip(numbers, events, strict=True)))


def _named(row: Event) -> tuple[tuple[str, str, str], int]:
    """((site, node, epoch), number): the source is /sites/SITE or /sites/SITE/nodes/NODE."""
    found = re.match(ID, str(row.get("id")))
    source = re.fullmatch(r"/sites/([^/]+)(?:/nodes/([^/]+))?", str(row.get("source")))
    if row.get("specversion") != "1.0" or not isinstance(row.get("type"), str):
        raise Wrong("an event is no CloudEvent 1.0")
    if found is None or source is None:
        raise Wrong("an event's source is no site, or its id no epoch with a number")
    place = (unquote(source[1]), unquote(source[2] or ""), found[1])
    return place, int(found[2])


def _unpacked(body: bytes, encoding: str) -> bytes:
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "deflate"):
        raise Wrong(f"Content-Encoding {encoding} is not known", 415)
    packer = zlib.decompressobj(GZIP_OR_ZLIB)
    try:
        content = packer.decompress(body, MOST_CONTENT)
    except zlib.error as exc:
        raise Wrong(f"the body is not {encoding}: {exc}") from exc
    if packer.unconsumed_tail:
        raise Wrong("the batch is too large", 413)
    if not packer.eof:
        raise Wrong("the body is cut off")
    return content


class Source:
    """The receiver: each event goes to `queue` once, as long as this process lives."""

    def __init__(
        self, queue: asyncio.Queue[Event], tokens: t.Mapping[str, str], wait: float
    ) -> None:
        self._queue = queue
        self._digests = {_digest(str(token)): str(site) for site, token in tokens.items()}
        self._wait = wait
        self._taken: dict[tuple[str, str], int] = {}  # by site and epoch
        self._locks: dict[tuple[str, str], asyncio.Lock] = {}

    def app(self) -> web.Application:
        """The routes, as the hub has them."""
        app = web.Application(client_max_size=MOST_BODY)
        app.router.add_post("/v1/events", self.events)
        app.router.add_get("/healthz", _health)
        return app

    async def events(self, request: web.Request) -> web.Response:
        """Take a batch; answer with the number up to which it is in the queue."""
        try:
            site = self._caller(request)
            encoding = request.headers.get("Content-Encoding", "").lower()
            batch = read(await _body(request), encoding)
            if batch.site != site:
                raise Wrong("this is not allowed to this caller", 403)
            upto = await self._take(batch)
        except Wrong as exc:
            headers = {"WWW-Authenticate": "Bearer"} if exc.status == 401 else {}
            return web.json_response({"error": str(exc)}, status=exc.status, headers=headers)
        if upto < batch.events[0][0]:
            headers = {"Retry-After": RETRY_SECONDS}
            return web.json_response({"error": "the rules are slower"}, status=503, headers=headers)
        return web.json_response({"epoch": batch.epoch, "acknowledged": upto})

    def _caller(self, request: web.Request) -> str:
        """The site. Raises Wrong(401), before anything is read that an unknown caller sends."""
        kind, _space, token = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "bearer" and token:
            known = _digest(token.strip())
            named = [self._digests[d] for d in self._digests if hmac.compare_digest(d, known)]
        else:
            named = _common_names(request)
        if len(named) != 1:
            raise Wrong("a token or a client certificate is needed", 401)
        return named[0]

    async def _take(self, batch: Batch) -> int:
        """The same batch may come again while the first one still waits: one after the other."""
        stream = (batch.site, batch.epoch)
        if stream not in self._locks and len(self._locks) >= MOST_STREAMS:
            raise Wrong("too many queues", 503)
        async with self._locks.setdefault(stream, asyncio.Lock()):
            until = asyncio.get_running_loop().time() + self._wait
            for number, event in batch.events:
                if number <= self._taken.get(stream, 0):
                    continue
                left = until - asyncio.get_running_loop().time()
                try:
                    await asyncio.wait_for(self._queue.put(event), max(left, 0.001))
                except TimeoutError:
                    break
                self._taken[stream] = number
            return self._taken.get(stream, 0)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _common_names(request: web.Request) -> list[str]:
    """The one common name of a verified client certificate."""
    found = request.transport.get_extra_info("peercert") if request.transport else None
    rows = (found or {}).get("subject", ())
    names = [value for group in rows for key, value in group if key == "commonName"]
    return names if len(names) == 1 else []


async def _body(request: web.Request) -> bytes:
    """The body as it was sent: aiohttp is told not to unpack it, for it would do so without a bound."""
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge as exc:
        raise Wrong("the body is too large", 413) from exc


async def _health(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


def _context(args: t.Mapping[str, t.Any]) -> ssl.SSLContext | None:
    if not args.get("certfile"):
        if args.get("host", LOOPBACK[0]) not in LOOPBACK:
            raise ValueError("certfile is missing: tokens are taken over TLS, or on the loopback")
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(args["certfile"], args.get("keyfile"))
    if args.get("cafile"):
        context.load_verify_locations(args["cafile"])
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


async def main(queue: asyncio.Queue[Event], args: dict[str, t.Any]) -> None:
    """Run until the rulebook ends. Raises ValueError for options that make no sense."""
    unknown = sorted(set(args) - set(OPTIONS))
    if unknown:
        raise ValueError(f"unknown options: {', '.join(unknown)}")
    source = Source(queue, args.get("tokens") or {}, float(args.get("wait") or 20))
    # Bodies are unpacked here, within bounds.
    runner = web.AppRunner(source.app(), auto_decompress=False, access_log=None)
    await runner.setup()
    try:
        host, port = args.get("host") or LOOPBACK[0], int(args.get("port") or 8443)
        await web.TCPSite(runner, host, port, ssl_context=_context(args)).start()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
