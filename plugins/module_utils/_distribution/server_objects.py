# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of its own that a distribution keeps in the cluster about each of its servers."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._kube.resources import Resource

if t.TYPE_CHECKING:
    from .._kube.client import Client


@dataclass(frozen=True)
class ServerObject:
    """A kind of object that bears the name of a server's etcd member.

    `left` is the merge patch that says that the server has left; without one the object is deleted.
    """

    kind: str
    resource: Resource
    left: t.Mapping[str, t.Any] | None = None

    def summary(self, name: str) -> str:
        """What is done, as a sentence."""
        if self.left is None:
            return f"delete the {self.kind} {name}"
        return f"mark the {self.kind} {name} as one that has left"

    def settle(self, client: Client, name: str) -> None:
        """Do it; nothing where the object has gone meanwhile. EdgeError(kind=api)."""
        if self.left is None:
            client.delete(self.resource, "", name)
        elif client.read(self.resource, "", name) is not None:
            client.patch(self.resource, "", name, self.left)

    def settled(self, found: t.Mapping[str, t.Any] | None) -> bool:
        """Whether the object says already that the server has left."""
        return found is None or (self.left is not None and _holds(found, self.left))


def _holds(found: t.Any, patch: t.Any) -> bool:
    if not isinstance(patch, t.Mapping):
        return bool(found == patch)
    return isinstance(found, t.Mapping) and all(
        _holds(found.get(key), value) for key, value in patch.items()
    )
