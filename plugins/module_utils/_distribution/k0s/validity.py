# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long the certificates of a node last. Reads only.

A controller makes the certificates of its parts anew at each start, a kubelet renews its own. The
authorities last ten years, and k0s never replaces them (docs.mirantis.com/mke4: "Rotate the cluster
CAs", which tells of those of k0s).
"""

from __future__ import annotations

from ..._host.host import Host
from ..spec import SERVER
from ..validity import days_left
from . import paths

KUBELET = ("kubelet/pki/kubelet-client-current.pem",)
API = ("pki/server.crt", "pki/admin.crt", "pki/apiserver-kubelet-client.crt")
OF_SERVERS = ("pki/ca.crt", "pki/etcd/ca.crt", "pki/front-proxy-ca.crt")
OF_AGENTS = f"{paths.RUN_DIR}/kubelet/ca.crt"
ROTATE = (
    "k0s cannot replace it while the cluster runs: stop all nodes of the site, put a new authority below"
    " pki in the data folder of the first server, and let the others join anew"
)


def certificate_days(host: Host, data: str, role: str) -> int | None:
    """Days until the first of the node's leaf certificates ends; None where there are none."""
    names = (*KUBELET, *API) if role == SERVER else KUBELET
    return days_left(host, [f"{data}/{name}" for name in names])


def kubelet_ended(host: Host, data: str) -> bool:
    """Whether the kubelet's certificate has ended. The kubelet renews it while it is good and no start does."""
    days = days_left(host, [f"{data}/{name}" for name in KUBELET])
    return days is not None and days < 0


def authority_days(host: Host, data: str, role: str) -> int | None:
    """Days until the first of the cluster's authorities ends; None where none is known."""
    if role != SERVER:
        return days_left(host, [OF_AGENTS])
    return days_left(host, [f"{data}/{name}" for name in OF_SERVERS])
