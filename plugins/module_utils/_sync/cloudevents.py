# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of the queue as a CloudEvents 1.0 batch (JSON batch format), compressed. Pure.

The id is the queue's epoch and the site's own sequence, so source and id name an event for ever. The
extension `edgeclass` is the class of the queue: state, event, audit or gap.
"""

from __future__ import annotations

import json
import typing as t
import zlib

from .records import Row

CONTENT_TYPE = "application/cloudevents-batch+json; charset=utf-8"
GZIP = 31  # zlib's window bits for a gzip frame


def source(site: str, node: str = "") -> str:
    """The CloudEvents source of a site, or of one of its nodes that has a queue of its own."""
    from urllib.parse import quote

    below = f"/nodes/{quote(node, safe='')}" if node else ""
    return f"/sites/{quote(site, safe='')}{below}"


def batch(site: str, epoch: str, rows: t.Sequence[Row], node: str = "") -> bytes:
    """The events, in order."""
    return b"[" + b",\n".join(lines(site, epoch, rows, node)) + b"]"


def lines(site: str, epoch: str, rows: t.Sequence[Row], node: str = "") -> t.Iterator[bytes]:
    """An event each. What the queue holds is JSON already and is taken as it is."""
    head = f'{{"specversion":"1.0","source":{json.dumps(source(site, node))},"id":"{epoch}-'
    for row in rows:
        subject = json.dumps(row.key, ensure_ascii=False)
        own = f'{head}{row.seq}","subject":{subject},"edgeclass":"{row.kind}",'
        yield own.encode() + row.body[1:]


def compressed(data: bytes) -> bytes:
    """As Content-Encoding gzip; the same bytes for the same data."""
    packer = zlib.compressobj(9, zlib.DEFLATED, GZIP)
    return packer.compress(data) + packer.flush()
