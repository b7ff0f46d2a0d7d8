# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Desired states: handed out as they were published. The sites verify them; the hub only keeps order."""

from __future__ import annotations

import base64
import hashlib
import json
import typing as t

from sqlalchemy import Engine, select

from .ingest import Wrong, is_name
from .tables import documents, put


class Published(t.NamedTuple):
    """A document with the digest of its content."""

    generation: int
    digest: str
    raw: bytes

    @property
    def etag(self) -> str:
        """Of all of it: whom its signatures did not convince has to hear of new ones."""
        return hashlib.sha256(self.raw).hexdigest()


def publish(engine: Engine, site: str, raw: bytes) -> Published:
    """Keep a site's next document. Raises Wrong: 400 for what is none, 409 for an older one."""
    try:
        payload = base64.b64decode(json.loads(raw)["payload"], validate=True)
        content = json.loads(payload)
        named, generation = content["site"], content["generation"]
    except (ValueError, KeyError, TypeError, RecursionError) as exc:
        raise Wrong("this is no signed document") from exc
    if named != site or not _is_generation(generation) or not is_name(site):
        raise Wrong("this is no document for the site in the address")
    found = Published(generation, hashlib.sha256(payload).hexdigest(), raw)
    with engine.begin() as connection:
        first = {"site": site, "generation": 0, "digest": "", "raw": b"", "asked": 0.0}
        put(connection, documents, first, keep=True)
        query = select(documents).where(documents.c.site == site).with_for_update()
        held = connection.execute(query).one()
        same = (generation, found.digest) == (held.generation, held.digest)
        if generation <= held.generation and not same:
            raise Wrong(f"generation {held.generation} is held already", 409)
        put(connection, documents, {"site": site, "asked": held.asked, **found._asdict()})
    return found


def _is_generation(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**53


def wanted(engine: Engine, site: str, now: float | None) -> Published | None:
    """What the site should be, None where nothing was published for it.

    `now` is noted as the time when the site asked; None where somebody else does.
    """
    query = select(documents.c.generation, documents.c.digest, documents.c.raw)
    with engine.begin() as connection:
        if now is not None:
            asked = documents.update().where(documents.c.site == site).values(asked=now)
            connection.execute(asked)
        row = connection.execute(query.where(documents.c.site == site)).first()
    return Published(*row) if row and row.generation else None
