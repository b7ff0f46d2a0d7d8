# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where documents are published: a folder, any server that takes PUT, a hub."""

from __future__ import annotations

import os
import re
import typing as t
import urllib.request
from urllib.parse import quote

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._host import files
from ansible_collections.lightk8s.edge.plugins.module_utils._host.http import (
    Connection,
    Response,
    Tls,
)

PATH = "v1/desired"  # below the folder, or below the URL: as the hub has it
LOOPBACK = ("localhost", "127.0.0.1", "::1")
RACED = (409, 412)  # somebody else has published in between


class Raced(EdgeError):
    """Another publisher was faster: read again."""

    def __init__(self, where: str) -> None:
        super().__init__(f"{where} was published by somebody else just now", kind="busy")


class Target(t.Protocol):
    """One place where documents of sites lie."""

    def read(self, site: str) -> bytes | None:
        """What is published for the site now."""

    def write(self, site: str, raw: bytes) -> None:
        """Publish. What was read before it is replaced; raises Raced where that is another by now."""

    def where(self, site: str) -> str:
        """For people."""

    def close(self) -> None:
        """Nothing more comes."""


class Folder:
    """Files that a web server hands out, or that are carried to it."""

    def __init__(self, folder: str) -> None:
        self._folder = os.path.expanduser(folder)

    def where(self, site: str) -> str:
        if not site or site.startswith(".") or "/" in site or "\0" in site:
            raise EdgeError(f"{site!r} cannot be the name of a file", kind="spec", site=site)
        return os.path.join(self._folder, PATH, site)

    def read(self, site: str) -> bytes | None:
        place = self.where(site)
        try:
            return files.read(place)
        except OSError as exc:
            raise EdgeError(f"cannot read {place}: {exc.strerror}", kind="io", site=site) from exc

    def write(self, site: str, raw: bytes) -> None:
        place = self.where(site)
        try:
            files.make_folder(os.path.dirname(place), 0o755)
        except OSError as exc:
            text = f"cannot make the folder of {place}: {exc.strerror}"
            hint = "see whether edge_publish_to is a folder that you may write to"
            raise EdgeError(text, kind="io", hint=hint, site=site) from exc
        files.write_bytes(place, raw, 0o644)

    def close(self) -> None:
        """A folder needs no end."""


class Web:
    """A hub, or a static server or object store that takes PUT, over one kept connection.

    `url` is what comes before /v1/desired/SITE, or holds {site} and is the whole address.
    """

    def __init__(self, url: str, *, token: str = "", tls: Tls | None = None) -> None:
        before, self._named, after = url.partition("{site}")
        base, path = _split(before) if self._named else (url.rstrip("/"), f"/{PATH}/")
        self._before, self._after = path, after
        self._connection = Connection(base, tls=tls, proxy=_proxy(base))
        self._token = token
        if token and base.startswith("http:") and self._connection.host not in LOOPBACK:
            raise EdgeError(
                f"{self._connection.where}: a token is sent over https only", kind="spec"
            )
        self._tags: dict[str, str] = {}

    def where(self, site: str) -> str:
        return f"{self._connection.where}{self._connection.prefix}{self._path(site)}"

    def _path(self, site: str) -> str:
        return f"{self._before}{quote(site, safe='')}{self._after}"

    def read(self, site: str) -> bytes | None:
        response = self._ask("GET", site)
        if response.status == 404:
            self._tags[site] = ""
            return None
        if response.status != 200:
            raise self._refused("read", site, response)
        self._tags[site] = response.headers.get("etag", "")
        return response.body

    def write(self, site: str, raw: bytes) -> None:
        headers = {"Content-Type": "application/json", **self._only_if(site)}
        response = self._ask("PUT", site, headers, raw)
        if response.status in RACED:
            raise Raced(self.where(site))
        if response.status not in (200, 201, 202, 204):
            raise self._refused("published", site, response)

    def _only_if(self, site: str) -> dict[str, str]:
        """What makes the server refuse where it holds something else than was read."""
        tag = self._tags.get(site)
        if tag is None or tag.startswith("W/"):
            return {}
        return {"If-Match": tag} if tag else {"If-None-Match": "*"}

    def _ask(
        self,
        method: str,
        site: str,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> Response:
        sent = dict(headers or {})
        if self._token:
            sent["Authorization"] = f"Bearer {self._token}"
        return self._connection.request(method, self._path(site), headers=sent, body=body)

    def _refused(self, verb: str, site: str, response: Response) -> EdgeError:
        said = response.body[:200].decode("utf-8", "replace").strip()
        hints = {401: "see edge_publish_token", 403: "see what edge_publish_token may do"}
        return EdgeError(
            f"{self.where(site)} could not be {verb}: status {response.status} {said}".rstrip(),
            kind="refused",
            hint=hints.get(response.status, "see whether the server takes PUT at this address"),
            site=site,
        )

    def close(self) -> None:
        self._connection.close()


def is_url(place: str) -> bool:
    """Whether a site may reach the place too: it is no folder of the controller."""
    return place.startswith(("http://", "https://"))


def target(to: str, *, token: str = "", tls: Tls | None = None) -> Target:
    """The place that `to` names: a URL, else a folder on the controller. Raises EdgeError(spec)."""
    if is_url(to):
        return Web(to, token=token, tls=tls)
    if "://" in to or re.match(r"[\w.-]+:[0-9]+(/|\Z)", to):
        text = f"{to} is neither a folder nor an http(s) URL"
        raise EdgeError(text, kind="spec", hint=f"write https://{to.rpartition('://')[2]}")
    return Folder(to)


def _split(before: str) -> tuple[str, str]:
    """(scheme and server, path) of an address up to its {site}."""
    scheme, _sign, rest = before.partition("://")
    server, slash, path = rest.partition("/")
    return f"{scheme}://{server}", slash + path


def _proxy(url: str) -> str:
    """The controller's own proxy for that URL, from its environment."""
    scheme, _sign, rest = url.partition("://")
    host = rest.partition("/")[0].rpartition("@")[2]
    if urllib.request.proxy_bypass(host):
        return ""
    return urllib.request.getproxies().get(scheme, "")
