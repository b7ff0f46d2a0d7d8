# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images in the node's containerd: what is missing, and how it comes."""

from __future__ import annotations

import typing as t

from .._core import door
from .._core.errors import EdgeError, NeedsArtifacts
from .._host.host import Host
from .._images.plan import have, report
from .._images.run import Outcome, converge
from .._images.spec import Spec, spec_of
from . import options
from .site_images import layout_of

ARGS: dict[str, t.Any] = {
    "argument_spec": {
        **options.NAME,
        **{key: options.NODE[key] for key in ("site", "role", "data_dir", "bin_dir")},
        "images": {"type": "list", "elements": "dict", "default": [], "options": options.IMAGE},
        **options.SOURCES,
        "exact": {"type": "bool", "default": False},
        "prune": {"type": "bool", "default": False},
        "bandwidth_limit_mbps": {"type": "float"},
        "cache_dir": {"type": "path"},
        "wanted": {"type": "list", "elements": "dict"},
        "work": {"type": "list", "elements": "dict"},
    },
    "supports_check_mode": True,
}


def main(
    params: dict[str, t.Any], check: bool, diff: bool, host: Host | None = None
) -> dict[str, t.Any]:
    """Converge the images; see the module's documentation for the result."""
    from .._images.apply import Unbuilt

    site = str(params.get("site") or "")
    here = host or Host()
    try:
        if params.get("wanted") is None:
            raise EdgeError(
                "images are read on the controller, and this run has no controller's half",
                kind="spec",
                hint="run the module as an ordinary task, without async",
            )
        spec = spec_of(params["wanted"], params.get("work"), bool(params.get("prune")))
        layout = layout_of(here, params)
        if layout.runtime is None:  # nothing here runs pods
            return {"changed": False, "images": [], "actions": []}
        outcome = converge(here, layout, layout.runtime, spec, check=check)
    except NeedsArtifacts as exc:
        return {"changed": False, "needs": exc.needs, **door.failed(exc, site)}
    except EdgeError as exc:
        failed = {"changed": False, **door.failed(exc, site)}
        if isinstance(exc, Unbuilt):
            failed |= {"unbuilt": exc.diff_id, "remade": dict(exc.remade)}
        return failed
    return _result(outcome, spec, check=check, diff=diff)


def _result(outcome: Outcome, spec: Spec, *, check: bool, diff: bool) -> dict[str, t.Any]:
    plan = outcome.plan
    found: dict[str, t.Any] = {
        "changed": plan.changed and not (outcome.asks and not check),
        "images": report(spec, outcome.seen),
        "actions": plan.actions(),
    }
    if plan.warnings:
        found["warnings"] = list(plan.warnings)
    if diff and plan.changes:
        found["diff"] = plan.diff()
    if check and not plan.empty:
        found["pending"] = True
    if outcome.remade:
        found["remade"] = dict(outcome.remade)
    if outcome.asks:
        found["have"] = have(spec, outcome.seen)
        found["machine"] = outcome.seen.machine
    return found
