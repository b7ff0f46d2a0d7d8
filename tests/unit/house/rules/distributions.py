# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Code that asks which distribution it has before it, outside the one place that may know."""

from __future__ import annotations

import ast
import re

from .tree import Finding

NAMES = {"k3s", "k0s", "microk8s", "kubeedge"}
WHAT = "asks for a distribution by name; its adapter under _distribution/ should say what differs"
IN_TEMPLATES = re.compile(rf"(==|!=|\bin\b)\s*[\[(]?\s*['\"]({'|'.join(sorted(NAMES))})['\"]")


def is_adapter(path: str) -> bool:
    """Whether the file is part of one distribution's adapter; what adapters share knows no name."""
    return any(f"/_distribution/{name}/" in path for name in NAMES)


def _named(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return node.value in NAMES
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return any(map(_named, node.elts))
    return False


def check_python(path: str, tree: ast.Module) -> list[Finding]:
    """Comparisons and match cases with the name of a distribution."""
    findings = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            compared = [node.left, *node.comparators]
        elif isinstance(node, ast.MatchValue):
            compared = [node.value]
        else:
            continue
        if any(map(_named, compared)):
            findings.append(Finding(path, node.lineno, WHAT))
    return findings


def check_template(path: str, source: str) -> list[Finding]:
    """The same in conditions and templates of roles and playbooks."""
    lines = enumerate(source.splitlines(), 1)
    return [Finding(path, number, WHAT) for number, line in lines if IN_TEMPLATES.search(line)]
