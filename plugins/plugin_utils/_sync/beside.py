# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What documents name, put beside them under its sha256: in a folder, on a server that takes PUT, at a hub."""

from __future__ import annotations

import os
import typing as t
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError

from ansible.module_utils.urls import open_url

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._host import files
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.targets import is_url

PLACE = "v1/artifacts"  # below the folder, or below the URL: as the hub has it
SILENCE_SECONDS = 60
NOT_REACHED = (
    "see whether a server listens there, and edge_publish_to has its scheme, name and port"
)
OTHERWISE = "or set edge_publish_artifacts to false and name mirrors"
HINTS = {
    401: "edge_publish_token is none that the server knows",
    403: "edge_publish_token is not one of a publisher",
    404: f"a hub takes artifacts where it is given a folder for them; else see edge_publish_to, {OTHERWISE}",
    413: f"see how large a file the server takes, {OTHERWISE}",
    507: f"make room on the server's disk, {OTHERWISE}",
}


class Artifact(t.NamedTuple):
    """A file by its digest; `path` brings it to the controller where it is not there yet."""

    sha256: str
    name: str
    path: t.Callable[[], Path]


class Beside(t.Protocol):
    """One place for artifacts."""

    def has(self, sha256: str) -> bool:
        """Whether it lies there. A hub keeps it on from now."""

    def put(self, sha256: str, path: Path) -> None:
        """Put the file there."""


class InFolder:
    """Files that a web server hands out, or that are carried to it."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(os.path.expanduser(folder)) / PLACE

    def has(self, sha256: str) -> bool:
        return (self._folder / sha256).is_file()

    def put(self, sha256: str, path: Path) -> None:
        try:
            files.make_folder(str(self._folder), 0o755)
            files.copy(str(path), str(self._folder / sha256), 0o644)
        except OSError as exc:
            raise EdgeError(f"cannot write {self._folder}: {exc.strerror}", kind="io") from exc


class OnServer:
    """A server, with the token and the files of certificates that are shown to it for documents."""

    def __init__(self, url: str, token: str, ca: str, cert: str, key: str) -> None:
        self._base = f"{url.rstrip('/')}/{PLACE}"
        self._token = token
        self._files = {
            "ca_path": ca or None,
            "client_cert": cert or None,
            "client_key": key or None,
        }

    def has(self, sha256: str) -> bool:
        status = self._ask("HEAD", sha256)
        if status not in (200, 404):
            raise self._refused("looked for", sha256, status)
        return status == 200

    def put(self, sha256: str, path: Path) -> None:
        size = path.stat().st_size
        with path.open("rb") as stream:
            status = self._ask("PUT", sha256, stream, {"Content-Length": str(size)})
        if status not in (200, 201, 204):
            raise self._refused("put", sha256, status)

    def _refused(self, verb: str, sha256: str, status: int) -> EdgeError:
        text = f"{self._base}/{sha256} could not be {verb}: status {status}"
        hint = HINTS.get(status, f"see whether the server takes PUT there, {OTHERWISE}")
        return EdgeError(text, kind="refused", hint=hint)

    def _ask(
        self,
        method: str,
        sha256: str,
        body: t.BinaryIO | None = None,
        more: t.Mapping[str, str] | None = None,
    ) -> int:
        headers = {"Content-Type": "application/octet-stream", **(more or {})}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        url = f"{self._base}/{sha256}"
        try:
            answer = open_url(
                url,
                data=body,
                method=method,
                headers=headers,
                timeout=SILENCE_SECONDS,
                follow_redirects="none",
                **self._files,
            )
            return int(answer.status)
        except HTTPError as exc:
            return int(exc.code)
        except (URLError, HTTPException, OSError) as exc:
            reason = getattr(exc, "reason", None) or exc
            raise EdgeError(
                f"{url} was not reached: {reason}", kind="io", hint=NOT_REACHED
            ) from exc


def beside(to: str, token: str = "", ca: str = "", cert: str = "", key: str = "") -> Beside | None:
    """The place that belongs to where documents go; None where each has an address of its own."""
    if "{site}" in to:
        return None
    if is_url(to):
        return OnServer(to, token, ca, cert, key)
    return InFolder(to)


def bring(
    artifacts: t.Iterable[Artifact],
    place: Beside,
    there: set[str],
    *,
    check: bool,
    say: t.Callable[[str], None],
) -> list[str]:
    """Put there what is missing; one sentence for each. `there` remembers what need not be asked for again."""
    done = []
    for artifact in artifacts:
        if artifact.sha256 in there:
            continue
        if not place.has(artifact.sha256):
            done.append(f"put {artifact.name} ({artifact.sha256[:12]}) beside the documents")
            if not check:
                path = artifact.path()
                say(f"{artifact.name}: {path.stat().st_size / 1e6:.1f} MB go beside the documents")
                place.put(artifact.sha256, path)
        there.add(artifact.sha256)
    return done
