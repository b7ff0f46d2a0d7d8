# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the API tells of a node, asked as the run needs it."""

from __future__ import annotations

import typing as t

from .._host.host import Host
from .access import look_at_node, look_at_nodes
from .spec import AGENT, REPORT, SERVER, TRUST, Spec


def ask(host: Host, spec: Spec, kubeconfig: str, name: str) -> dict[str, t.Any]:
    """The facts that the API tells. An agent's is a server's, at the other end of a link."""
    if spec.planning == TRUST and spec.role == AGENT:
        return {"left": name}
    if spec.planning == REPORT and spec.role == SERVER:
        from .objects import brief

        api, node, others = look_at_nodes(host, kubeconfig, name)
        return {"api": api, "node": node, "others": {one.name: brief(one) for one in others}}
    api, node = look_at_node(host, kubeconfig, name)
    return {"api": api, "node": node}
