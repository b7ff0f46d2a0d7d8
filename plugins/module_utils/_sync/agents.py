# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Labels and taints of a site's agents. The API lets these set some of their own or none, so a server sets all."""

from __future__ import annotations

import typing as t

from .._core.errors import EdgeError
from .._distribution import access, objects
from .._distribution.spec import AGENT, Spec

if t.TYPE_CHECKING:
    from .._host.host import Host

OURS = ("labels", "taints")
Nodes = t.Mapping[str, t.Mapping[str, t.Any]]


def wanted(nodes: Nodes) -> dict[str, dict[str, t.Any]]:
    """By the name of its Node, what a document says of each agent's labels and taints. Pure."""
    found = {}
    for host, part in nodes.items():
        options = part.get("options") or {}
        said = {key: options[key] for key in OURS if options.get(key) is not None}
        if options.get("role") == AGENT and said:
            found[str(options.get("node_name") or host)] = said
    return found


def carry(host: Host, kubeconfig: str, wishes: t.Mapping[str, t.Mapping[str, t.Any]]) -> list[str]:
    """What was done. EdgeError(api). A Node that is not there yet gets its own in a later round."""
    if not wishes:
        return []
    api, _own, nodes = access.look_at_nodes(host, kubeconfig, "")
    if api != "ok":
        raise EdgeError(f"the API does not answer: {api}", kind="api")
    done = []
    for node in nodes:
        wish = wishes.get(node.name) or {}
        labels, taints = (wish.get(key) for key in OURS)
        spec = Spec(
            "",  # whatever runs there: it is the cluster's Node that is changed
            labels=None if labels is None else {str(key): str(labels[key]) for key in labels},
            taints=None if taints is None else tuple(map(str, taints)),
        )
        for step in objects.steps(spec, node, kubeconfig, node.name):
            objects.perform(host, step)
            done.append(f"{node.name}: {step.summary}")
    return done
