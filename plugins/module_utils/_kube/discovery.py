# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which kinds a server has, and where: aggregated discovery where it offers that, else the older way.

Formats: kubernetes.io, "Kubernetes API concepts", discovery API.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, Optional

from .._core.errors import EdgeError
from .resources import Resource, group_root

_LIST = "g=apidiscovery.k8s.io;{};as=APIGroupDiscoveryList"
ACCEPT = ",".join(
    [f"application/json;{_LIST.format(v)}" for v in ("v=v2", "v=v2beta1")] + ["application/json"]
)

# group -> version -> kind -> resource, versions as the server prefers them; None: not yet asked for
_Kinds = dict[str, Resource]
_Versions = dict[str, Optional[_Kinds]]


class NoSuchKind(EdgeError):
    """The server knows no such kind in that version of its API."""

    def __init__(self, api_version: str, kind: str, others: tuple[str, ...] = ()) -> None:
        hint = f"the cluster has it in {', '.join(others)}" if others else ""
        super().__init__(
            f'no matches for kind "{kind}" in version "{api_version}"', kind="spec", hint=hint
        )


class Discovery:
    """What `ask(path, accept)` tells, asked once: two requests where discovery is aggregated."""

    def __init__(self, ask: Callable[[str, str], dict[str, Any]]) -> None:
        self._ask = ask
        self._known: dict[str, dict[str, _Versions]] = {}

    def refresh(self) -> None:
        """Forget what was found: definitions of kinds have come or gone."""
        self._known.clear()

    def find(self, api_version: str, kind: str) -> Resource:
        """Where objects of this kind live. Raises NoSuchKind."""
        group, dummy, version = api_version.rpartition("/")
        found = self._kinds(group, version).get(kind)
        if found is None:
            others = [name for name in self._versions(group) if kind in self._kinds(group, name)]
            raise NoSuchKind(api_version, kind, tuple(group_root(group, n)[1] for n in others))
        return found

    def preferred(self, group: str, kind: str) -> Resource | None:
        """The kind in the version that the server prefers; None where it has it in none."""
        for version in self._versions(group):
            found = self._kinds(group, version).get(kind)
            if found is not None:
                return found
        return None

    def _versions(self, group: str) -> _Versions:
        path = "/apis" if group else "/api"
        if path not in self._known:
            self._known[path] = _read(self._ask(path, ACCEPT))
        return self._known[path].get(group, {})

    def _kinds(self, group: str, version: str) -> _Kinds:
        versions = self._versions(group)
        if version not in versions:
            return {}
        known = versions[version]
        if known is None:
            root, api_version = group_root(group, version)
            known = versions[version] = _classic(root, api_version, self._ask(f"/{root}", ""))
        return known


def _read(payload: Mapping[str, Any]) -> dict[str, _Versions]:
    if payload.get("kind") == "APIGroupDiscoveryList":
        return {_name(item): _aggregated(item) for item in payload.get("items") or ()}
    if payload.get("kind") == "APIVersions":
        return {"": dict.fromkeys(payload.get("versions") or ())}
    found: dict[str, _Versions] = {}
    for group in payload.get("groups") or ():
        first = (group.get("preferredVersion") or {}).get("version")
        names = [str(entry.get("version")) for entry in group.get("versions") or ()]
        found[str(group.get("name"))] = dict.fromkeys(sorted(names, key=lambda name: name != first))
    return found


def _name(item: Mapping[str, Any]) -> str:
    return str((item.get("metadata") or {}).get("name") or "")


def _aggregated(item: Mapping[str, Any]) -> _Versions:
    found: _Versions = {}
    for entry in item.get("versions") or ():
        version = str(entry.get("version"))
        root, api_version = group_root(_name(item), version)
        kinds: _Kinds = {}
        for row in entry.get("resources") or ():
            kind = str((row.get("responseKind") or {}).get("kind") or "")
            scoped = row.get("scope") == "Namespaced"
            verbs = tuple(row.get("verbs") or ())
            if kind and verbs:
                kinds[kind] = Resource(root, str(row["resource"]), scoped, kind, api_version, verbs)
        found[version] = kinds
    return found


def _classic(root: str, api_version: str, payload: Mapping[str, Any]) -> _Kinds:
    """From an APIResourceList; `a/b` are parts of objects, and no kinds of their own."""
    return {
        str(row["kind"]): Resource(
            root,
            str(row["name"]),
            bool(row.get("namespaced")),
            str(row["kind"]),
            api_version,
            tuple(row.get("verbs") or ()),
        )
        for row in payload.get("resources") or ()
        if "/" not in str(row.get("name"))
    }
