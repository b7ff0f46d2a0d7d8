# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bringing one file of known digest into the cache, whatever the mirrors do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.cache import (
    digest_of,
    place,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.mirrors import redacted
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.progress import (
    Meter,
    human_bytes,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.release import Asset
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.transport import (
    PastEnd,
    Patience,
    SourceError,
    Stream,
    chunks,
    open_at,
)

# An attempt that brought less than this counts as one that brought nothing: a link that drops
# after every few packets must come to an end, one that drops after every megabyte need not.
_WORTHWHILE = 1 << 16


class WrongBytes(SourceError):
    """A mirror delivered a whole file that is not the one promised."""

    def __init__(self, found: str, size: int) -> None:
        super().__init__(f"wrong checksum, found {found} ({human_bytes(size)})", again=False)


class Download:
    """One file on its way to `final`. To be used by one process at a time (hold the lock).

    `starting` is called once, with the bytes to come, before they do.
    """

    def __init__(
        self,
        asset: Asset,
        final: Path,
        *,
        patience: Patience,
        meter: Meter,
        starting: Callable[[int], None],
    ) -> None:
        self._asset = asset
        self._final = final
        self._partial = final.with_name(f"{asset.sha256}.partial")
        self._patience = patience
        self._meter = meter
        self._starting = starting
        self._announced = False

    def run(self) -> list[tuple[str, SourceError]]:
        """Try the mirrors in turn; the failures of those that did not deliver.

        Raises EdgeError (artifact) when none did. What a broken transfer left stays for the next
        run to go on from, wrong bytes do not.
        """
        failures: list[tuple[str, SourceError]] = []
        if self._complete():
            place(self._partial, self._final)
            return failures
        for url in self._asset.urls:
            try:
                self._from_mirror(url)
            except SourceError as error:
                failures.append((redacted(url), error))
            else:
                return failures
        raise self._failed(failures)

    def _from_mirror(self, url: str) -> None:
        if url.startswith("file:") and self._linked(Path(unquote(urlsplit(url).path))):
            return
        best, failures, scratched = self._have(), 0, False
        while True:
            try:
                start = self._receive(url)
                if self._complete():
                    place(self._partial, self._final)
                    return
                found = digest_of(self._partial, self._asset.sha256)
                wrong = WrongBytes(found, self._have())
                self._partial.unlink()
                # The first part came earlier, perhaps from elsewhere: not this mirror's fault yet.
                if start == 0 or scratched:
                    raise wrong
                best, scratched = 0, True
            except SourceError as error:
                gained = self._have() - best
                best = max(best, self._have())
                failures = 1 if gained >= _WORTHWHILE else failures + 1
                if not error.again or failures >= self._patience.attempts:
                    raise
                self._patience.pause(failures)

    def _linked(self, source: Path) -> bool:
        """Take a file of the same file system as it lies there, without a copy."""
        staged = self._final.with_name(f"{self._asset.sha256}.linked")
        staged.unlink(missing_ok=True)
        if not source.is_file():  # reading it will tell why
            return False
        try:
            os.link(source.resolve(), staged)
        except OSError:  # another file system, or not ours to link
            return False
        found, size = digest_of(staged, self._asset.sha256), staged.stat().st_size
        if found != self._asset.sha256:
            staged.unlink()
            raise WrongBytes(found, size)
        place(staged, self._final)
        self._partial.unlink(missing_ok=True)
        return True

    def _receive(self, url: str) -> int:
        """Append what `url` has to the partial file; the offset it started from."""
        try:
            with open_at(url, self._have(), self._patience) as stream:
                if stream.page:
                    raise SourceError("answers with a web page, not with the file", again=False)
                self._write(stream)
                return stream.start
        except PastEnd:
            self._partial.unlink(missing_ok=True)
            raise

    def _write(self, stream: Stream) -> None:
        self._require_room(stream)
        if stream.total is not None and not self._announced:
            self._announced = True
            self._starting(stream.total - stream.start)
        self._meter.begin(stream.start, stream.total)
        descriptor = os.open(self._partial, os.O_WRONLY | os.O_CREAT, 0o644)
        with open(descriptor, "wb") as target:
            target.truncate(stream.start)
            target.seek(stream.start)
            for chunk in chunks(stream, self._patience):
                target.write(chunk)
                self._meter.add(len(chunk))
        self._meter.end()
        have = self._have()
        if stream.total is not None and have < stream.total:
            raise SourceError(f"cut after {have} of {stream.total} bytes", again=True)

    def _require_room(self, stream: Stream) -> None:
        if stream.total is None:
            return
        free = shutil.disk_usage(self._final.parent).free
        # What lies there already is cut off first when the mirror starts from the beginning.
        missing = stream.total - self._have()
        if missing > free:
            raise EdgeError(
                f"{self._asset.name} of {self._asset.tag} needs {human_bytes(missing)} more in"
                f" {self._final.parent}, where {human_bytes(free)} are free",
                kind="io",
                hint="Free space there, or set edge_cache_dir to another folder.",
            )

    def _complete(self) -> bool:
        wanted = self._asset.sha256
        return self._have() > 0 and digest_of(self._partial, wanted) == wanted

    def _have(self) -> int:
        with suppress(FileNotFoundError):
            return self._partial.stat().st_size
        return 0

    def _failed(self, failures: list[tuple[str, SourceError]]) -> EdgeError:
        reasons = "; ".join(f"{url}: {error}" for url, error in failures)
        hint = f"Make a mirror reachable, or place the file as {self._final}."
        if any(isinstance(error, WrongBytes) for dummy, error in failures):
            hint = (
                "The mirror does not hold what the release's checksum file promises: put the"
                f" right file on it, or place it as {self._final}. If the mirror's checksum file"
                " was replaced as well, remove the cached record of this version."
            )
        algorithm = "sha512" if len(self._asset.sha256) == 128 else "sha256"
        return EdgeError(
            f"cannot fetch {self._asset.name} of {self._asset.tag}, expected"
            f" {algorithm} {self._asset.sha256}: {reasons}",
            kind="artifact",
            hint=hint,
        )
