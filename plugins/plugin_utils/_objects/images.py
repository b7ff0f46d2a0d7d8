# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which images a site's nodes have, by the word of their containerd: kubelets tell of a part alone."""

from __future__ import annotations

import typing as t

from ansible.utils.display import Display

from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.base import EdgeAction
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.inputs import collect
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.places import place_of, places_of

DISPLAY = Display()
INPUTS = ("distribution", "site", "role", "data_dir", "bin_dir", "node_name")


def node_images(
    action: EdgeAction, wanted: t.Sequence[str], task_vars: dict[str, t.Any]
) -> dict[str, list[str]]:
    """Those of `wanted` that each node has, by Node.

    Nodes that do not answer are left out, with a warning: nothing is refused for what they may lack.
    """
    found: dict[str, list[str]] = {}
    for host in _hosts(task_vars):
        given = collect(INPUTS, task_vars["hostvars"][host], lambda value: value)
        asked = {**given, "images": list(wanted)}
        answer = action.run_on_peer(host, "node_images", asked, task_vars, ("node", "images"))
        if answer.get("failed"):
            reason = answer.get("msg") or "it gave no answer"
            DISPLAY.warning(f"{host} cannot be asked for its images: {reason}")
        else:
            found[str(answer["node"])] = list(answer["images"])
    return found


def _hosts(task_vars: dict[str, t.Any]) -> list[str]:
    """The site's machines; the task's own host alone where no topology is known."""
    site = place_of(task_vars).get("site")
    hosts = [
        name
        for name, place in places_of(task_vars).items()
        if place["site"] == site and not place["alias_of"] and not place["guest"]
    ]
    return hosts or [str(task_vars["inventory_hostname"])]
