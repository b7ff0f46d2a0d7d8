# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must not be done to this node, or cannot work, said before anything is changed. Pure."""

from __future__ import annotations

from ..._core.errors import EdgeError
from ..adapter import Facts
from ..guards import check_role, check_storage, check_version, refuse
from ..kubenames import twice
from ..problems import Problem
from ..spec import Spec
from .checks import check_extra_config, check_immutable, check_values
from .config import Config
from .flags import lookup
from .tokens import problem
from .wishes import BACKENDS, PROGRAM, configuration, joins, proxied

TITLE = PROGRAM.title
ROTATE = "k3s token rotate --new-token <new> on a server, then set edge_token to the new one"


def check(spec: Spec, facts: Facts) -> None:
    """Raise EdgeError(kind=spec | refused | join) for the first thing that forbids the plan."""
    if not spec.wanted:
        return
    check_role(spec, facts, TITLE)
    check_version(spec, facts, TITLE)
    _check_token(spec, facts)
    check_storage(spec, facts)
    found = check_extra_config(spec.role, spec.settings.get("extra_config") or {})
    refuse(found, "spec")
    _check_network(spec)
    given = spec.settings.get("registries")
    if given:
        from . import registries  # few sites have any

        refuse(registries.check(given), "spec")
    config = configuration(spec, facts)
    refuse(check_values(spec.role, config.values), "spec")
    refuse([Problem("taints", text) for text in twice(spec.taints or ())], "spec")
    if facts.foreign is not None:
        _check_adoption(spec, facts, config)
    elif facts.joined:
        changed = check_immutable(
            _former(facts), _fixed(config), initialized=facts.initialized, hostname=facts.hostname
        )
        refuse(changed, "refused")


def _check_network(spec: Spec) -> None:
    """A backend of flannel may be named, unless the pods' network is another one."""
    mode = str(spec.settings.get("network_mode") or "")
    backend = (spec.settings.get("extra_config") or {}).get("flannel-backend")
    if BACKENDS.get(mode) and backend not in (None, BACKENDS[mode]):
        raise EdgeError(
            f"flannel-backend is {backend}, and network_mode is {mode}",
            kind="spec",
            hint="remove flannel-backend from edge_extra_config, or set edge_network_mode: flannel",
        )


def _former(facts: Facts) -> dict[str, object]:
    """What the cluster was begun with: the receipt says it, for the file may have been edited since.

    The receipt holds no secret, so these are the file's.
    """
    fixed = facts.receipt.get("fixed")
    if fixed is None:
        return dict(facts.config)
    flags = ((key, lookup(key)) for key in facts.config)
    secret = {key: facts.config[key] for key, flag in flags if flag is not None and flag.secret}
    return {**secret, **fixed}


def _fixed(config: Config) -> dict[str, object]:
    flags = ((key, lookup(key)) for key in config.values)
    return {key: config.values[key] for key, flag in flags if flag is not None and flag.immutable}


def _check_adoption(spec: Spec, facts: Facts, config: Config) -> None:
    if not spec.adopt:
        raise EdgeError(
            "a K3s that was set up by other means is on this node",
            kind="refused",
            hint="look at a run with --check --diff and edge_adopt: true, then set edge_adopt",
        )
    proxy = proxied(spec, config)
    from .adopt import compare  # once in a node's life

    report = compare(facts.foreign, config.values, environment=proxy, initialized=facts.initialized)
    if report.refusals:
        raise EdgeError(
            "taking over this K3s would lose settings: " + "; ".join(report.refusals),
            kind="refused",
            hint="set the inputs that mean the same, or edge_extra_config",
        )


def _check_token(spec: Spec, facts: Facts) -> None:
    if spec.token and facts.token == "different":
        raise EdgeError("edge_token is not the token of this cluster", kind="refused", hint=ROTATE)
    if spec.token and not facts.joined:
        trouble = problem(spec.token, first_server=not joins(spec, facts))
        if trouble:
            raise EdgeError(f"edge_token cannot be used: {trouble}", kind="spec")
