# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from rig import Node


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Node]:
    folder = tmp_path_factory.mktemp("node")
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)  # the node's users have to reach their homes
    made = Node(folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()
