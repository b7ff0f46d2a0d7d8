# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What K3s leaves in folders, and where an administrator has mounted something of his own there."""

from __future__ import annotations

import typing as t

from ..._core.proc import mounts
from ..._host.host import Host
from . import paths

# Below these K3s and the kubelet mount things for containers, and nobody else.
MOUNTED = ("/run/k3s/", "/var/lib/kubelet/pods/", "/var/lib/kubelet/plugins/", "/run/netns/cni-")
PLACES = (
    paths.CONFIG_DIR,
    "/etc/rancher/node",
    "/run/k3s",
    "/run/flannel",
    "/var/lib/kubelet",
    "/var/lib/cni",
    "/var/log/pods",
    "/var/log/containers",
    *(f"{paths.UNITS}/{unit}.d" for unit in (paths.SERVER_UNIT, paths.AGENT_UNIT)),
)
# Folders that K3s makes on its way to others; they go where nothing else is in them.
PARENTS = {
    "/etc/rancher": {"k3s", "node"},
    "/var/lib/rancher": {"k3s"},
    "/usr/libexec/kubernetes": {"kubelet-plugins"},
    "/etc/systemd/journald.conf.d": {"60-lightk8s.conf"},
}
# What K3s makes in its data folder; a folder of the user's own may hold other things too.
DATA = ("agent", "data", "server", "storage")


def leftovers(host: Host, data: str) -> tuple[str, ...]:
    """Folders that a purge takes away. A mount point stays, and counts while it holds anything."""
    mine = (data,) if data == paths.DATA_DIR else tuple(f"{data}/{name}" for name in DATA)
    points = mount_points(host)
    parents = (place for place, ours in PARENTS.items() if ours.issuperset(host.names(place)))
    return tuple(place for place in (*mine, *PLACES, *parents) if _holds(host, place, points))


def mount_points(host: Host) -> frozenset[str]:
    """Every folder that something is mounted on."""
    return frozenset(mount.folder for mount in mounts(host.read_text("/proc/self/mounts")))


def containers_mounts(host: Host) -> list[str]:
    """Mounts for containers, inner ones first."""
    return sorted((p for p in mount_points(host) if p.startswith(MOUNTED)), reverse=True)


def _holds(host: Host, place: str, points: t.Collection[str]) -> bool:
    if host.inspect(place) is None:
        return False
    inner = [point for point in points if f"{point}/".startswith(f"{place}/")]
    if not inner:
        return True
    names = [name for name in host.names(place) if name != "lost+found"]
    return any(
        _holds(host, f"{place}/{name}", inner) for name in names if f"{place}/{name}" not in inner
    )
