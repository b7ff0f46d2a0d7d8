# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which folders of registries are ours: noted in the receipt, so that those no longer asked for can go. Pure."""

from __future__ import annotations

import typing as t

from .._core.plan import Phase, Plan, Step

Mapping = t.Mapping[str, t.Any]


def noted(registries: Mapping | None, receipt: Mapping) -> dict[str, list[str]]:
    """What the receipt is to say of the folders that are ours: as it was, where nothing is asked for."""
    names = sorted(_wanted(registries)) if registries is not None else receipt.get("registries")
    return {"registries": names} if names else {}


def gone(registries: Mapping, receipt: Mapping) -> list[str]:
    """Folders that were ours and are no longer asked for."""
    wanted = _wanted(registries)
    return [name for name in receipt.get("registries") or () if name not in wanted]


def emptied(root: str, receipt: Mapping, files: Plan) -> list[Step]:
    """Steps for the folders of files that go: an empty one would hide `_default` from containerd."""
    if not receipt.get("registries"):
        return []
    folders = [
        step.target.rpartition("/")[0]
        for step in files.steps
        if step.verb == "remove" and step.target.startswith(f"{root}/")
    ]
    return [Step(Phase.CLEAN, "remove_empty", path, f"remove {path}") for path in folders]


def _wanted(registries: Mapping) -> t.Collection[str]:
    from .hosts_toml import hosts  # few sites have any

    return hosts(registries)
