# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches of events: read, and given their effect once."""

from __future__ import annotations

import json
import re
import typing as t
import zlib
from itertools import pairwise
from urllib.parse import unquote

from sqlalchemy import Connection, Engine, func, select, update

from .tables import events, gaps, put, sites, states, streams

MOST_BYTES = 8 << 20
MOST_EVENTS = 5000
MOST_NODES = 500  # of one site
MOST_QUEUES = 10_000  # of one site: each time that a queue begins anew is one
GZIP_OR_ZLIB = 47
ID = r"([0-9a-f]{1,64})-([1-9][0-9]{0,17})\Z"
CLASSES = ("state", "event", "audit", "gap")
written = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
TEXTS = {"type": 200, "subject": 1000, "time": 40}


class Wrong(Exception):
    """A request that makes no sense; the text says why."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


class Item(t.NamedTuple):
    """One event, as far as the hub looks at it."""

    seq: int
    kind: str
    type: str
    subject: str
    time: str
    data: str


class Batch(t.NamedTuple):
    """Events of one site's queue, in order."""

    site: str
    epoch: str
    items: list[Item]
    node: str = ""  # '' for the one that speaks for the site


def unpacked(body: bytes, encoding: str) -> bytes:
    """The content of a compressed body, bounded however well it was packed. Raises Wrong."""
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "deflate"):
        raise Wrong(f"Content-Encoding {encoding} is not known", 415)
    packer = zlib.decompressobj(GZIP_OR_ZLIB)
    try:
        content = packer.decompress(body, MOST_BYTES)
    except zlib.error as exc:
        raise Wrong(f"the body is not {encoding}: {exc}") from exc
    if packer.unconsumed_tail:
        raise Wrong("the batch is too large", 413)
    if not packer.eof:
        raise Wrong("the body is cut off")
    return content


def read(content: bytes) -> Batch:
    """A CloudEvents batch of one site and one epoch, in rising order. Raises Wrong."""
    try:
        rows = json.loads(content)
    except (ValueError, RecursionError) as exc:
        raise Wrong(f"the body is no JSON: {exc}") from exc
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise Wrong("the body is no batch of events")
    if len(rows) > MOST_EVENTS:
        raise Wrong("too many events", 413)
    site, node, epoch = _origin(rows[0])
    items = [_item(row) for row in rows]
    if any(_origin(row) != (site, node, epoch) for row in rows):
        raise Wrong("a batch is of one source and one epoch")
    if any(one.seq >= other.seq for one, other in pairwise(items)):
        raise Wrong("events are not in the order of their numbers")
    return Batch(site, epoch, items, node)


def is_name(text: str) -> bool:
    """Whether a site or a node may be called so."""
    return 0 < len(text) <= 253 and "\0" not in text


def _origin(row: dict[str, t.Any]) -> tuple[str, str, str]:
    """(site, node, epoch): the source is /sites/SITE, or /sites/SITE/nodes/NODE."""
    source = row.get("source")
    name = re.match(ID, str(row.get("id")))
    if row.get("specversion") != "1.0" or name is None:
        raise Wrong("an event is no CloudEvent 1.0 with epoch and number as id")
    if not isinstance(source, str) or not source.startswith("/sites/") or len(source) > 800:
        raise Wrong("an event's source is no site")
    parts = source.split("/")[2:]
    if len(parts) not in (1, 3) or parts[1:2] not in ([], ["nodes"]):
        raise Wrong("an event's source is no site")
    names = [unquote(part) for part in parts[::2]]
    if not all(map(is_name, names)):
        raise Wrong("an event's source is no site")
    return names[0], "".join(names[1:]), name.group(1)


def _item(row: dict[str, t.Any]) -> Item:
    for name, most in TEXTS.items():
        value = row.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= most or "\0" in value:
            raise Wrong(f"an event has no usable {name}")
    kind = row.get("edgeclass", "event")
    if kind not in CLASSES:
        raise Wrong(f"edgeclass is none of {', '.join(CLASSES)}")
    if "data_base64" in row:
        raise Wrong("data of events is JSON here: data_base64 is not taken")
    seq = int(str(row["id"]).partition("-")[2])
    item = Item(seq, kind, row["type"], row["subject"], row["time"], _data(row))
    _check_texts(item)
    return item


def _data(row: dict[str, t.Any]) -> str:
    """As it is kept. JSON has no NaN and no infinity, whatever Python reads as such."""
    try:
        return written(row.get("data"))
    except (ValueError, RecursionError) as exc:
        raise Wrong(f"the data of an event cannot be kept: {exc}") from exc


def _check_texts(item: Item) -> None:
    """A half of a surrogate pair is a text for JSON, and for no database."""
    try:
        f"{item.type}{item.subject}{item.time}{item.data}".encode()
    except UnicodeEncodeError as exc:
        raise Wrong("an event has a text that is no Unicode") from exc


def take(engine: Engine, batch: Batch, agent: str, now: float) -> int:
    """Give the events their effect in one transaction with the row that says so.

    Returns the number up to which everything of that epoch has had its effect: what came before
    is not looked at again, however often or late it comes.
    """
    with engine.begin() as connection:
        current = _current(connection, batch, agent, now)
        stream = (streams.c.site == batch.site) & (streams.c.epoch == batch.epoch)
        query = select(streams.c.acknowledged).where(stream).with_for_update()
        done = int(connection.execute(query).scalar_one())
        fresh = [item for item in batch.items if item.seq > done]
        if fresh:
            _effect(connection, batch, fresh, current, now)
            done = fresh[-1].seq
            connection.execute(update(streams).where(stream).values(acknowledged=done))
        return done


def _current(connection: Connection, batch: Batch, agent: str, now: float) -> bool:
    """Lock the site's row; whether the batch is of the queue that the site uses now.

    An epoch that was never seen is a new queue, and from then on the one in use.
    """
    place = {"site": batch.site, "node": batch.node}
    first = {**place, "epoch": batch.epoch, "last_seen": now, "agent": agent}
    put(connection, sites, first, keep=True)
    mine = (sites.c.site == batch.site) & (sites.c.node == batch.node)
    query = select(sites.c.epoch).where(mine).with_for_update()
    epoch = connection.execute(query).scalar_one()
    stream = {"site": batch.site, "epoch": batch.epoch}
    known = connection.execute(select(streams.c.site).filter_by(**stream)).first()
    if known is None:
        _check_room(connection, batch.site)
        put(connection, streams, {**stream, "acknowledged": 0}, keep=True)
        epoch = batch.epoch
    seen = {"epoch": epoch, "last_seen": now, "agent": agent}
    connection.execute(update(sites).where(mine).values(seen))
    return bool(epoch == batch.epoch)


def _check_room(connection: Connection, site: str) -> None:
    """Names that a site makes up would be rows and metrics for ever. Raises Wrong, and nothing is kept."""
    for table, most, what in ((sites, MOST_NODES, "nodes"), (streams, MOST_QUEUES, "queues")):
        count = select(func.count()).select_from(table).where(table.c.site == site)
        if connection.execute(count).scalar_one() > most:
            raise Wrong(f"the site has told of more than {most} {what}", 403)


def _effect(
    connection: Connection, batch: Batch, fresh: list[Item], current: bool, now: float
) -> None:
    """One statement for each table: a batch costs as many journeys to the database as one event."""
    site, place = {"site": batch.site}, {"site": batch.site, "epoch": batch.epoch}
    kept, newest = [], {}
    for item in fresh:
        told = {"type": item.type, "subject": item.subject, "time": item.time, "data": item.data}
        if item.kind == "gap":
            put(connection, gaps, {**place, "node": batch.node, "data": item.data})
        elif item.kind == "state":
            newest[item.subject] = {**site, "node": batch.node, **told}
        else:
            row = {**place, "seq": item.seq, "class": item.kind, "received": now, **told}
            kept.append(row)
    if kept:
        connection.execute(events.insert(), kept)
    if newest and current:  # a late batch of an older queue says nothing of now
        put(connection, states, *newest.values())
