# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signs that a piece has two jobs. Splitting by a counter helps nobody: see whether it has."""

from __future__ import annotations

import ast
import statistics
import typing as t

from .tree import Finding

MODULE_BODY = 120
FILE = 300
TEST_FILE = 400
FUNCTION = 60
MEDIAN_FUNCTION = 14
TASKS_FILE = 60
DOCUMENTATION = ("DOCUMENTATION", "EXAMPLES", "RETURN")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def body_lines(source: str, tree: ast.Module) -> int:
    """Lines of a file without its blocks of documentation."""
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.Assign)]
    named = [
        n for n in blocks if isinstance(n.targets[0], ast.Name) and n.targets[0].id in DOCUMENTATION
    ]
    return source.count("\n") - sum(map(_lines, named))


def functions(tree: ast.Module) -> list[Function]:
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


def check_python(path: str, source: str, tree: ast.Module) -> list[Finding]:
    """A file, or a function in it, that is longer than one job needs."""
    bound = FILE
    if path.startswith("plugins/modules/"):
        bound = MODULE_BODY
    elif path.startswith("tests/"):
        bound = TEST_FILE
    found = []
    size = body_lines(source, tree)
    if size > bound:
        found.append(Finding(path, 1, f"{size} lines, {bound} are the bound"))
    for node in functions(tree):
        if _lines(node) > FUNCTION:
            what = f"{node.name} has {_lines(node)} lines, {FUNCTION} are the bound"
            found.append(Finding(path, node.lineno, what))
    return found


def check_tasks(path: str, source: str) -> list[Finding]:
    size = source.count("\n")
    if size > TASKS_FILE:
        return [Finding(path, 1, f"{size} lines of tasks, {TASKS_FILE} are the bound")]
    return []


def median_function(trees: t.Iterable[ast.Module]) -> float:
    """Median length of functions in lines; 0 where there is none."""
    sizes = [_lines(node) for tree in trees for node in functions(tree)]
    return statistics.median(sizes) if sizes else 0
