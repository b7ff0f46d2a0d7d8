# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of its own that a distribution keeps in the cluster about each of its servers."""

from __future__ import annotations

import typing as t

from .._core.records import dataclass
from .._kube.resources import Resource

if t.TYPE_CHECKING:
    from .._kube.client import Client


@dataclass(frozen=True)
class Known:
    """By what the objects about one server are told from those about others.

    `names` are certain; `guess` is its Node's, which a distribution need not have used. `others` are
    names that others bear, `addresses` those that no other Node has.
    """

    names: t.AbstractSet[str]
    guess: str
    others: t.AbstractSet[str]
    addresses: t.AbstractSet[str]


@dataclass(frozen=True)
class ServerObject:
    """A kind of which there is one object about each server.

    `addresses` reads from an object those of its server. `left` is the merge patch that says that the
    server has left; without one the object is deleted.
    """

    kind: str
    resource: Resource
    addresses: t.Callable[[t.Mapping[str, t.Any]], t.Collection[str]]
    left: t.Mapping[str, t.Any] | None = None

    def is_about(self, found: t.Mapping[str, t.Any], server: Known) -> bool:
        """Whether the object is about this server; one that bears another's name is not. Pure."""
        called = str(found["metadata"]["name"])
        if called in server.names or called in server.others:
            return called in server.names
        return called == server.guess or not server.addresses.isdisjoint(self.addresses(found))

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

    def settled(self, found: t.Mapping[str, t.Any]) -> bool:
        """Whether the object says already that the server has left."""
        return self.left is not None and _holds(found, self.left)


def _holds(found: t.Any, patch: t.Any) -> bool:
    if not isinstance(patch, t.Mapping):
        return bool(found == patch)
    return isinstance(found, t.Mapping) and all(
        _holds(found.get(key), value) for key, value in patch.items()
    )
