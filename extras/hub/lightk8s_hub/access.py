# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what: by a token, whose digest alone is kept, or by a client certificate."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import typing as t

from sqlalchemy import Engine, delete, select

from .tables import put, tokens

ROLES = ("site", "publisher", "reader")


class Who(t.NamedTuple):
    """A caller; `site` is '' for those that are not bound to one."""

    role: str
    site: str

    def may(self, role: str, site: str = "") -> bool:
        """A site acts for itself alone; publishers may read too, and what was published for any site.

        Artifacts are for all who are known: their names are their digests, which documents tell.
        """
        if role == "artifact":
            return True
        if self.role == "site":
            return role in ("site", "document") and self.site == site != ""
        if role == "document":
            return self.role == "publisher"
        return self.role == role or (self.role == "publisher" and role == "reader")


def digest(token: str) -> str:
    """What is kept of a token; it has 256 random bits, so a plain digest does not tell it."""
    return hashlib.sha256(token.encode()).hexdigest()


def issue(engine: Engine, role: str, site: str) -> str:
    """A new token for that role; for a site, its earlier ones go on until they are revoked."""
    token = secrets.token_urlsafe(32)
    with engine.begin() as connection:
        row = {"digest": digest(token), "role": role, "site": site, "declared": False}
        put(connection, tokens, row)
    return token


def declare(engine: Engine, content: str) -> None:
    """Make the tokens of a file known, and forget those that an earlier one had. Raises ValueError.

    `content` is a JSON list of {role, site, digest}: digests alone, so that the file tells nobody a token.
    """
    listed = json.loads(content)
    if not isinstance(listed, list):
        raise ValueError("tokens are a JSON list of {role, site, digest}")
    rows = [_declared(row) for row in listed]
    with engine.begin() as connection:
        known = [row["digest"] for row in rows]
        gone = tokens.c.declared & tokens.c.digest.not_in(known)
        connection.execute(delete(tokens).where(gone))
        for row in rows:
            put(connection, tokens, row)


def _declared(row: t.Any) -> dict[str, t.Any]:
    if not isinstance(row, dict) or row.get("role") not in ROLES:
        raise ValueError(f"a token is of one of the roles {', '.join(ROLES)}")
    site, named = str(row.get("site") or ""), str(row.get("digest"))
    if (row["role"] == "site") != bool(site):
        raise ValueError("a site's token names the site, and no other does")
    if not re.fullmatch("[0-9a-f]{64}", named):
        raise ValueError("a token is declared by its sha256")
    return {"digest": named, "role": row["role"], "site": site, "declared": True}


def revoke(engine: Engine, role: str, site: str) -> int:
    """Take all tokens of a role (and site) back; how many there were."""
    mine = (tokens.c.role == role) & (tokens.c.site == site)
    with engine.begin() as connection:
        return connection.execute(delete(tokens).where(mine)).rowcount


def caller(engine: Engine, authorization: str, certificate: str) -> Who | None:
    """Who calls: the token's holder, else the site that the verified certificate names."""
    kind, _space, token = authorization.partition(" ")
    if kind.lower() == "bearer" and token:
        query = select(tokens.c.role, tokens.c.site).where(tokens.c.digest == digest(token.strip()))
        with engine.begin() as connection:
            row = connection.execute(query).first()
        return Who(row.role, row.site) if row else None
    return Who("site", certificate) if certificate else None
