# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module's documentation says what its argument spec does, and nothing else."""

from __future__ import annotations

import ast
import typing as t

import yaml

from .tree import Finding

PLAIN = ("elements", "choices", "required", "aliases", "default")


def documentation(tree: ast.Module) -> dict[str, t.Any]:
    """The content of the DOCUMENTATION block of a module or of a documentation fragment."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DOCUMENTATION":
            return dict(yaml.safe_load(str(ast.literal_eval(node.value))) or {})
    return {}


def options(
    module: dict[str, t.Any], fragments: t.Callable[[str], dict[str, t.Any]]
) -> dict[str, t.Any]:
    """A module's documented options, those of its fragments among them."""
    merged: dict[str, t.Any] = {}
    names = module.get("extends_documentation_fragment") or []
    for name in [names] if isinstance(names, str) else names:
        merged.update(fragments(name).get("options") or {})
    merged.update(module.get("options") or {})
    return merged


def compare(
    path: str, documented: dict[str, t.Any], spec: dict[str, t.Any], above: str = ""
) -> list[Finding]:
    """Differences between documented options and an argument spec, suboptions included."""
    found = [Finding(path, 1, f"{above}{n} is not documented") for n in spec.keys() - documented]
    found += [Finding(path, 1, f"{above}{n} is no option") for n in documented.keys() - spec]
    for name in documented.keys() & spec.keys():
        told, real = documented[name], spec[name]
        pairs = [("type", told.get("type", "str"), real.get("type", "str"))]
        pairs += [(key, _plain(key, told), _plain(key, real)) for key in PLAIN]
        found += [
            Finding(
                path, 1, f"{above}{name}: {key} {one!r} documented, {other!r} in the argument spec"
            )
            for key, one, other in pairs
            if one != other
        ]
        if "no_log" in told:
            found.append(Finding(path, 1, f"{above}{name}: no_log is no documentation"))
        if not told.get("description"):
            found.append(Finding(path, 1, f"{above}{name} is not described"))
        below = f"{above}{name}."
        found += compare(path, told.get("suboptions") or {}, real.get("options") or {}, below)
    return found


def _plain(key: str, option: dict[str, t.Any]) -> t.Any:
    value = option.get(key)
    if key in ("choices", "aliases"):
        return list(value or [])
    return bool(value) if key == "required" else value
