# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Quotas and workloads of a site, as nouns of edge_site: on the server that begins it, after its own nouns."""

from __future__ import annotations

import typing as t

from .._core import door
from .._core.errors import EdgeError
from . import edge_pod, edge_quota
from .options import SITE_NOUNS

Params = t.Mapping[str, t.Any]
Result = dict[str, t.Any]
# Options that the doors of single nouns have by the same names.
_SAME = ("distribution", "site", "role", "data_dir", "wait_timeout", "ask_nodes", "node_images")
_LATER = "quotas and workloads come after the installation, and cannot be foretold before it"
_LISTS = ("actions", "diff", "warnings")


def add(result: Result, asked: t.Sequence[str], params: Params, check: bool, diff: bool) -> Result:
    """`result`, which is no failure, with what was done about the site's objects."""
    if params.get("role") == "agent" or not params.get("initial") or params.get("guest"):
        exc = EdgeError(
            "quotas and workloads are brought by the server that begins the site",
            kind="spec",
            hint="leave them out of nouns on other nodes",
        )
        return {**result, **door.failed(exc, str(params.get("site") or ""))}
    absent = (result.get("distribution") or {}).get("service") == "absent"
    for noun in (noun for noun in SITE_NOUNS if noun in asked):
        found = _ARGUMENTS[noun](params)
        if found is None:
            continue
        if check and absent:
            return {**result, "warnings": [*result.get("warnings", ()), _LATER]}
        more = _DOORS[noun].main(found, check, diff)
        result = _joined(result, noun, more)
        if more.get("failed"):
            break
    return result


def _joined(result: Result, noun: str, more: Result) -> Result:
    found = {**result, **{key: more[key] for key in _FAILURE if key in more}}
    found["changed"] = result["changed"] or more["changed"]
    if "workloads" in more:
        found[noun] = more["workloads"]
    if more.get("pending"):
        found["pending"] = True
    for key in _LISTS:
        rows = [*result.get(key, ()), *more.get(key, ())]
        if rows or key == "actions":
            found[key] = rows
    return found


_FAILURE = ("failed", "msg", "failure", "ask_images")


def _quotas(params: Params) -> dict[str, t.Any] | None:
    if params.get("quotas") is None:
        return None
    return _given(edge_quota.ARGS, params, quotas=params["quotas"], owner="quotas")


def _workloads(params: Params) -> dict[str, t.Any] | None:
    """An empty list removes all of them; where neither list is given, nothing is said of them."""
    if params.get("workloads") is None and params.get("workload_secrets") is None:
        return None
    quotas = params.get("quotas") or ()
    expected = [str(row.get("namespace")) for row in quotas]
    expected += [str(one.get("name")) for row in quotas for one in row.get("priority_classes", ())]
    return _given(
        edge_pod.ARGS,
        params,
        workloads=params.get("workloads") or [],
        secrets=params.get("workload_secrets") or [],
        restart_on_secret_change=params.get("restart_on_secret_change"),
        can_pull=params.get("can_pull"),
        expected=expected,
        owner="workloads",
    )


def _given(args: t.Mapping[str, t.Any], params: Params, **more: t.Any) -> dict[str, t.Any]:
    """All parameters of another door: its defaults, what it has in common with edge_site, and `more`."""
    options = args["argument_spec"]
    found = {name: option.get("default") for name, option in options.items()}
    found.update({name: params.get(name) for name in _SAME if name in options})
    found.update(force=params.get("force_objects"), recreate=params.get("recreate_objects"))
    return {**found, **more}


_ARGUMENTS = {"quotas": _quotas, "workloads": _workloads}
_DOORS: dict[str, t.Any] = {"quotas": edge_quota, "workloads": edge_pod}
