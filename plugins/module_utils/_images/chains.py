# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How layers make an image: diffIDs of a config, and the chain IDs of their snapshots. Pure."""

from __future__ import annotations

import hashlib
import typing as t


def chain(diff_ids: t.Sequence[str]) -> list[str]:
    """The chain ID of each layer from the lowest on (OCI image specification, config, layer chain ID)."""
    found: list[str] = []
    for diff_id in diff_ids:
        text = f"{found[-1]} {diff_id}" if found else ""
        found.append(f"sha256:{hashlib.sha256(text.encode()).hexdigest()}" if text else diff_id)
    return found


def rows(document: t.Any, key: str) -> list[dict[str, t.Any]]:
    """The descriptors below `key`; none where the document is of another kind."""
    value = document.get(key) if isinstance(document, dict) else None
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def diff_ids(config: t.Any) -> tuple[str, ...]:
    """The diffIDs in a config, from the lowest layer on."""
    fs = config.get("rootfs") if isinstance(config, dict) else None
    found = fs.get("diff_ids") if isinstance(fs, dict) else None
    return tuple(str(item) for item in found) if isinstance(found, list) else ()
