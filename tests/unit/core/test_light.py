# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every run on a node loads stays light: modules of the standard library that few runs need come with these."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

ROOT = "ansible_collections.lightk8s.edge.plugins.module_utils"
HEAVY = {"tempfile", "shutil", "random", "ssl", "http.client", "sqlite3", "urllib.request"}


@pytest.mark.parametrize("name", ["_host.host", "_core.engine", "_doors.nouns"])
def test_nothing_heavy_is_loaded_before_it_is_needed(name: str) -> None:
    code = f"import sys, {ROOT}.{name}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={**os.environ, "PYTHONPATH": os.environ["ANSIBLE_COLLECTIONS_PATH"]},
        check=True,
        capture_output=True,
        text=True,
    )
    assert not HEAVY & set(done.stdout.split())
