# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the options of a module to what is wanted of each namespace. Pure."""

from __future__ import annotations

import typing as t

from .._core.forms import Values, wrong
from . import sums
from .options import QUOTA
from .render import MADE, Manifest, entry, hard_of, manifests, priority_classes

OPTIONS = {
    **QUOTA,
    "quotas": {"type": "list", "elements": "dict"},
}
Entries = list[dict[str, t.Any]]


def entries(params: Values) -> Entries:
    """The namespaces that the options name, checked. EdgeError(kind=spec)."""
    found: Entries = []
    own = {name: params[name] for name in QUOTA if params.get(name) is not None}
    # With a list, `namespace` alone asks for nothing: it has a default.
    if set(own) - {"allow_overcommit"} or params.get("quotas") is None:
        found.append(entry({**own, "namespace": params.get("namespace") or "default"}, "quota"))
    rows = enumerate(params.get("quotas") or ())
    found += [entry(row, f"quotas[{number}]") for number, row in rows]
    names = [row["namespace"] for row in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise wrong(f"quota of {twice[0]}", "is given twice", "make one entry of the two")
    return found


def objects(found: Entries, api: t.Sequence[tuple[str, int]]) -> list[Manifest]:
    """The manifests of all entries."""
    return [item for row in found for item in manifests(row, api)]


def removals(found: Entries) -> list[Manifest]:
    """All that can be here of ours, whatever the options say; the namespaces stay with what is in them."""
    rows = [(row["namespace"], *made) for row in found for made in MADE]
    bounds = [
        {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": space}}
        for space, version, kind, name in rows
    ]
    return bounds + [item for row in found for item in priority_classes(row)]


def refuse_overcommit(found: Entries, cluster: sums.Cluster) -> None:
    """EdgeError(kind=refused) where quotas that grow allow more than the nodes give."""
    asked = {row["namespace"]: hard_of(row) for row in found if not row["allow_overcommit"]}
    others = {row["namespace"]: hard_of(row) for row in found if row["allow_overcommit"]}
    sums.refuse_overcommit(
        asked, sums.Cluster(cluster.nodes, cluster.quotas, {**cluster.ours, **others})
    )


def needs_api(found: Entries) -> bool:
    """Whether the addresses of the API have to be known."""
    return any("api_server" in row.get("allow", ()) for row in found)
