# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Short digests of the labels and taints that are ours: a server's, and those that a node wants. Pure."""

from __future__ import annotations

import hashlib
import json
import typing as t

DIGITS = 12  # enough to tell like from unlike; the answer travels


def digests(labels: t.Mapping[str, t.Any], taints: t.Mapping[str, bool]) -> dict[str, str]:
    """Of labels with their values and taints with their presence; empty parts are left out."""
    parts = {"labels": labels, "taints": taints}
    return {
        key: hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()[:DIGITS]
        for key, part in parts.items()
        if part
    }


def wished(
    labels: t.Mapping[str, str] | None, taints: t.Iterable[str] | None
) -> dict[str, str | None]:
    """What `objects.brief` says of a Node on which `objects.steps` has nothing to do.

    None for what is unset: any will do.
    """
    found = digests(labels or {}, dict.fromkeys(taints or (), True))
    unset = {"labels": labels is None, "taints": taints is None}
    return {key: None if unset[key] else found.get(key, "") for key in unset}
