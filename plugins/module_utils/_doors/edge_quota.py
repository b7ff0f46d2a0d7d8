# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Namespaces and their bounds."""

from __future__ import annotations

import typing as t

from .._quotas import look, simple
from .._workloads.spec import ABSENT, Spec
from . import objects

if t.TYPE_CHECKING:
    from .._kube.client import Client

ARGS: dict[str, t.Any] = {
    "argument_spec": {**objects.COMMON, **simple.OPTIONS},
    "supports_check_mode": True,
}


def main(
    params: dict[str, t.Any], check: bool, diff: bool, client: Client | None = None
) -> dict[str, t.Any]:
    """Converge the namespaces; see the module's documentation for the result."""
    return objects.run(
        params,
        lambda opened: spec(params, simple.entries(params), opened),
        check=check,
        diff=diff,
        client=client,
    )


def spec(params: t.Mapping[str, t.Any], found: simple.Entries, client: Client) -> Spec:
    """What is wanted. EdgeError where it is nonsense, or more than the nodes can give."""
    owner = params.get("owner") or _owner(found)
    common = {**params, "owner": owner, "namespace": None}
    if params.get("state") == ABSENT:
        return objects.spec_of({**common, "owner": ""}, simple.removals(found))
    simple.refuse_overcommit(found, look.cluster(client))
    api = look.api_addresses(client) if simple.needs_api(found) else []
    return objects.spec_of(common, simple.objects(found, api))


def _owner(found: simple.Entries) -> str:
    """What is no longer asked for goes, so the objects of a namespace are a list of their own."""
    return f"quota-{found[0]['namespace']}" if len(found) == 1 else "quotas"
