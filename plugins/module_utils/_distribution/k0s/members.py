# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What k0s keeps in the cluster about each controller (docs.k0sproject.io, "Remove or replace a controller").

Nothing is there where etcd is not k0s' own, or autopilot is turned off. An EtcdMember that is marked is
kept for tracking, and k0s itself takes the mark off where the controller comes back. Both bear the name
of the machine, whatever the Node is called, and hold the address that the controller is reached at.
"""

from __future__ import annotations

import typing as t

from ..._kube.resources import Resource
from ..server_objects import ServerObject


def _peer(member: t.Mapping[str, t.Any]) -> tuple[str, ...]:
    return (str((member.get("status") or {}).get("peerAddress") or ""),)


def _internal(node: t.Mapping[str, t.Any]) -> tuple[str, ...]:
    rows = (node.get("status") or {}).get("addresses") or ()
    return tuple(str(row.get("address") or "") for row in rows if row.get("type") == "InternalIP")


OBJECTS = (
    ServerObject(
        "EtcdMember",
        Resource("apis/etcd.k0sproject.io/v1beta1", "etcdmembers", namespaced=False),
        _peer,
        {"spec": {"leave": True}},
    ),
    ServerObject(
        "ControlNode",
        Resource("apis/autopilot.k0sproject.io/v1beta2", "controlnodes", namespaced=False),
        _internal,
    ),
)
