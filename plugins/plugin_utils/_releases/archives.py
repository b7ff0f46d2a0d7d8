# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Releases whose programs lie in an archive: fetched once, its programs kept, the archive itself not."""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.cache import digest_of, place
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.mirrors import Mirror
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.names import ReleaseNames
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.release import Asset
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.transport import SourceError

Fetch = Callable[[Asset], Path]


class Archives:
    """The archives of one distribution. `fetch` brings a file of known digest into the cache."""

    def __init__(self, objects: Path, names: ReleaseNames, fetch: Fetch) -> None:
        self._objects = objects
        self._names = names
        self._fetch = fetch

    def unpack(self, mirror: Mirror, tag: str, arch: str, digest: str) -> dict[str, str]:
        """SHA-256 by name of the programs in the mirror's archive, which lie in the cache afterwards.

        Raises SourceError where the archive cannot be had or is not as it should be.
        """
        name = self._names.archive_name(tag, arch)
        try:
            path = self._fetch(Asset(tag, name, digest, None, (mirror.url(tag, name),)))
        except EdgeError as error:
            raise SourceError(error.message, again=False) from error
        try:
            return self._members(path, self._names.paths_in_archive(tag, arch))
        except (tarfile.TarError, EOFError) as error:
            raise SourceError(f"cannot be unpacked: {error}", again=False) from error
        finally:
            for end in ("", ".seen"):
                path.with_name(path.name + end).unlink(missing_ok=True)

    def _members(self, path: Path, wanted: dict[str, str]) -> dict[str, str]:
        found: dict[str, str] = {}
        with tarfile.open(path) as archive:
            for member in archive:
                name = wanted.get(member.name.removeprefix("./"))
                source = archive.extractfile(member) if name and member.isfile() else None
                if name and source is not None:
                    found[name] = self._keep(source)
        missing = sorted(set(wanted.values()) - set(found))
        if missing:
            raise SourceError(f"holds no {', '.join(missing)}", again=False)
        return found

    def _keep(self, source: IO[bytes]) -> str:
        """Put a program where the cache keeps files by their digest."""
        with NamedTemporaryFile(dir=self._objects, prefix=".unpacked-", delete=False) as target:
            staged = Path(target.name)
            try:
                shutil.copyfileobj(source, target)
            except BaseException:
                staged.unlink()
                raise
        os.chmod(staged, 0o644)
        digest = digest_of(staged)
        place(staged, self._objects / digest)
        return digest
