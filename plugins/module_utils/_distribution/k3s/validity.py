# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long the certificates of a node last (docs.k3s.io: cli/certificate). Reads only.

K3s renews its leaf certificates at start where 120 days or fewer are left. An agent fetches its own from
a server at start: servers come first. Authorities last ten years and are never renewed by themselves.
"""

from __future__ import annotations

import typing as t

from ..._host.host import Host
from ..spec import SERVER
from ..validity import days_left

KUBELET = ("agent/client-kubelet.crt", "agent/serving-kubelet.crt")
API = (
    "server/tls/client-admin.crt",
    "server/tls/client-kube-apiserver.crt",
    "server/tls/serving-kube-apiserver.crt",
)
# Each file begins with the authority that signs; those that have signed it may follow.
AUTHORITIES = ("agent/server-ca.crt", "agent/client-ca.crt")
OF_SERVERS = (
    "server/tls/server-ca.crt",
    "server/tls/client-ca.crt",
    "server/tls/request-header-ca.crt",
    "server/tls/etcd/server-ca.crt",
    "server/tls/etcd/peer-ca.crt",
)
ROTATE = (
    "put new ones in place with `k3s certificate rotate-ca` on a server (docs.k3s.io/cli/certificate),"
    " restart the servers and then the agents, and run again"
)


def certificate_days(host: Host, data: str, role: str) -> int | None:
    """Days until the first of the node's leaf certificates ends; None where there are none."""
    return _days(host, data, (*KUBELET, *API) if role == SERVER else KUBELET)


def authority_days(host: Host, data: str, role: str) -> int | None:
    """Days until the first of the cluster's authorities ends; None where none is known."""
    return _days(host, data, OF_SERVERS if role == SERVER else AUTHORITIES)


def _days(host: Host, data: str, names: t.Iterable[str]) -> int | None:
    return days_left(host, [f"{data}/{name}" for name in names])
