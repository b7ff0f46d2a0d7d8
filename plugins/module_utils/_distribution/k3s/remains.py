# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folders of K3s."""

from __future__ import annotations

from ..._host.host import Host
from .. import remains
from ..remains import Places
from . import paths

PLACES = Places(
    data=paths.DATA_DIR,
    data_parts=("agent", "data", "server", "storage"),
    others=(
        paths.CONFIG_DIR,
        "/etc/rancher/node",
        "/run/k3s",
        "/run/flannel",
        "/var/lib/kubelet",
        "/var/lib/cni",
        "/var/log/pods",
        "/var/log/containers",
        *(f"{paths.UNITS}/{unit}.d" for unit in paths.ALL_UNITS),
    ),
    parents={
        "/etc/rancher": frozenset(("k3s", "node")),
        "/var/lib/rancher": frozenset(("k3s",)),
        "/usr/libexec/kubernetes": frozenset(("kubelet-plugins",)),
        "/etc/systemd/journald.conf.d": frozenset(("60-lightk8s.conf",)),
    },
    mounted=(
        "/run/k3s/",
        "/var/lib/kubelet/pods/",
        "/var/lib/kubelet/plugins/",
        "/run/netns/cni-",
    ),
)


def leftovers(host: Host, data: str) -> tuple[str, ...]:
    """See the common function of that name."""
    return remains.leftovers(host, data, PLACES)
