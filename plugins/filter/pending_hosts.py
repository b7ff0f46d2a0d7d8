# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts of converge.yml's first pass go on. Its documentation: pending_hosts.yml beside it."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.lightk8s.edge.plugins.plugin_utils._site import views


def pending_hosts(planned: t.Any, places: t.Any) -> list[dict[str, t.Any]]:
    """See views.pending_hosts."""
    if not isinstance(planned, t.Mapping) or not isinstance(places, t.Mapping):
        raise AnsibleFilterError("pending_hosts wants results by host name, and edge_topology")
    return views.pending_hosts(planned, places)


class FilterModule:
    """The filter for Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """By name."""
        return {"pending_hosts": pending_hosts}
