# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where releases lie: web servers and folders that hold `<tag>/<file>`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.names import ReleaseNames

OFFICIAL = "official"


def redacted(url: str) -> str:
    """The URL without the user and password it may hold; a folder as a plain path."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        return unquote(parts.path)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


@dataclass(frozen=True)
class Mirror:
    """`base` is a http(s) or file URL without a slash at its end; `channels` a whole URL."""

    base: str
    channels: str

    @property
    def label(self) -> str:
        return redacted(self.base)

    def url(self, tag: str, name: str) -> str:
        # "+" must be quoted: some object stores read a bare one as a blank.
        return f"{self.base}/{quote(tag, safe='')}/{quote(name, safe='')}"


def read_mirrors(mirrors: Sequence[str], names: ReleaseNames) -> tuple[Mirror, ...]:
    """The mirrors in the order given, without repetitions; the official one when none is given.

    Raises EdgeError (spec) for an entry that is neither a URL nor an absolute folder.
    """
    read = [_read(str(entry).strip(), names) for entry in mirrors or (OFFICIAL,)]
    return tuple(dict.fromkeys(read))


def _read(entry: str, names: ReleaseNames) -> Mirror:
    if not names.official and entry == OFFICIAL:
        raise EdgeError(
            f"{names.distribution} has no official place that holds its releases as files",
            kind="release",
            hint=f"{names.filling}, and name the folder above it in edge_release_mirrors",
        )
    if entry == OFFICIAL or entry.rstrip("/") == names.official:
        return Mirror(names.official, names.channels)
    if entry.startswith(("/", "~")):
        entry = Path(os.path.expanduser(entry)).absolute().as_uri()
    try:
        parts = urlsplit(entry)
        web = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # malformed port or IPv6 address
        raise _refused(entry) from None
    folder = parts.scheme == "file" and not parts.netloc and parts.path.startswith("/")
    if not (web or folder) or parts.query or parts.fragment:
        raise _refused(entry)
    base = entry.rstrip("/")
    return Mirror(base, f"{base}/{names.channels_file}")


def _refused(entry: str) -> EdgeError:
    shown = "***@" + entry.rpartition("@")[2] if "@" in entry else entry
    return EdgeError(
        f"release mirror {shown!r} is not usable",
        kind="spec",
        hint="Give an http(s) URL without a query, a file:// URL, an absolute folder, or the word"
        f" '{OFFICIAL}'. A mirror holds <tag>/<file>.",
    )
