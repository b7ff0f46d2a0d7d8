# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every test starts with: this clone importable as the collection, wherever it lies."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).resolve().parent.parent


def make_collection_importable() -> None:
    """Put this clone first, for this process and for the ansible commands that tests start."""
    command = [sys.executable, str(REPOSITORY / "tools/collection_tree.py"), "link"]
    root = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    sys.path.insert(0, root)
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = root


make_collection_importable()

# A shared machine may be slow at any moment: time is never what a property fails for. `fast` draws the
# same examples in every run, so that a change is judged by what it changes; `full` draws new ones.
settings.register_profile("fast", deadline=None, max_examples=60, derandomize=True)
settings.register_profile(
    "full", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))
