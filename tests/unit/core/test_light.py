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
HEAVY = {
    "dataclasses",
    "inspect",
    "tempfile",
    "shutil",
    "random",
    "ssl",
    "http.client",
    "sqlite3",
    "urllib.request",
}


def loaded(code: str) -> set[str]:
    """Names of modules that are loaded after `code`."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; {code}; print(*sys.modules)"],
        env={**os.environ, "PYTHONPATH": os.environ["ANSIBLE_COLLECTIONS_PATH"]},
        check=True,
        capture_output=True,
        text=True,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("name", ["_host.host", "_core.engine", "_doors.nouns", "_doors.edge_site"])
def test_nothing_heavy_is_loaded_before_it_is_needed(name: str) -> None:
    assert not HEAVY & loaded(f"import {ROOT}.{name}")


def test_a_look_at_the_agent_loads_nothing_heavy() -> None:
    given = {
        "site": "shop",
        "distribution": "k3s",
        "host": "n1",
        "agent": {"sha256": "a" * 64, "size": 9},
        "sync_url": "https://hub.example.org",
        "sync_windows": ["daily 22:00-06:00"],
        "sync_trusted_keys": ["gUx2Or8T6hXSIbCVbcmQzJ2oXEQ8yrcYzZqWGCmmT1s="],
    }
    code = f"from {ROOT}._doors import edge_sync; found = edge_sync.main({given!r}, True, True)"
    assert not HEAVY & loaded(f"{code}; assert found['pending'], found")
