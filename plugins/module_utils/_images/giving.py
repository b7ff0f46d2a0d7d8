# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gives images of this node to a registry of its site, by the distribution specification of the OCI.

What the registry has is asked first, by digest, and is not sent. A blob goes in chunks, each checked by nothing but the
registry's own digest of the whole; the manifest comes last, so that a name leads to all of an image or to nothing.
"""

from __future__ import annotations

import hashlib
import os
import typing as t

from .._core.errors import EdgeError
from .._host.host import Host
from .._host.http import Connection, Response
from . import chains
from .archive import INDEX, MANIFEST

CHUNK = 4 << 20
SILENCE = 120.0  # seconds in which a registry on a slow card takes a chunk
_PORTS = {"http": "80", "https": "443"}
_DOCKER = "application/vnd.docker.distribution.manifest"
_ACCEPT = f"{INDEX}, {MANIFEST}, {_DOCKER}.list.v2+json, {_DOCKER}.v2+json"


class Store(t.Protocol):
    """What the content store of a containerd gives."""

    def blob(self, digest: str) -> str:
        """Where it lies."""

    def document(self, digest: str) -> t.Any:
        """A JSON document; None where it is missing."""


def _pinned(reference: str) -> bool:
    return reference.startswith("sha256:")


def place_of(name: str) -> tuple[str, str]:
    """(repository without its registry, tag or digest) of a full name. Pure."""
    plain, _at, digest = name.partition("@")
    path = plain.partition("/")[2]
    repository, colon, tag = path.rpartition(":")
    return (repository if colon else path), digest or (tag if colon else "latest")


def next_of(link: Connection, answer: Response) -> str:
    """Where an upload goes on, as a path on this registry; EdgeError where it does so elsewhere."""
    from urllib.parse import urlsplit

    parts = urlsplit(answer.headers.get("location", ""))
    scheme = link.where.partition(":")[0]
    # Registries leave a usual port out, or name it as we do.
    port = parts.netloc.rpartition("]")[2].partition(":")[2] or _PORTS.get(parts.scheme, "")
    there = (parts.scheme, parts.hostname, port)
    if not parts.path or (parts.netloc and there != (scheme, link.host, str(link.port))):
        raise EdgeError(
            f"{link.where} sends an upload to {parts.netloc or 'nowhere'}", kind="refused"
        )
    path = parts.path.removeprefix(link.prefix)
    return f"{path}?{parts.query}" if parts.query else path


class Registry:
    """One registry. EdgeError where it refuses; HttpError is one, too, where it does not answer."""

    def __init__(self, host: Host, store: Store, link: Connection) -> None:
        self._host = host
        self._store = store
        self._link = link

    def has(self, name: str, published: t.Collection[str], target: str) -> bool:
        """Whether the name leads there to what is published, to what is here, or for want of platforms to a part of it.

        `target` is empty where nothing is here.
        """
        repository, reference = place_of(name)
        answer = self._link.request(
            "GET", f"/v2/{repository}/manifests/{reference}", headers={"Accept": _ACCEPT}
        )
        if answer.status == 404:
            return False
        self._expect(answer, name, 200)
        found = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
        if found in published or found == target:
            return True
        return bool(target) and not _pinned(reference) and found == self._tops(target)[-1][0]

    def takes(self, name: str, target: str) -> bool:
        """Whether it can be given under that name: a digest must be that of what the node has, and has whole."""
        reference = place_of(name)[1]
        if not _pinned(reference):
            return True
        return reference in [digest for digest, dummy in self._tops(target)]

    def bring(self, name: str, target: str) -> None:
        """Have it there, under its name."""
        repository, reference = place_of(name)
        tops = self._tops(target)
        for _digest, manifest in tops:
            for row in [manifest.get("config"), *chains.rows(manifest, "layers")]:
                if isinstance(row, dict):
                    self._blob(repository, str(row.get("digest")), name)
        for number, (digest, manifest) in enumerate(tops):
            body = self._host.read(self._store.blob(digest)) or b""
            kind = str(
                manifest.get("mediaType") or (INDEX if "manifests" in manifest else MANIFEST)
            )
            tag = number == len(tops) - 1 and not _pinned(reference)
            for where in (digest, *([reference] if tag else [])):
                path = f"/v2/{repository}/manifests/{where}"
                answer = self._link.request("PUT", path, headers={"Content-Type": kind}, body=body)
                self._expect(answer, name, 201)

    def _tops(self, target: str) -> list[tuple[str, dict[str, t.Any]]]:
        """Manifests in the order in which a registry takes them; an index only where all of it is here.

        EdgeError where the image is not whole.
        """
        document = self._store.document(target)
        if not isinstance(document, dict):
            raise EdgeError(f"{target} is not on the node", kind="artifact")
        if "manifests" not in document:
            return [(target, document)]
        below = [str(row.get("digest")) for row in chains.rows(document, "manifests")]
        here = [digest for digest in below if self._whole(digest)]
        found = [item for digest in here for item in self._tops(digest)]
        if not found:
            raise EdgeError(f"no platform of {target} is whole on the node", kind="artifact")
        return [*found, (target, document)] if here == below else found

    def _whole(self, digest: str) -> bool:
        """Whether the manifest and what it needs are in the content store."""
        document = self._store.document(digest)
        if not isinstance(document, dict):
            return False
        if "manifests" in document:
            return all(
                self._whole(str(r.get("digest"))) for r in chains.rows(document, "manifests")
            )
        rows = [document.get("config"), *chains.rows(document, "layers")]
        blobs = [str(row.get("digest")) for row in rows if isinstance(row, dict)]
        return all(self._host.inspect(self._store.blob(blob)) for blob in blobs)

    def _blob(self, repository: str, digest: str, name: str) -> None:
        fields = {"Accept": "*/*", "Range": "bytes=0-0"}  # whether it is there is all that is asked
        head, _blocks = self._link.stream(
            f"/v2/{repository}/blobs/{digest}", headers=fields, timeout=SILENCE
        )
        self._link.close()
        if head.status in (200, 206, 307, 416):
            return
        self._refuse_gone(digest, name)
        answer = self._link.request("POST", f"/v2/{repository}/blobs/uploads/")
        self._expect(answer, name, 202)
        where, begin = next_of(self._link, answer), 0
        with open(self._host.path(self._store.blob(digest)), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            while begin < size:
                data = file.read(CHUNK)
                fields = {
                    "Content-Type": "application/octet-stream",
                    "Content-Range": f"{begin}-{begin + len(data) - 1}",
                }
                answer = self._link.request("PATCH", where, headers=fields, body=data)
                self._expect(answer, name, 202)
                where, begin = next_of(self._link, answer), begin + len(data)
        where += ("&" if "?" in where else "?") + f"digest={digest}"
        self._expect(self._link.request("PUT", where), name, 201)

    def _refuse_gone(self, digest: str, name: str) -> None:
        """EdgeError where the node has the image without that blob, as a layer-less one."""
        if self._host.inspect(self._store.blob(digest)) is None:
            raise EdgeError(
                f"{name} cannot be given to {self._link.where}: the node's containerd has discarded {digest}",
                kind="artifact",
                hint="set edge_images_exact for this node, so that it gets all layers",
            )

    def _expect(self, answer: Response, name: str, status: int) -> None:
        if answer.status != status:
            said = answer.body.decode("utf-8", "replace").strip()[:300]
            raise EdgeError(
                f"{self._link.where} does not take {name}: {answer.status} {said}",
                kind="refused",
                hint="images are given without credentials: let the registry take them from its site",
            )
