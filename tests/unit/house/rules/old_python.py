# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Python of an old long-term distribution cannot do, looked for in code for nodes."""

from __future__ import annotations

import ast
import typing as t

from .tree import Finding

OLDEST = (3, 9)
NEWER_MODULES = {"tomllib", "compression", "annotationlib", "string.templatelib"}
NEWER_NAMES = {
    module: set(names.split())
    for module, names in {
        "asyncio": "Runner TaskGroup timeout",
        "contextlib": "aclosing chdir",
        "datetime": "UTC",
        "enum": "EnumCheck ReprEnum StrEnum global_enum member nonmember verify",
        "hashlib": "file_digest",
        "inspect": "get_annotations",
        "itertools": "batched pairwise",
        "operator": "call",
        "os": "EFD_CLOEXEC eventfd process_cpu_count splice unshare",
        "sys": "exception orig_argv stdlib_module_names",
        "types": "EllipsisType NoneType NotImplementedType UnionType",
        "typing": (
            "Concatenate LiteralString Never NotRequired ParamSpec Required Self TypeAlias "
            "TypeGuard TypeIs Unpack assert_never assert_type override reveal_type"
        ),
    }.items()
}
NEWER_BUILTINS = {"BaseExceptionGroup", "EncodingWarning", "ExceptionGroup", "aiter", "anext"}
NEWER_METHODS = {"add_note", "bit_count", "hardlink_to", "is_junction"}
NEWER_KEYWORDS = {
    "dataclass": {"kw_only", "match_args", "slots", "weakref_slot"},
    "field": {"kw_only"},
    "zip": {"strict"},
    "glob": {"root_dir"},
    "Popen": {"process_group"},
    "run": {"process_group"},
    "bisect": {"key"},
    "bisect_left": {"key"},
    "bisect_right": {"key"},
    "insort": {"key"},
}


def _type_like(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return node.value is None
    if isinstance(node, ast.Subscript):
        return _type_like(node.value)
    return isinstance(node, ast.Name) and (
        node.id
        in {"bool", "bytes", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple"}
        or (node.id[:1].isupper() and not node.id.isupper())
    )


class _Look(ast.NodeVisitor):
    def __init__(self, path: str) -> None:
        self.path = path
        self.findings: list[Finding] = []
        self.aliases: dict[str, str] = {}

    def say(self, node: ast.expr | ast.stmt, what: str) -> None:
        self.findings.append(Finding(self.path, node.lineno, f"newer than Python 3.9: {what}"))

    def visit_If(self, node: ast.If) -> None:
        """What only a type checker reads never runs on a node."""
        if not ast.unparse(node.test).endswith("TYPE_CHECKING"):
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.aliases[alias.asname or alias.name] = alias.name
            if alias.name in NEWER_MODULES:
                self.say(node, alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level == 0 and node.module in NEWER_MODULES:
            self.say(node, node.module)
        newer = NEWER_NAMES.get(node.module or "", set()) if node.level == 0 else set()
        for alias in node.names:
            if alias.name in newer:
                self.say(node, f"{node.module}.{alias.name}")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.value, ast.Name):
            module = self.aliases.get(node.value.id, "")
            if node.attr in NEWER_NAMES.get(module, ()):
                self.say(node, f"{module}.{node.attr}")
        if node.attr in NEWER_METHODS:
            self.say(node, f"the method {node.attr}")
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in NEWER_BUILTINS:
            self.say(node, node.id)

    def visit_Call(self, node: ast.Call) -> None:
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        for keyword in node.keywords:
            if keyword.arg in NEWER_KEYWORDS.get(called, ()):
                self.say(node, f"{called}({keyword.arg}=)")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.BitOr) and _type_like(node.left) and _type_like(node.right):
            self.say(node, f"{ast.unparse(node)} outside an annotation")
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Annotations are text at run time: only the value counts."""
        if node.value:
            self.visit(node.value)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        parts: list[t.Sequence[ast.AST | None]] = [node.decorator_list, node.body]
        parts += [node.args.defaults, node.args.kw_defaults]
        for item in [item for part in parts for item in part if item]:
            self.visit(item)


def check(path: str, source: str) -> list[Finding]:
    """Syntax and names that the oldest Python of a node does not have."""
    try:
        tree = ast.parse(source, feature_version=OLDEST)
    except SyntaxError as exc:
        return [Finding(path, exc.lineno or 0, f"newer than Python 3.9: {exc.msg}")]
    look = _Look(path)
    look.visit(tree)
    first = next((n for n in tree.body if not _is_docstring(n)), None)
    if first and ast.unparse(first) != "from __future__ import annotations":
        look.say(first, "annotations that run; start with from __future__ import annotations")
    return look.findings


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def check_start(path: str, tree: ast.Module) -> list[Finding]:
    """Patterns compiled at import: each run pays for all of them, and few use any."""
    return [
        Finding(
            path,
            node.lineno,
            "a pattern compiled at import; hand its text to re.match and the like",
        )
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func) == "re.compile"
    ]
