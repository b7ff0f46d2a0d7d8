# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module's options ask for beside definitions: one simple form, Secrets, a list of workloads. Pure."""

from __future__ import annotations

import typing as t

from .._core.forms import Values, truth, wrong
from .._workloads.spec import label
from .options import FORM, SECRET, Options
from .render import Manifest, removal, secret
from .render import manifests as of_form

COMMON = ("namespace",)  # options that all modules of objects have
OPTIONS: Options = {
    **{name: option for name, option in FORM.items() if name not in COMMON},
    # What must not be shown is their `data`; all the rest may be.
    "secrets": {"type": "list", "elements": "dict", "options": SECRET, "no_log": False},
    "workloads": {"type": "list", "elements": "dict"},
}
SECRETS = (
    "give Secrets by the option secrets (edge_workload_secrets), whose values are shown nowhere"
)
# What an option of the form may be without asking for a workload.
_ALONE = ("secrets", "workloads", "config_maps", "allow_unlimited")


def manifests(params: Values) -> list[Manifest]:
    """The manifests in the order of the options: Secrets, the form, the list. EdgeError(kind=spec).

    With `state` absent they hold no more than names.
    """
    made = removal if params.get("state") == "absent" else of_form
    space = str(params.get("namespace") or "default")
    found = [
        secret(row, space, f"secrets[{number}]")
        for number, row in enumerate(params.get("secrets") or ())
    ]
    form = {name: params[name] for name in FORM if params.get(name) is not None}
    if "name" in form:
        found += made({**form, "namespace": space})
    else:
        lost = sorted(set(form) - {*_ALONE, *COMMON})
        if lost:
            raise wrong("workload", f"{lost[0]} is set, and name is missing", "name the workload")
    for number, entry in enumerate(params.get("workloads") or ()):
        found += _entry(entry, space, f"workloads[{number}]", made)
    return found


def unlimited(params: Values) -> tuple[str, ...]:
    """Labels of the list's objects that may go without limits."""
    space = str(params.get("namespace") or "default")
    entries = [row for row in params.get("workloads") or () if isinstance(row, t.Mapping)]
    free = [row for row in entries if truth(row.get("allow_unlimited") or False, "allow_unlimited")]
    return tuple(label(item) for row in free for item in _entry(row, space, "workloads", removal))


def _entry(
    entry: Values, space: str, where: str, made: t.Callable[[Values], list[Manifest]]
) -> list[Manifest]:
    """One entry of a list: a simple form, or `definition` with one manifest or several."""
    if not isinstance(entry, t.Mapping):
        raise wrong(where, "is no dictionary", "write a simple form, or a definition")
    if "secrets" in entry:
        raise wrong(where, "secrets have no place in an entry", SECRETS)
    if "definition" not in entry:
        return made({"namespace": space, **entry})
    others = ", ".join(sorted(set(entry) - {"definition", "allow_unlimited"}))
    if others:
        raise wrong(where, f"definition excludes {others}", "make them two entries")
    rows = entry["definition"]
    rows = [rows] if isinstance(rows, t.Mapping) else rows
    if not isinstance(rows, list) or not all(isinstance(row, t.Mapping) for row in rows):
        raise wrong(where, "definition is no manifest", "give a dictionary, or a list of them")
    if any(str(row.get("kind")) in ("Secret", "SecretList", "List") for row in rows):
        raise wrong(where, "a Secret or a List in a definition would be shown", SECRETS)
    return [dict(row) for row in rows]
