# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ranges of pods and services where no input names them. Its documentation: default_networks.yml beside it."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution import registry


def default_networks(distribution: t.Any) -> dict[str, list[str]]:
    """See registry.default_networks."""
    try:
        return registry.default_networks(str(distribution or registry.DEFAULT))
    except EdgeError as exc:
        raise AnsibleFilterError(f"default_networks: {exc.message}") from exc


class FilterModule:
    """The filter for Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """By name."""
        return {"default_networks": default_networks}
