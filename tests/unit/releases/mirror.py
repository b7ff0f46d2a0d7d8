# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real mirrors for the tests: folders with releases, and a web server with faults to order."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.transport import Patience

TAG = "v1.34.2+k3s1"
QUICK = Patience(timeout=2.0, attempts=3, backoff=0.01, floor_window=0.3, floor_bytes=1000)
BINARIES = {"amd64": "k3s", "arm64": "k3s-arm64", "arm": "k3s-armhf"}
MEGABYTE = 1_000_000


def write_release(
    folder: Path,
    tag: str = TAG,
    *,
    arches: Sequence[str] = ("amd64", "arm64", "arm"),
    ends: Sequence[str] = ("tar", "tar.gz", "tar.zst"),
    size: int = 2 * MEGABYTE,
    seed: int = 1,
) -> Path:
    """`<folder>/<tag>/` as K3s publishes it; the digests are coreutils' own."""
    release = folder / tag
    release.mkdir(parents=True)
    source = random.Random(seed)
    for arch in arches:
        names = [BINARIES[arch], *(f"k3s-airgap-images-{arch}.{end}" for end in ends)]
        for name in names:
            (release / name).write_bytes(source.randbytes(size if name == "k3s" else 1000))
        listing = subprocess.run(
            ["sha256sum", *names], cwd=release, check=True, capture_output=True
        ).stdout
        (release / f"sha256sum-{arch}.txt").write_bytes(listing)
    return release


def write_channels(folder: Path, channels: Mapping[str, str]) -> None:
    """The document of a channel server, with the keys the original has."""
    data = [
        {"id": name, "type": "channel", "links": {}, "name": name, "latest": tag}
        for name, tag in channels.items()
    ]
    document = {"type": "collection", "resourceType": "channels", "data": data}
    (folder / "channels").write_text(json.dumps(document))


@dataclass
class Faults:
    """What the server does wrong, for files whose path holds `only`.

    `statuses` are answered first, one per request. A body is broken off after `cut` bytes for
    `cuts` times, or stands still there until `resume` is set (`hold`).
    """

    only: str = ""
    statuses: list[int] = field(default_factory=list)
    ranges: bool = True
    cut: int | None = None
    cuts: int = 0
    hold: int | None = None
    resume: threading.Event = field(default_factory=threading.Event)
    drip: bool = False
    length: bool = True
    claim: int = 0
    page: bytes | None = None
    wrong_range: bool = False
    redirect: str = ""
    login: str = ""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder: Path, faults: Faults) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.faults = faults
        self.requests: list[tuple[str, str]] = []
        self.authorizations: list[str] = []
        self.held = threading.Event()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def asked(self, end: str) -> list[str]:
        """The Range header of each request for a path with this end."""
        return [wanted for path, wanted in self.requests if path.endswith(end)]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *parts: object) -> None:
        """Tests read `requests` instead."""

    def do_GET(self) -> None:
        # A proxy is asked with the whole URL.
        path = urlsplit(self.path).path
        wanted = self.headers.get("Range", "")
        self.server.requests.append((path, wanted))
        self.server.authorizations.append(self.headers.get("Authorization", ""))
        faults = self.server.faults if self.server.faults.only in path else Faults()
        if not self._refused(path, faults):
            self._deliver(path, wanted, faults)

    def _refused(self, path: str, faults: Faults) -> bool:
        login = "Basic " + base64.b64encode(faults.login.encode()).decode()
        if faults.statuses:
            self.send_error(faults.statuses.pop(0))
        elif faults.login and self.headers.get("Authorization") != login:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="mirror"')
            self.end_headers()
        elif faults.redirect:
            self.send_response(302)
            self.send_header("Location", faults.redirect + path)
            self.end_headers()
        elif not (self.server.folder / unquote(path).lstrip("/")).is_file():
            self.send_error(404)
        else:
            return False
        return True

    def _deliver(self, path: str, wanted: str, faults: Faults) -> None:
        content = (self.server.folder / unquote(path).lstrip("/")).read_bytes()
        start = 0
        if wanted and faults.ranges:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(content):
                self.send_error(416)
                return
            self.send_response(206)
            first = start + 1 if faults.wrong_range else start
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        body = content[start:] if faults.page is None else faults.page
        kind = "text/html" if faults.page is not None else "application/octet-stream"
        self.send_header("Content-Type", kind)
        if faults.length:
            self.send_header("Content-Length", str(faults.claim or len(body)))
        self.end_headers()
        self._send(body, faults)

    def _send(self, body: bytes, faults: Faults) -> None:
        if faults.cut is not None and faults.cuts > 0:
            faults.cuts -= 1
            self.wfile.write(body[: faults.cut])
        elif faults.hold is not None:
            self.wfile.write(body[: faults.hold])
            self.wfile.flush()
            self.server.held.set()
            faults.resume.wait()
            self.wfile.write(body[faults.hold :])
        elif faults.drip:
            for position in range(len(body)):
                self.wfile.write(body[position : position + 1])
                if faults.resume.wait(0.02):
                    return
        else:
            self.wfile.write(body)


@contextmanager
def serving(folder: Path, faults: Faults | None = None) -> Iterator[Server]:
    server = Server(folder, faults or Faults())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.faults.resume.set()
        server.shutdown()
        server.server_close()
        thread.join()


def dead_url() -> str:
    """An address of this machine where nobody listens."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        return f"http://127.0.0.1:{server.server_port}"
