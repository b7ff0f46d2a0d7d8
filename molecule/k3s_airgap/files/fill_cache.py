# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fill a controller's cache from a mirror: fill_cache.py MIRROR CACHE VERSION."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, os.environ["ANSIBLE_COLLECTIONS_PATH"])

from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.k3s import K3S
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.store import Store

mirror, cache, version = sys.argv[1:]
store = Store(Path(cache), [mirror], K3S)
release = store.describe(store.resolve(version))
for asset in release.assets.values():
    store.fetch(asset)
