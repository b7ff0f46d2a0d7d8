# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One input of a role has one name, one default and one sentence, in three files."""

from __future__ import annotations

import re
import typing as t

from .tree import Finding

ROW = re.compile(r"^\|\s*`([a-z_0-9]+)`\s*\|", re.MULTILINE)
MAXIMUM = 25


def readme_names(readme: str) -> list[str]:
    """Names in the first column of the tables of a role's README."""
    return ROW.findall(readme)


def check(
    role: str, defaults: dict[str, t.Any], specs: dict[str, t.Any], readme: str
) -> list[Finding]:
    """Differences between defaults/main.yml, meta/argument_specs.yml and README.md of a role."""
    path = f"roles/{role}"
    options = specs.get("argument_specs", {}).get("main", {}).get("options") or {}
    required = {name for name, option in options.items() if option.get("required")}
    listed = readme_names(readme)
    pairs = [
        ("defaults/main.yml", set(defaults) | required, "argument_specs", set(options)),
        ("README.md", set(listed), "argument_specs", set(options)),
    ]
    found = []
    for one, ours, other, theirs in pairs:
        found += [Finding(f"{path}/{one}", 1, f"{n} is not in {other}") for n in ours - theirs]
        found += [Finding(f"{path}/{one}", 1, f"{n} of {other} is missing") for n in theirs - ours]
    found += [
        Finding(f"{path}/README.md", 1, f"{name} is listed twice")
        for name in {name for name in listed if listed.count(name) > 1}
    ]
    for name, option in options.items():
        found += _check_option(path, role, name, option, defaults)
    if len(options) > MAXIMUM:
        found.append(Finding(path, 1, f"{len(options)} public variables, {MAXIMUM} are the bound"))
    return found


def _check_option(
    path: str, role: str, name: str, option: dict[str, t.Any], defaults: dict[str, t.Any]
) -> list[Finding]:
    where = f"{path}/meta/argument_specs.yml"
    found = []
    if not name.startswith(f"{role}_"):
        found.append(Finding(where, 1, f"{name} does not begin with the role's name"))
    if not option.get("description"):
        found.append(Finding(where, 1, f"{name} is not described"))
    value = defaults.get(name)
    templated = isinstance(value, str) and "{{" in value
    if name in defaults and not templated and option.get("default") != value:
        what = f"{name}: default {option.get('default')!r} here, {value!r} in defaults/main.yml"
        found.append(Finding(where, 1, what))
    return found
