# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the inventory says of a node's agent, and the code that it is to be."""

from __future__ import annotations

import tempfile
import typing as t
from pathlib import Path

from ansible import constants

from ansible_collections.lightk8s.edge.plugins.module_utils._doors.sync_options import AGENT
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.inputs import collect

if t.TYPE_CHECKING:
    from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.bundle import Bundle

# Inputs that say that there is to be an agent: the mode says something of the images, too.
WISHES = (
    "sync_url",
    "sync_document_url",
    "sync_interval_minutes",
    "sync_trusted_keys",
    "queue_operations",
    "cache_enabled",
)
HYBRID = "hybrid"
Values = t.Mapping[str, t.Any]
C: t.Any = constants


def site_agent(
    given: Values | None, variables: Values, template: t.Callable[[t.Any], t.Any]
) -> dict[str, t.Any] | None:
    """The section of a node that is to have an agent, or is to lose it; None for all others.

    Options that a task gives go over the inputs; unset ones are as if they were not there.
    """
    if variables.get("edge_alias_of"):
        return None
    inputs = collect(AGENT, variables, template)
    chosen = {key: value for key, value in (given or {}).items() if value not in (None, "")}
    if not chosen and inputs.get("mode") != HYBRID and inputs.keys().isdisjoint(WISHES):
        return None
    return {**inputs, **chosen, "host": str(variables["inventory_hostname"])}


def code_of(code: Bundle) -> dict[str, t.Any]:
    """The option `agent`."""
    return {"agent": {"sha256": code.digest, "size": len(code.archive)}}


def archive_of(code: Bundle) -> Path:
    """The code as a file, for a node that has not kept what it was sent."""
    path = Path(tempfile.mkdtemp(dir=C.DEFAULT_LOCAL_TMP)) / "agent.zip"
    path.write_bytes(code.archive)
    return path
