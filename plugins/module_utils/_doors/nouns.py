# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All nouns of one node in one run."""

from __future__ import annotations

import typing as t

from .._core import door
from .._core.engine import Bound
from .._core.errors import EdgeError
from .._core.places import GUEST_RECEIPT, HOME, RECEIPT
from .._core.plan import Step
from .._distribution import noun as distribution
from .._distribution.registry import adapter_of, brings_cluster
from .._distribution.spec import PURGED, SERVER, Spec
from .._host.host import Host
from .._logging import noun as logging
from .._resources import noun as resources
from .._sync.places import NEWEST, SETTINGS
from . import options

_SUPERSEDED = (
    "this site takes published documents: publish it too, or the next one supersedes this change"
)


def run(
    name: str,
    params: t.Mapping[str, t.Any],
    check: bool,
    diff: bool,
    host: Host | None = None,
    *,
    beside: t.Sequence[Bound] = (),
) -> dict[str, t.Any]:
    """Converge a node of the named distribution, and nouns `beside` it by the same plan."""
    here = host or Host()
    params = options.taken_over(params)
    if params.get("settle") is not None and not check:
        return _settled(name, params, here)
    try:
        if not params.get("inputs_checked"):
            options.refuse_inputs(name, params)
        # A run that acts looks for itself, and finds others' work done.
        look = {key: params.get(key) if check else None for key in ("planning", "guest")}
        spec = options.distribution_spec(name, {**params, **look})
        if not check:
            _ask_the_site(spec, adapter_of(name).must_join(here, spec), params)
        bounds = [*bind(spec, params), *beside]
        along = _in_order(bounds, params, here)
    except EdgeError as exc:
        failure = door.failed(exc, params.get("site") or "", [])
        if exc.kind == "join":
            failure["new_node"] = adapter_of(name).new_node(here, spec)
        return {"changed": False, **failure}
    result = door.answer(
        bounds,
        check=check,
        diff=diff,
        site=spec.site,
        secrets=[*spec.secrets, *(word for bound in beside for word in bound.spec.words())],
        host=here,
        keep=bool(spec.planning),
        hold=bool(params.get("hold")),
        along=along,
    )
    noted = along and along[0].summary in result.get("actions", ())
    if noted and here.inspect(NEWEST):
        result["warnings"] = [*result.get("warnings", []), _SUPERSEDED]
    if result.get("failure", {}).get("kind") == "release":
        result["arch"] = here.machine()
    purged = spec.state == PURGED and not check and not result.get("failed")
    if purged and not any(map(here.inspect, (RECEIPT, GUEST_RECEIPT, SETTINGS))):
        here.remove_tree(HOME)  # the code that runs here is in memory
    return result


def _in_order(bounds: list[Bound], params: t.Mapping[str, t.Any], host: Host) -> tuple[Step, ...]:
    """Where an agent of ours is, or is to be, what makes this run the site's latest word if it changes anything."""
    generation, revoked = params.get("generation"), params.get("revoked_keys")
    if not generation or (revoked is None and host.inspect(SETTINGS) is None):
        return ()
    from .._sync import order

    bounds.append(Bound(order.noun(revoked or ()), int(generation)))
    held = order.held(host, revoked or ())
    return () if held and held.generation >= generation else (order.note(int(generation)),)


def _settled(name: str, params: t.Mapping[str, t.Any], host: Host) -> dict[str, t.Any]:
    """End a change that was held. `settle` says why it must not stay; nothing where it may."""
    from .._core import transaction
    from .._core.wayback import settle
    from .._distribution.gate import failure

    site = params.get("site") or ""
    said = str(params["settle"])
    running = transaction.pending(host).get("running") if said else ()
    cause = failure(host, str(running[0]), said) if running else None
    if said and cause is None:
        cause = EdgeError(said, kind="health")
    try:
        changed = settle(host, adapter_of(name).verbs(), cause)
    except EdgeError as exc:
        return {"changed": False, **door.failed(exc, site)}
    return {"changed": changed, "actions": []}


def bind(spec: Spec, params: t.Mapping[str, t.Any]) -> list[Bound]:
    """The nouns that the parameters ask for; bounds mean nothing on a node without a distribution."""
    asked = params.get("nouns") or options.NOUNS
    bounds = [Bound(distribution.noun(spec), spec)] if "distribution" in asked else []
    if spec.role == SERVER and not brings_cluster(spec.distribution):
        # What bounds pods here is that of the cluster's own distribution, and none of our business.
        asked = ("logging",) if params.get("journal_max_mb") and "logging" in asked else ()
    if spec.wanted and "resources" in asked:
        bounds_of_pods = options.resources_of(spec, params)
        bounds.append(Bound(resources.noun(bounds_of_pods), bounds_of_pods))
    if spec.wanted and "logging" in asked:
        logs = options.logging_of(spec, params)
        bounds.append(Bound(logging.noun(logs), logs))
    return bounds


def _ask_the_site(spec: Spec, bare: bool, params: t.Mapping[str, t.Any]) -> None:
    """EdgeError(kind=join) where the site's other servers have to be asked before this node may start.

    A first server that has lost its disk must join the site it once began, not begin another one: so it
    starts alone only when the action plugin has found no other server that runs.
    """
    begins = spec.role == SERVER and spec.initial
    if not bare or spec.join is not None or (begins and (spec.single or params.get("alone"))):
        return
    if spec.token and params.get("api_endpoint") and not begins:
        return
    raise EdgeError(
        "this node has to join and no living server of its site was found",
        kind="join",
        hint="bring up a server of the site first, or give edge_api_endpoint and edge_token",
        site=spec.site,
    )
