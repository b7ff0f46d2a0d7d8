# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The release store: versions, channels and files, from mirrors through a cache."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.archives import Archives
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.cache import (
    guarded,
    is_thrown_away,
    is_verified,
    locked,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.channels import Channels
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.checksums import is_sha256
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.download import Download
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.mirrors import (
    Mirror,
    read_mirrors,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.names import (
    ReleaseNames,
    canonical_arch,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.progress import (
    Meter,
    human_bytes,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.record import Record, Sums
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.release import Asset, Release
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.transport import Patience

_PATIENCE = Patience()


def _silent(line: str) -> None:
    """Where nobody listens."""


class Store:
    """Releases of one distribution. Any number of processes may share `cache_dir`.

    `mirrors` are asked in order and nobody else is; empty means the official one. Proxies, netrc
    and CA certificates come from the environment, as for Ansible's own downloads. `progress` gets
    one line at a time, `warn` what a person should know although the work went on.
    """

    def __init__(
        self,
        cache_dir: Path,
        mirrors: Sequence[str],
        names: ReleaseNames,
        *,
        progress: Callable[[str], None] | None = None,
        warn: Callable[[str], None] | None = None,
        patience: Patience = _PATIENCE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._cache = cache_dir
        self._mirrors: tuple[Mirror, ...] = read_mirrors(mirrors, names)
        self._names = names
        self._say = progress or _silent
        self._warn = warn or _silent
        self._patience = patience
        self._clock = clock
        self._sums: dict[str, Sums] = {}

    def resolve(self, version: str) -> str:
        """The exact tag of a version or channel.

        Needs the network for a channel only, and then at most once an hour. Raises EdgeError
        (release).
        """
        text = version.strip()
        for candidate in (text, f"v{text}"):
            if self._names.is_tag(candidate):
                return candidate
        channels = Channels(
            self._cache / self._names.distribution,
            self._mirrors,
            self._names,
            patience=self._patience,
            clock=self._clock,
            warn=self._warn,
        )
        with guarded(self._cache):
            return channels.resolve(text)

    def describe(self, tag: str, *, arch: str | None = None) -> Release:
        """What the release holds, according to its checksum files.

        Answered from the cache, for ever, as soon as it knows the release for any architecture;
        with `arch` as soon as it knows that one. Raises EdgeError (release).
        """
        if not self._names.is_tag(tag):
            raise EdgeError(
                f"{tag!r} is not a version of {self._names.distribution}",
                kind="release",
                hint=f"A version looks like {self._names.tag_example}.",
            )
        wanted = canonical_arch(arch) if arch else None
        sums = self._sums.get(tag, {})
        if not sums or (wanted and wanted not in sums):
            record = self._record(tag)
            sums = record.load()
            if self._names.archive and not sums and not wanted:
                return Release(tag, {})  # archives are large: only those in use are fetched
            if not sums or (wanted and wanted not in sums):
                with guarded(self._cache):
                    sums = record.complete(wanted, self._patience)
            self._sums[tag] = sums
        return self._release(tag, sums)

    def fetch(self, asset: Asset, *, pinned_sha256: str | None = None) -> Path:
        """A verified file in the cache; other processes that want it wait and share it.

        Raises EdgeError: artifact (no mirror delivered the right bytes, or the pin says
        otherwise), spec (malformed pin), io (the cache).
        """
        if pinned_sha256:
            _check_pin(asset, pinned_sha256)
        final = self._cache / "objects" / asset.sha256
        with guarded(self._cache):
            if is_verified(final, asset.sha256):
                return final
            label = f"{asset.name} {asset.tag}"
            with locked(
                self._cache / "locks" / asset.sha256,
                lambda: self._say(f"{label}: waiting for another process that fetches it"),
            ):
                if not is_verified(final, asset.sha256):
                    if self._names.archive:
                        self._unpack_again(asset)
                    else:
                        self._download(asset, final, label)
        return final

    def _record(self, tag: str) -> Record:
        folder = self._cache / self._names.distribution
        archives = Archives(self._cache / "objects", self._names, self._fetch_archive)
        return Record(folder, tag, self._mirrors, self._names, archives)

    def _fetch_archive(self, asset: Asset) -> Path:
        final = self._cache / "objects" / asset.sha256
        self._download(asset, final, f"{asset.name} {asset.tag}")
        return final

    def _unpack_again(self, asset: Asset) -> None:
        """A program that came out of an archive and has gone from the cache. EdgeError (artifact)."""
        record = self._record(asset.tag)
        for arch, sums in record.load().items():
            if asset.sha256 in sums.values():
                record.forget(arch)
                record.complete(arch, self._patience)
        if not is_verified(self._cache / "objects" / asset.sha256, asset.sha256):
            raise EdgeError(
                f"no mirror has {asset.name} of {asset.tag} with sha256 {asset.sha256} any more",
                kind="artifact",
                hint="Find out who changed the release, then run again.",
            )

    def _download(self, asset: Asset, final: Path, label: str) -> None:
        final.parent.mkdir(parents=True, exist_ok=True)
        if final.exists():
            self._warn(f"{label}: the copy in the cache is damaged ({final}), fetching it again")
            final.unlink()
        download = Download(
            asset,
            final,
            patience=self._patience,
            meter=Meter(label, self._say),
            starting=self._hint_at_volume,
        )
        for url, error in download.run():
            self._warn(f"{label}: taken from a later mirror, because {url}: {error}")
        if not self._names.archive:
            is_verified(final, asset.sha256)  # remembers the digest for the next process

    def _hint_at_volume(self, size: int) -> None:
        if is_thrown_away(self._cache):
            self._warn(
                f"fetching {human_bytes(size)} into {self._cache}, which goes away with this"
                " container: every job will fetch them again. Mount a volume and set"
                " edge_cache_dir to it."
            )

    def _release(self, tag: str, sums: Sums) -> Release:
        assets: dict[str, Asset] = {}
        for key in self._names.assets:
            listed = sums.get(key.partition(":")[2], {})
            name = self._names.asset_name(key, tag, listed)
            if name:
                assets[key] = self._asset(tag, name, listed[name])
        return Release(tag, assets)

    def _asset(self, tag: str, name: str, sha256: str) -> Asset:
        try:
            size = (self._cache / "objects" / sha256).stat().st_size
        except OSError:
            size = None
        return Asset(tag, name, sha256, size, tuple(m.url(tag, name) for m in self._mirrors))


def _check_pin(asset: Asset, pinned: str) -> None:
    pin = pinned.strip().lower().removeprefix("sha256:")
    if not is_sha256(pin):
        raise EdgeError(
            f"the pinned checksum of {asset.name}, {pinned!r}, is not a SHA-256",
            kind="spec",
            hint="Give 64 hexadecimal digits.",
        )
    if pin != asset.sha256:
        raise EdgeError(
            f"{asset.name} of {asset.tag} is pinned to sha256 {pin}, but the release's checksum"
            f" file says {asset.sha256}",
            kind="artifact",
            hint="Correct the pin, or find out who changed the release. Nothing was fetched.",
        )
