# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import tempfile
import typing as t
from pathlib import Path

import pytest

from .rig import Node


@pytest.fixture(scope="session")
def node() -> t.Iterator[Node]:
    """Not under pytest's folders: the node's users have to reach it, and socket paths are short."""
    with tempfile.TemporaryDirectory(prefix="kept-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        made = Node(Path(folder))
        try:
            made.start()
            yield made
        finally:
            made.stop()
