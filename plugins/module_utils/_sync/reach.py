# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections to whom a site talks, by the settings on the node."""

from __future__ import annotations

import json
import typing as t

from .._core.errors import EdgeError
from .._host.http import Connection, Tls
from . import places
from .sender import LOOPBACK
from .settings import Settings, checked

if t.TYPE_CHECKING:
    from .._host.host import Host

CONNECT_SECONDS = 15.0
SILENCE_SECONDS = 60.0
MOST_BYTES = 8 << 20
DESIRED = "/v1/desired/"


def proxy_for(url: str, proxy: t.Mapping[str, str] | None) -> str:
    """The proxy that leads to a URL; empty where there is none, or where it is not to be used."""
    from urllib.parse import urlsplit

    given = {key.lower(): value for key, value in (proxy or {}).items()}
    parts = urlsplit(url)
    name = (parts.hostname or "").lower()
    for row in str(given.get("no_proxy") or "").split(","):
        word = row.strip().lower().lstrip("*").lstrip(".")
        if row.strip() == "*" or (word and (name == word or name.endswith("." + word))):
            return ""
        if word and _in_range(name, word):
            return ""
    return str(given.get(f"{parts.scheme}_proxy") or "")


def _in_range(name: str, word: str) -> bool:
    import ipaddress

    try:
        return ipaddress.ip_address(name) in ipaddress.ip_network(word, strict=False)
    except ValueError:
        return False


def connection(host: Host, settings: Settings, url: str) -> Connection:
    """A connection to the server of `url`; nothing is sent yet. EdgeError(kind=io) for unreadable keys.

    Who the site is, and by whom it knows its receiver, is for the receiver and the publisher alone.
    """
    ours = {split(known)[0] for known in (settings.url, settings.document_url) if known}
    tls = Tls()
    if split(url)[0] in ours:
        tls = Tls(
            ca=host.read(places.CA) or b"",
            cert=host.read(places.CERTIFICATE) or b"",
            key=host.read(places.KEY) or b"",
        )
    return Connection(
        split(url)[0],
        tls=tls,
        connect_timeout=CONNECT_SECONDS,
        read_timeout=SILENCE_SECONDS,
        max_bytes=MOST_BYTES,
        proxy=proxy_for(url, settings.proxy),
    )


def settings_on(host: Host) -> Settings:
    """What lies on this node. EdgeError: refused where no agent is set up, io where it is damaged."""
    raw = host.read(places.SETTINGS)
    if raw is None:
        raise EdgeError("no agent is set up here", kind="refused", hint="run edge_sync")
    try:
        content = json.loads(raw)
        known = set(Settings.__annotations__)
        given: dict[str, t.Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in content.items()
            if key in known
        }
        return checked(Settings(**given))
    except (ValueError, TypeError, AttributeError) as exc:
        raise EdgeError(
            f"{places.SETTINGS} is damaged: {exc}", kind="io", hint="run edge_sync again"
        ) from exc


def document_url(settings: Settings) -> str:
    """The URL of the site's document; empty where there is none to ask for."""
    from urllib.parse import quote

    if not settings.pulls:
        return ""
    if settings.document_url:
        return settings.document_url.replace("{site}", quote(settings.site, safe=""))
    base = settings.url.rstrip("/")
    return f"{base}/v1/desired/{quote(settings.site, safe='')}" if base else ""


def artifact_urls(settings: Settings, sha256: str) -> list[str]:
    """Where the receiver, or the publisher of the site's document, holds an artifact: by its digest. Pure."""
    bases = [settings.url.rstrip("/")] if settings.url else []
    before, found, _site = settings.document_url.partition(DESIRED)
    if found:
        bases.append(before)
    return [f"{base}/v1/artifacts/{sha256}" for base in dict.fromkeys(bases)]


def token_for(host: Host, settings: Settings, url: str) -> str:
    """What the site shows to the server of `url`: its token to the receiver alone, and never in the clear."""
    from urllib.parse import urlsplit

    if not settings.url or split(url)[0] != split(settings.url)[0]:
        return ""
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        return ""
    return host.read_text(places.TOKEN).strip()


def token(host: Host, link: Connection) -> str:
    """What the site shows; empty where a client certificate is enough. EdgeError(kind=spec) without TLS."""
    found = host.read_text(places.TOKEN).strip()
    if found and link.where.startswith("http:") and link.host not in LOOPBACK:
        raise EdgeError(f"{link.where}: a token is sent over https only", kind="spec")
    return found


def split(url: str) -> tuple[str, str]:
    """(server, path with query) of a URL."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    path = parts.path or "/"
    return f"{parts.scheme}://{parts.netloc}", f"{path}?{parts.query}" if parts.query else path
