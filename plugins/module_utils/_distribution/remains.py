# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a distribution leaves in folders, and where an administrator has mounted something of his own there."""

from __future__ import annotations

import typing as t

from .._core.proc import mounts
from .._core.records import dataclass
from .._host.host import Host


@dataclass(frozen=True)
class Places:
    """Folders of a distribution.

    `data` is where it keeps its data by default, `data_parts` what it makes in there: a folder of the
    user's own choice may hold other things too. `parents` are folders that it makes on its way to
    others: they go where nothing but the named entries (paths in them) is in them; an entry that ends with / is a
    folder that must be empty. Below `mounted` it and the kubelet
    mount things for containers, and nobody else does.
    """

    data: str
    data_parts: tuple[str, ...]
    others: tuple[str, ...]
    parents: t.Mapping[str, frozenset[str]]
    mounted: tuple[str, ...]


def leftovers(host: Host, data: str, places: Places) -> tuple[str, ...]:
    """Folders that a purge takes away. A mount point stays, and counts while it holds anything."""
    own = (data,) if data == places.data else tuple(f"{data}/{x}" for x in places.data_parts)
    points = mount_points(host)
    parents = (place for place, ours in places.parents.items() if _only(host, place, ours))
    return tuple(x for x in (*own, *places.others, *parents) if _holds(host, x, points))


def _only(host: Host, place: str, ours: t.Collection[str], above: str = "") -> bool:
    """Whether nothing but these paths, relative to `place`, and what is below them is in it."""
    for name in host.names(f"{place}/{above}".rstrip("/")):
        path = f"{above}{name}"
        if path in ours:
            continue
        way = any(entry.startswith(f"{path}/") for entry in ours)
        if not way or not _only(host, place, ours, f"{path}/"):
            return False
    return True


def mount_points(host: Host) -> frozenset[str]:
    """Every folder that something is mounted on."""
    return frozenset(mount.folder for mount in mounts(host.read_text("/proc/self/mounts")))


def containers_mounts(host: Host, places: Places) -> list[str]:
    """Mounts for containers, inner ones first."""
    found = (point for point in mount_points(host) if point.startswith(places.mounted))
    return sorted(found, reverse=True)


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
