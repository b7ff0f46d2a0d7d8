# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Code that knows which distribution it has before it, outside the few places that may.

Who does not hold a name can make no condition with it: so names are looked for, not comparisons.
"""

from __future__ import annotations

import ast
import re
import typing as t
from pathlib import PurePosixPath

import jinja2
import yaml
from jinja2 import nodes

from .tree import Finding

NAMES = ("k3s", "k0s", "microk8s", "kubeedge")
WHAT = "names a distribution; its adapter under _distribution/ should say what differs"
IN_CODE = re.compile(rf"(?<![A-Za-z0-9_])({'|'.join(NAMES)})(?![A-Za-z0-9_])", re.IGNORECASE)
IN_NAMES = re.compile(rf"(?<![A-Za-z0-9])({'|'.join(NAMES)})(?![A-Za-z0-9])", re.IGNORECASE)
# Lists of all distributions, and how each of them writes a version.
LISTS = (
    "plugins/module_utils/_core/versions.py",
    "plugins/module_utils/_distribution/registry.py",
    "plugins/plugin_utils/_releases/catalogue.py",
)
DOCUMENTATION = ("DOCUMENTATION", "EXAMPLES", "RETURN")
CONDITIONS = ("when", "that", "until", "failed_when", "changed_when")


def is_adapter(path: str) -> bool:
    """Whether the file is about one distribution, and says so by its name; or lists them all."""
    here = PurePosixPath(path)
    own = here.parent.name == "_releases" and here.stem in NAMES
    door = any(here.stem == f"{name}_install" for name in NAMES)
    return path in LISTS or own or door or any(f"/_distribution/{name}/" in path for name in NAMES)


def _documentation(tree: ast.Module) -> set[int]:
    """Constants that are read by people alone."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            found.add(id(node.value))
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in DOCUMENTATION:
            found.add(id(node.value))
    return found


def _words(node: ast.AST) -> t.Iterator[str]:
    """What a node of code may name a distribution by, other than a text."""
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.arg | ast.keyword):
        yield node.arg or ""
    elif isinstance(node, ast.ImportFrom):
        yield node.module or ""
    elif isinstance(node, ast.alias):
        yield node.name


def check_python(path: str, tree: ast.Module) -> list[Finding]:
    """Texts and names in code that name a distribution."""
    told = _documentation(tree)
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in told:
            words, form = [str(node.value)], IN_CODE
        else:
            words, form = [word.replace("_", ".") for word in _words(node)], IN_NAMES
        if any(map(form.search, words)):
            found.add(getattr(node, "lineno", 1))
    return [Finding(path, line, WHAT) for line in sorted(found)]


def check_template(path: str, source: str) -> list[Finding]:
    """The same in templates, and in conditions and expressions of roles and playbooks."""
    if path.endswith(".j2"):
        return [Finding(path, 1, WHAT)] if _named(source) else []
    expressions = _expressions(yaml.compose(source))
    return [Finding(path, line, WHAT) for line, text in expressions if _named(text)]


def _expressions(node: yaml.Node | None, key: str = "") -> t.Iterator[tuple[int, str]]:
    """Line and text of whatever Ansible templates."""
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield from _expressions(name)
            yield from _expressions(value, name.value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _expressions(item, key)
    elif isinstance(node, yaml.ScalarNode):
        line = node.start_mark.line + 1
        yield line, f"{{{{ {node.value} }}}}" if key in CONDITIONS else node.value


def _named(template: str) -> bool:
    """Whether an expression in the template names a distribution, but as what an unset input means."""
    tree = jinja2.Environment().parse(template)
    defaults = [f for f in tree.find_all(nodes.Filter) if f.name in ("default", "d")]
    harmless = {id(item) for default in defaults for item in default.args}
    texts = [c for c in tree.find_all(nodes.Const) if id(c) not in harmless]
    return any(isinstance(c.value, str) and IN_CODE.search(c.value) for c in texts)


def check_path(path: str) -> list[Finding]:
    """A role or playbook that is chosen by its name would be a condition too."""
    return [Finding(path, 1, WHAT)] if IN_NAMES.search(path.replace("_", ".")) else []
