# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of one release: its checksum files, kept for ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.archives import Archives
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.cache import (
    load_json,
    locked,
    save_json,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.checksums import is_sha256
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.mirrors import Mirror
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.names import (
    ARCHES,
    ReleaseNames,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.transport import (
    Patience,
    SourceError,
    read_text,
)

_LIMIT = 1 << 20

Sums = Mapping[str, Mapping[str, str]]  # architecture -> file name -> digest


class Record:
    """The checksums of one tag, per mirror that vouched for them.

    They are kept per mirror because trust is: a mirror that was tried once must not decide what
    the same tag means for somebody who does not list it.
    """

    def __init__(
        self,
        folder: Path,
        tag: str,
        mirrors: Sequence[Mirror],
        names: ReleaseNames,
        archives: Archives,
    ) -> None:
        self.path = folder / f"{tag}.json"
        self._archives = archives
        self._tag = tag
        self._mirrors = mirrors
        self._names = names

    def load(self) -> Sums:
        """What the cache knows, the first listed mirror's word first."""
        return self._chosen(load_json(self.path))

    def forget(self, arch: str) -> None:
        """Have the mirrors asked again for `arch`: what was made of their answer is gone."""
        kept = load_json(self.path)
        for vouched in kept.values():
            if isinstance(vouched, dict):
                vouched.pop(arch, None)
        save_json(self.path, kept)

    def complete(self, arch: str | None, patience: Patience) -> Sums:
        """Ask the mirrors for `arch`, or for all, and keep the answers.

        Raises EdgeError (release) when that, or with None all of it, cannot be had.
        """
        with locked(self.path.with_name(f".{self._tag}.lock"), lambda: None):
            kept = load_json(self.path)
            known = self._chosen(kept)
            if known and (arch is None or arch in known):
                return known
            wanted = (arch,) if arch else tuple(a for a in ARCHES if a in self._names.checksums)
            asking = _Asking(self._tag, self._mirrors, self._names, patience, self._archives)
            for one in wanted:
                asking.ask(one, kept)
            known = self._chosen(kept)
            if not known or (arch and arch not in known):
                raise asking.failed(arch)
            save_json(self.path, kept)
        return known

    def _chosen(self, kept: Mapping[str, Any]) -> Sums:
        chosen: dict[str, Mapping[str, str]] = {}
        for mirror in self._mirrors:
            vouched = kept.get(mirror.label)
            for arch, sums in vouched.items() if isinstance(vouched, dict) else ():
                if arch not in chosen and _sound(sums):
                    chosen[arch] = sums
        return chosen


def _sound(sums: object) -> bool:
    return (
        isinstance(sums, dict)
        and bool(sums)
        and all(isinstance(digest, str) and is_sha256(digest) for digest in sums.values())
    )


class _Asking:
    """One round of questions; remembers what each mirror said."""

    def __init__(
        self,
        tag: str,
        mirrors: Sequence[Mirror],
        names: ReleaseNames,
        patience: Patience,
        archives: Archives,
    ) -> None:
        self._tag = tag
        self._archives = archives
        self._mirrors = mirrors
        self._names = names
        self._patience = patience
        self._reasons: dict[str, dict[str, str]] = {}
        self._away: set[str] = set()
        self._read: dict[str, dict[str, str]] = {}

    def ask(self, arch: str, kept: dict[str, Any]) -> None:
        """Add the first mirror's answer for `arch` to `kept`."""
        name = self._names.checksums.get(arch)
        if name is None:
            return
        name = name.replace("{tag}", self._tag)
        for mirror in self._mirrors:
            if mirror.label in self._away:
                continue
            url = mirror.url(self._tag, name)
            try:
                sums = self._read[url] if url in self._read else self._fetch(url)
                if self._names.archive and url not in self._read:
                    sums = self._archives.unpack(mirror, self._tag, arch, sums[""])
                self._require_asset(arch, sums)
            except SourceError as error:
                if error.again:  # it was given its attempts: do not wait for it once more
                    self._away.add(mirror.label)
                self._reasons.setdefault(mirror.label, {})[name] = str(error)
                continue
            self._read[url] = sums
            vouched = kept.get(mirror.label)
            kept[mirror.label] = {**(vouched if isinstance(vouched, dict) else {}), arch: sums}
            return

    def _fetch(self, url: str) -> dict[str, str]:
        text = read_text(url, self._patience, limit=_LIMIT)
        try:
            return self._names.parse(text)
        except ValueError as error:
            raise SourceError(f"is not a checksum file: {error}", again=False) from None

    def _require_asset(self, arch: str, sums: Mapping[str, str]) -> None:
        keys = [key for key in self._names.assets if key.endswith(f":{arch}")]
        if not any(self._names.asset_name(key, self._tag, sums) for key in keys):
            raise SourceError(f"lists no file for {arch}", again=False)

    def failed(self, arch: str | None) -> EdgeError:
        if arch and arch not in self._names.checksums:
            return EdgeError(
                f"{self._names.distribution} is not published for {arch}",
                kind="release",
                hint=f"It is for {', '.join(self._names.checksums)}.",
            )
        what = f" for {arch}" if arch else ""
        reasons = "; ".join(
            f"{label}/{self._tag}: {', '.join(f'{name}: {why}' for name, why in files.items())}"
            for label, files in self._reasons.items()
        )
        return EdgeError(
            f"no mirror has the checksum file of {self._names.distribution} {self._tag}{what}:"
            f" {reasons}",
            kind="release",
            hint="Check the version, make a mirror reachable, or add one that holds"
            " <tag>/<file> to edge_release_mirrors.",
        )
