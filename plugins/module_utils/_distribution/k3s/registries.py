# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""K3s' registries.yaml.

The keys are those of the K3s documentation (installation/private-registry).
"""

from __future__ import annotations

from collections.abc import Mapping

from ..._core import yamlish
from ..registry_inputs import check, secrets

__all__ = ["check", "render", "secrets"]


def render(registries: Mapping[str, object]) -> str:
    """The file's text, keys sorted; call it with what `check` has passed."""
    return yamlish.dump(_clean(registries))


def _clean(mapping: Mapping[str, object]) -> dict[str, object]:
    """Sorted, without what is unset; rewrites keep their order, for the first match counts."""
    cleaned: dict[str, object] = {}
    for key in sorted(mapping):
        value = mapping[key]
        if key == "rewrite" and isinstance(value, Mapping):
            cleaned[key] = dict(value)
        elif isinstance(value, Mapping):
            cleaned[key] = _clean(value)
        elif value is not None:
            cleaned[key] = value
    return cleaned
