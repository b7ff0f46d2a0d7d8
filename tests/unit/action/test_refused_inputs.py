# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inputs that a distribution cannot carry out are refused before a connection is opened."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

NOBODY = "nobody ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1"


@pytest.mark.parametrize(
    ("module", "given"),
    [
        ("k0s_install", {"agent_token": "of-the-agents"}),
        ("edge_site", {"distribution": "k0s", "agent_token": "of-the-agents"}),
        ("edge_site", {"distribution": "k3s", "storage_type": "none"}),
    ],
)
def test_what_is_refused_by_the_table_opens_no_connection(
    module: str, given: dict[str, str], tmp_path: Path
) -> None:
    answer = failure_of(tmp_path, module, given)
    assert answer["kind"] == "spec"
    assert answer["message"].startswith(f"{next(reversed(given))}: ")


@pytest.mark.parametrize(
    ("module", "given"),
    [
        ("edge_site", {"site": "shop"}),
        ("edge_site", {"nouns": ["distribution", "sync"]}),
        ("edge_site", {"nouns": ["quotas", "workloads"]}),
        ("edge_sync", {"site": "shop"}),
    ],
)
def test_an_input_that_nothing_heeds_is_refused_whatever_is_asked_for(
    module: str, given: Any, tmp_path: Path
) -> None:
    more = ("-e", "edge_gpu_enabled=yes", "-e", "edge_site=shop")
    answer = failure_of(tmp_path, module, given, *more)
    assert answer["site"] == "shop"
    assert answer["kind"] == "spec"
    assert answer["message"].startswith("edge_gpu_enabled is set to ")


def failure_of(folder: Path, module: str, given: Any, *more: str) -> dict[str, str]:
    inventory = folder / "hosts"
    inventory.write_text(f"{NOBODY}\n", encoding="utf-8")
    words = ["ansible", "nobody", "-i", str(inventory), "-m", f"lightk8s.edge.{module}", *more]
    done = subprocess.run(
        [*words, "-a", json.dumps(given)], capture_output=True, text=True, check=False
    )
    assert "FAILED!" in done.stdout, done.stdout + done.stderr
    answer, _end = json.JSONDecoder().raw_decode(done.stdout.partition("=> ")[2])
    found: dict[str, str] = answer["failure"]
    return found
