# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may import whom: node code is self-contained, and decisions touch nothing outside."""

from __future__ import annotations

import ast
import sys
import typing as t
from pathlib import PurePosixPath

from .tree import Finding

COLLECTION = "ansible_collections.lightk8s.edge."
NODE = "plugins.module_utils"
FOUNDATION = {"_core", "_host", "_kube"}
# A noun stands on the foundation and on the distributions; of another noun it may read the spec.
ROOMS = {
    "_core": {"_core", "_host"},
    "_host": {"_core", "_host"},
    "_kube": FOUNDATION,
    "_distribution": FOUNDATION | {"_distribution"},
}
# A library that only some users need is asked for in one file, which says so when it is missing.
LIBRARIES = {
    "plugins/plugin_utils/_delta/differences.py": ("bsdiff4",),
    "plugins/plugin_utils/_images/compression.py": ("backports", "compression"),
    "plugins/plugin_utils/_images/signatures.py": ("cryptography",),
    "plugins/plugin_utils/_objects/access.py": ("kubernetes",),
    "plugins/plugin_utils/_sync/signing.py": ("cryptography",),
}
OUTSIDE = (
    *("ansible", "asyncio", "ctypes", "fcntl", "http", "multiprocessing", "os", "platform"),
    *("random", "secrets", "select", "selectors", "shutil", "signal", "socket", "ssl"),
    *("subprocess", "tempfile", "threading", "time", "urllib", "uuid"),
)


class Import(t.NamedTuple):
    line: int
    name: str
    relative: bool


def own_name(path: str) -> str:
    """The dotted name of a file, counted from the collection's root."""
    parts = PurePosixPath(path).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: str, tree: ast.Module) -> list[Import]:
    """All imports of a file; those of this collection by names from its root."""
    found = []
    package = PurePosixPath(path).parent.parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [Import(node.lineno, alias.name, False) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            stem = ".".join([*base, *([node.module] if node.module else [])])
            found += [Import(node.lineno, f"{stem}.{a.name}", node.level > 0) for a in node.names]
    return [item._replace(name=item.name.removeprefix(COLLECTION)) for item in found]


def _standard(name: str) -> bool:
    return name.partition(".")[0] in sys.stdlib_module_names


def _below(name: str, *roots: str) -> bool:
    return any(name == root or name.startswith(f"{root}.") for root in roots)


def _judge_node(path: str, item: Import) -> str:
    if _standard(item.name):
        return ""
    if not item.relative or not _below(item.name, NODE):
        return "code for nodes imports the standard library and, relatively, itself"
    here = PurePosixPath(path).parts[2]
    there, what = [*item.name.split("."), ""][2:4]
    if there == "_doors" and here != "_doors":
        return "a door is opened from outside only"
    allowed = ROOMS.get(here, FOUNDATION | {"_distribution", here})
    if here.startswith("_") and here != "_doors" and there not in allowed and what != "spec":
        return f"the room {here} does not build on {there}"
    return ""


def _judge_module(path: str, item: Import) -> str:
    door = f"{NODE}._doors.{PurePosixPath(path).stem}"
    if _standard(item.name) or _below(item.name, "ansible.module_utils.basic", door):
        return ""
    return "a module imports AnsibleModule and its own door"


def _judge_controller(path: str, item: Import) -> str:
    if PurePosixPath(path).name.startswith("node_"):
        return (
            "" if _standard(item.name) else "a program sent to a node imports the standard library"
        )
    if item.relative:
        return "controller code imports by full names"
    if _standard(item.name) or _below(item.name, "ansible", NODE, "plugins.plugin_utils"):
        return ""
    if _below(item.name, *LIBRARIES.get(path, ())):
        return ""
    return "controller code imports ansible, the standard library and this collection"


def _judge_testbed(path: str, item: Import) -> str:
    if item.relative or _standard(item.name) or _below(item.name, "bed", "yaml"):
        return ""
    return "the test bed shares no code with what it tests"


def judge(path: str) -> t.Callable[[str, Import], str] | None:
    """The rule for a file, None where its imports are free."""
    if path.startswith("plugins/module_utils/"):
        return _judge_node
    if path.startswith("plugins/modules/"):
        return _judge_module
    if path.startswith("plugins/"):
        return _judge_controller
    if path.startswith("tests/testbed/bed/"):
        return _judge_testbed
    return None


def check(path: str, tree: ast.Module) -> list[Finding]:
    """Imports that leave the layer of the file."""
    rule = judge(path)
    if rule is None:
        return []
    judged = [(item, rule(path, item)) for item in imports(path, tree)]
    return [Finding(path, item.line, f"{item.name}: {what}") for item, what in judged if what]


def check_pure(path: str, trees: t.Mapping[str, ast.Module]) -> list[Finding]:
    """What a file of decisions, and the files of its room that it builds on, take from outside."""
    names = {own_name(name): name for name in trees}
    room = f"{PurePosixPath(path).parent}/"
    findings: list[Finding] = []
    waiting, seen = [path], {path}
    while waiting:
        here = waiting.pop()
        for item in imports(here, trees[here]):
            if _below(item.name, *OUTSIDE, f"{NODE}._host"):
                findings.append(Finding(here, item.line, f"{item.name}: a plan has no outside"))
            target = names.get(item.name) or names.get(item.name.rpartition(".")[0], "")
            if target.startswith(room) and target not in seen:
                seen.add(target)
                waiting.append(target)
    return findings
