# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs and archives that a document needs, fetched by the node itself: by ranges, accepted by sha256 alone.

What has arrived before a cut stays beside, and the next attempt asks for the rest.
"""

from __future__ import annotations

import hashlib
import os
import typing as t

from .._core.about import AGENT
from .._core.errors import EdgeError
from .._core.verbs import ARTIFACTS, artifact_path
from .._host import files
from .._host.http_errors import HttpError
from . import reach
from .windows import opens

if t.TYPE_CHECKING:
    from .._host.host import Host
    from .._host.http import Connection
    from .up import Policy

RESERVE = 16 << 20  # bytes that stay free on the disk
REDIRECTS = 5
SILENCE_SECONDS = 60.0
MOVED = (301, 302, 303, 307, 308)
Connect = t.Callable[[str], "Connection"]


class _Useless(Exception):
    """This place does not give it; the text says why."""


def places_of(need: t.Mapping[str, t.Any], version: str, mirrors: t.Iterable[str]) -> list[str]:
    """URLs at which mirrors hold an asset of a release: <mirror>/<version>/<name>. Pure."""
    from urllib.parse import quote

    below = f"{quote(version, safe='')}/{quote(str(need['name']), safe='')}"
    return [f"{base.rstrip('/')}/{below}" for base in mirrors]


def bring(
    host: Host,
    need: t.Mapping[str, t.Any],
    urls: t.Sequence[str],
    connect: Connect,
    pace: t.Callable[[int], None],
    *,
    token: t.Callable[[str], str] = lambda url: "",
) -> None:
    """Have the artifact lie on the node. EdgeError(kind=artifact) naming why no place gives it.

    `pace` is told of each piece of so many bytes, 0 before the first, and may wait or raise. `token` is what the
    site shows to the server of a URL.
    """
    sha256 = str(need["sha256"])
    folder = host.path(ARTIFACTS)
    files.make_folder(folder, 0o700)
    partial = f"{folder}/.partial-{sha256}"
    said = []
    for url in urls:
        try:
            pace(0)
            _from(url, partial, connect, pace, token)
            if _digest(partial) != sha256:
                os.unlink(partial)
                raise _Useless("what it holds is something else")
        except (_Useless, HttpError) as exc:
            said.append(f"{url}: {exc}")
            continue
        except OSError as exc:
            raise EdgeError(f"cannot keep {need['name']}: {exc.strerror}", kind="artifact") from exc
        os.replace(partial, host.path(artifact_path(sha256)))
        files.sync_folder(folder)
        return
    raise EdgeError(
        f"{need['name']} is nowhere to be had: {'; '.join(said) or 'no mirror is named'}",
        kind="artifact",
        hint="name mirrors that the site reaches in edge_release_mirrors, or bring it by a push",
    )


def pacer(host: Host, policy: Policy, clock: t.Any, until: float) -> t.Callable[[int], None]:
    """What keeps a fetch within the site's bandwidth and windows, and within its round.

    EdgeError(kind=busy) where no window is open, and once the host's monotonic clock is past `until`.
    """

    def pace(size: int) -> None:
        if policy.rate and size:
            host.sleep(size / policy.rate)
        if host.monotonic() > until:
            raise EdgeError(
                "what the document needs is still on its way",
                kind="busy",
                hint="what has come so far is kept; the site tells what it has to tell, and goes on in its next round",
            )
        now = clock.time()
        opening = opens(policy.windows, now, clock.localtime)
        if opening > now:
            from .agent import stamp

            raise EdgeError(
                f"no window is open for what the document needs, until {stamp(opening)}",
                kind="busy",
                hint="what has come so far is kept; edge_sync_windows says when the site may use its link",
            )

    return pace


def _from(
    url: str,
    partial: str,
    connect: Connect,
    pace: t.Callable[[int], None],
    token: t.Callable[[str], str],
) -> None:
    for dummy in range(REDIRECTS):
        have = os.path.getsize(partial) if os.path.exists(partial) else 0
        fields = {"User-Agent": AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}
        if have:
            fields["Range"] = f"bytes={have}-"
        if token(url):
            fields["Authorization"] = f"Bearer {token(url)}"
        with connect(url) as link:
            head, blocks = link.stream(reach.split(url)[1], headers=fields, timeout=SILENCE_SECONDS)
            if head.status not in MOVED:
                _take(head.status, head.fields, blocks, partial, pace)
                return
        url = _next(url, head.fields.get("location", ""))
    raise _Useless("it leads on for ever")


def _take(
    status: int,
    fields: t.Mapping[str, str],
    blocks: t.Iterator[bytes],
    partial: str,
    pace: t.Callable[[int], None],
) -> None:
    if status == 416:  # there is no more than what is here already, or it is another file
        return
    if status not in (200, 206):
        raise _Useless(f"the answer is {status}")
    length = fields.get("content-length", "0")
    free = os.statvfs(os.path.dirname(partial))
    room = free.f_bavail * free.f_frsize - RESERVE
    if int(length) > room:
        raise _Useless(f"{length} bytes do not fit on the disk")
    with open(partial, "ab" if status == 206 else "wb") as stream:
        for block in blocks:
            room -= len(block)
            if room < 0:  # it has not told its length, and may never end
                stream.truncate(0)
                raise _Useless("it does not fit on the disk")
            stream.write(block)
            pace(len(block))
        stream.flush()
        os.fsync(stream.fileno())


def _next(url: str, location: str) -> str:
    from urllib.parse import urljoin

    found = urljoin(url, location)
    if not location or (url.startswith("https:") and not found.startswith("https:")):
        raise _Useless("it leads to a place that is not trusted")
    return found


def _digest(path: str) -> str:
    found = hashlib.sha256()
    with open(path, "rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            found.update(block)
    return found.hexdigest()
