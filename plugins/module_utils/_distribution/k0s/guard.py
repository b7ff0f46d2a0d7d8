# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What forbids a change of a k0s node. Pure."""

from __future__ import annotations

import typing as t

from ..._core.errors import EdgeError
from .. import addresses, kubenames
from ..adapter import Facts
from ..guards import check_age, check_role, check_storage, check_version, refuse
from ..problems import Problem, changed
from ..spec import Spec
from ..storage import storage
from . import config, flags, networks, tokens
from .wishes import COMPONENTS, NEVER_THERE, PROGRAM, by_token, fixed

TITLE = PROGRAM.title
OLDEST = (1, 30)
WHY = "its kubelet reads no drop-ins"
REMEDY = "set it back; another value needs a new cluster"


def check(spec: Spec, facts: Facts) -> None:
    """Raise EdgeError(kind=spec | refused | join) for the first thing that forbids the plan."""
    if not spec.wanted:
        return
    _check_foreign(facts)
    check_role(spec, facts, TITLE)
    check_version(spec, facts, TITLE)
    check_age(spec, OLDEST, TITLE, WHY)
    check_storage(spec, facts)
    refuse(inputs(spec), "spec")
    if spec.role == "server":
        refuse(list(config.endpoints(spec)), "spec")
    _check_token(spec, facts)
    if facts.joined:
        refuse(changed(facts.receipt.get("fixed") or {}, fixed(spec), REMEDY), "refused")


def inputs(spec: Spec) -> list[Problem]:
    """Everything that is wrong with the wish itself."""
    extra = dict(spec.settings.get("extra_config") or {})
    document = extra.pop("spec", None)
    found = [*_components(spec), *flags.check(spec.role, extra)]
    if document is not None:
        servers_only = Problem("spec", "is a part of k0s.yaml, which only servers have")
        found += config.check(document) if spec.role == "server" else [servers_only]
    found += [*addresses.problems(spec), *_names(spec)]
    given = spec.settings.get("registries")
    if given:
        from . import registries  # few sites have any

        found += registries.check(given)
    return found + (networks.check(spec) if spec.role == "server" else [])


def _components(spec: Spec) -> t.Iterator[Problem]:
    for name in spec.settings.get("disable") or ():
        if name not in COMPONENTS and name not in NEVER_THERE:
            yield Problem("disable", f"{name!r} is no component of k0s", ", ".join(COMPONENTS))


def _names(spec: Spec) -> t.Iterator[Problem]:
    """k0s checks none of these: a bad one would be a service that ends again and again."""
    yield from kubenames.problems(spec.labels, spec.taints)
    if spec.node_name and not (
        kubenames.is_dns_name(spec.node_name.lower()) and len(spec.node_name) < 64
    ):
        yield Problem("node_name", f"{spec.node_name!r} is no name of up to 63 characters")


def _check_foreign(facts: Facts) -> None:
    if facts.foreign is not None:
        raise EdgeError(
            f"a k0s that was set up by other means is on this node ({facts.foreign})",
            kind="refused",
            hint="taking over a k0s is not supported yet: reset it, or leave the node out",
        )


def _check_token(spec: Spec, facts: Facts) -> None:
    if not spec.token:
        return
    if storage(spec) == "sqlite" and spec.role == "server":
        trouble = "k0s makes its tokens itself, and one server alone needs none"
    else:
        trouble = tokens.problem(spec.token, spec.role)
    if trouble and not (facts.joined and by_token(spec, facts)):
        raise EdgeError(
            f"edge_token cannot be used: {trouble}",
            kind="spec",
            hint="unset edge_token: a node that joins is given a token of its own",
        )
