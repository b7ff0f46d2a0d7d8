# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A store under test together with all that it said."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.k3s import K3S
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.release import Asset
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.store import Store
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.transport import Patience

from .mirror import QUICK, TAG


class Bench:
    def __init__(self, folder: Path, *mirrors: str, patience: Patience = QUICK) -> None:
        self.cache = folder / "cache"
        self.lines: list[str] = []
        self.warnings: list[str] = []
        self.hints: list[str] = []  # these tests may themselves run inside a container
        self.store = Store(
            self.cache,
            mirrors,
            K3S,
            progress=self.lines.append,
            warn=self.warn,
            patience=patience,
        )

    def warn(self, line: str) -> None:
        (self.hints if "goes away with this container" in line else self.warnings).append(line)

    def binary(self) -> Asset:
        return self.store.describe(TAG, arch="amd64").asset("binary", "amd64")

    def fetch(self) -> Path:
        return self.store.fetch(self.binary())

    def failure(self, kind: str = "artifact") -> EdgeError:
        with pytest.raises(EdgeError) as caught:
            self.fetch()
        assert caught.value.kind == kind
        assert caught.value.hint
        return caught.value

    def objects(self) -> list[str]:
        """What lies in the cache, without the store's notes on it."""
        return sorted(
            path.name for path in (self.cache / "objects").glob("*") if path.suffix != ".seen"
        )
