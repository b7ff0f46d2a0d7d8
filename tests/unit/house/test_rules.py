# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules themselves: each finds what it is for, and lets the good twin pass."""

from __future__ import annotations

import ast
import typing as t

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._distribution import registry
from ansible_collections.lightk8s.edge.tests.unit.house.rules import (
    distributions,
    layers,
    modules,
    old_python,
    roles,
    sizes,
    texts,
    tree,
)

FUTURE = "from __future__ import annotations\n"
UTILS = "plugins/module_utils"


@pytest.mark.parametrize(
    ("path", "good", "bad"),
    [
        (f"{UTILS}/_core/a.py", "from . import errors", "import ansible"),
        (f"{UTILS}/_core/a.py", "import json", "import yaml"),
        (f"{UTILS}/_core/a.py", "from .._host import host", "from .._kube import client"),
        (
            f"{UTILS}/_logging/a.py",
            "from .._resources.spec import S",
            "from .._resources import plan",
        ),
        (f"{UTILS}/_logging/a.py", "from .._core import plan", "from .._doors import options"),
        (
            f"{UTILS}/_core/a.py",
            "from .plan import Plan",
            "from ansible_collections.lightk8s.edge.plugins.module_utils._core.plan import Plan",
        ),
        (
            "plugins/modules/edge_a.py",
            "from ansible_collections.lightk8s.edge.plugins.module_utils._doors.edge_a import ARGS",
            "from ansible_collections.lightk8s.edge.plugins.module_utils._doors.edge_b import ARGS",
        ),
        (
            "plugins/modules/edge_a.py",
            "from ansible.module_utils.basic import AnsibleModule",
            "from ansible.module_utils.urls import fetch_url",
        ),
        ("plugins/action/edge_a.py", "from ansible.errors import AnsibleError", "import requests"),
        ("plugins/plugin_utils/_x/node_a.py", "import json", "import ansible"),
        ("tests/testbed/bed/a.py", "from .shell import run", "import ansible_collections.x"),
    ],
)
def test_layers(path: str, good: str, bad: str) -> None:
    assert layers.check(path, ast.parse(good)) == []
    assert len(layers.check(path, ast.parse(bad))) == 1


def test_a_plan_is_judged_with_what_its_room_lends_it() -> None:
    room = {
        f"{UTILS}/_logging/plan.py": "from .spec import Spec\nfrom .._core.files import look",
        f"{UTILS}/_logging/spec.py": "from . import sizes",
        f"{UTILS}/_logging/sizes.py": "import os.path",
        f"{UTILS}/_core/files.py": "import subprocess",
    }
    trees = {name: ast.parse(source) for name, source in room.items()}
    found = layers.check_pure(f"{UTILS}/_logging/plan.py", trees)
    assert [finding.path for finding in found] == [f"{UTILS}/_logging/sizes.py"]


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("def f(a: int | None) -> str | None: ...", "Known = int | None"),
        ("x: dict[str, int | None] = {}", "isinstance(x, int | str)"),
        ("flags = os.O_RDONLY | os.O_NOFOLLOW", "Alias = t.Optional[str] and str | bytes"),
        ("zip(a, b)", "zip(a, b, strict=True)"),
        (
            "@dataclass(frozen=True)\nclass A: ...",
            "@dataclass(frozen=True, slots=True)\nclass A: ...",
        ),
        ("if x == 1: ...", "match x:\n    case 1: ..."),
        ("import json", "import tomllib"),
        ("from itertools import chain", "from itertools import pairwise"),
        ("import datetime as d\nd.timezone.utc", "import datetime as d\nd.UTC"),
        ("if t.TYPE_CHECKING:\n    from typing import Self", "from typing import Self"),
        ("try: ...\nexcept ValueError: ...", "try: ...\nexcept* ValueError: ..."),
    ],
)
def test_old_python(good: str, bad: str) -> None:
    assert old_python.check("a.py", FUTURE + good) == []
    assert len(old_python.check("a.py", FUTURE + bad)) == 1


def test_patterns_are_not_compiled_at_import() -> None:
    assert old_python.check_start("a.py", ast.parse('A = "x"\ndef f(): return re.compile(A)')) == []
    assert len(old_python.check_start("a.py", ast.parse('A = re.compile("x")'))) == 1


def test_annotations_must_not_run() -> None:
    assert len(old_python.check("a.py", "import json\n")) == 1


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("adapter.name == other.name", "spec.distribution == 'k3s'"),
        ("x in ('server', 'agent')", "x in ('k3s', 'k0s')"),
        ("x = 'k3s_server'", "OTHER = 'microk8s'"),
        ("{'a': 1}[x]", "{'k3s': 1}[x]"),
        ("x.startswith('k')", "x.endswith('+k0s')"),
        ("f'{x}.service'", "f'{x}/k0s'"),
        ("from .._distribution import gate", "from .._distribution.k3s import paths"),
        ("is_server = 1", "is_k3s = 1"),
        ("DOCUMENTATION = 'of k3s'", "TITLE = 'of k3s'"),
        ("def f():\n    'of k3s'", "def f():\n    return 'of K3s'"),
    ],
)
def test_distributions(good: str, bad: str) -> None:
    assert distributions.check_python("a.py", ast.parse(good)) == []
    assert len(distributions.check_python("a.py", ast.parse(bad))) == 1


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("name: k3s", "name: \"{{ 'k3s' }}\""),
        ("when: edge_role == 'server'", "when: edge_distribution == 'k3s'"),
        ("that:\n  - x in ['a']", "that: [a, \"x in ['k0s', 'k3s']\"]"),
        ("a: \"{{ x | default('k3s') }}\"", "a: \"{{ (x | default('k3s')) == 'k3s' }}\""),
        ("a: \"{{ x['a'] }}\"", "a: \"{{ {'k3s': 1}[x] }}\""),
        ("a: \"{{ x is match('a') }}\"", "a: \"{{ x is match('microk8s') }}\""),
    ],
)
def test_distributions_in_templates(good: str, bad: str) -> None:
    assert distributions.check_template("a.yml", good) == []
    assert len(distributions.check_template("a.yml", f"b: 1\n{bad}\n")) == 1


def test_distributions_in_files_of_templates_and_in_paths() -> None:
    assert distributions.check_template("a.j2", "# k3s {{ x }}\n") == []
    assert len(distributions.check_template("a.j2", "{% if x == 'k3s' %}{% endif %}")) == 1
    assert distributions.check_path("roles/a/tasks/main.yml") == []
    assert len(distributions.check_path("roles/a/tasks/k3s_single.yml")) == 1


def test_all_distributions_are_known_to_the_rule() -> None:
    assert set(registry.NAMES) <= set(distributions.NAMES)


def test_sizes() -> None:
    body = "def f():\n" + "    x = 1\n" * sizes.FUNCTION
    documented = 'DOCUMENTATION = """' + "\n" * 500 + '"""\n'
    assert sizes.check_python("plugins/modules/a.py", documented, ast.parse(documented)) == []
    found = sizes.check_python("a.py", body, ast.parse(body))
    assert [finding.what.split()[0] for finding in found] == ["f"]
    long = "x = 1\n" * (sizes.MODULE_BODY + 1)
    assert len(sizes.check_python("plugins/modules/a.py", long, ast.parse(long))) == 1
    assert sizes.check_python("plugins/action/a.py", long, ast.parse(long)) == []
    assert len(sizes.check_tasks("a.yml", "- x\n" * (sizes.TASKS_FILE + 1))) == 1
    assert sizes.median_function([ast.parse("def a():\n    pass\n"), ast.parse(body)]) > 2


def test_licences() -> None:
    header = "\n".join(texts.PYTHON_HEADER)
    reuse = '[[annotations]]\npath = ["docs/*.md"]\n'
    assert texts.check_licence("a.py", f"{header}\n", reuse) == []
    assert texts.check_licence("a.py", f"#!/usr/bin/python\n{header}\n", reuse) == []
    assert texts.check_licence("a/__init__.py", "", reuse) == []
    assert texts.check_licence("docs/a.md", "# A\n", reuse) == []
    assert len(texts.check_licence("a.py", f"# {texts.SPDX}\n", reuse)) == 1
    assert len(texts.check_licence("a.yml", "---\n", reuse)) == 1


def test_words() -> None:
    words = texts.unwanted(tree.text(texts.UNWANTED))
    samples = ["x = 1  # no" + "qa: E501", "@pytest.mark.sk" + "ip", "# TO" + "DO: more"]
    samples += ["cd /wo" + "rk/main", "raise NotImple" + "mentedError"]
    for sample in samples:
        assert len(texts.check_words("a.py", sample, words)) == 1
    assert texts.check_words("a.sh", "cd ./workspace; mktemp a.XX" + "XXXX", words) == []


SPEC: dict[str, t.Any] = {"a_size": {"type": "int", "default": 3, "description": "Size."}}


@pytest.mark.parametrize(
    ("defaults", "readme", "count"),
    [
        ({"a_size": 3}, "| `a_size` | 3 | Size |", 0),
        ({"a_size": "{{ edge_size | default(3) }}"}, "| `a_size` | 3 | Size |", 0),
        ({"a_size": 4}, "| `a_size` | 3 | Size |", 1),
        ({"a_size": 3}, "no table", 1),
        ({"a_size": 3, "a_name": ""}, "| `a_size` |", 1),
        ({"a_size": 3}, "| `a_size` |\n| `a_other` |", 1),
    ],
)
def test_roles(defaults: dict[str, t.Any], readme: str, count: int) -> None:
    specs = {"argument_specs": {"main": {"options": SPEC}}}
    assert len(roles.check("a", defaults, specs, readme)) == count


@pytest.mark.parametrize(
    ("told", "count"),
    [
        ({"n": {"type": "int", "default": 3, "description": ["N."]}}, 0),
        ({"n": {"type": "int", "description": ["N."]}}, 1),
        ({"n": {"default": 3, "description": ["N."]}}, 1),
        ({"n": {"type": "int", "default": 3}}, 1),
        ({"n": {"type": "int", "default": 3, "description": ["N."], "no_log": True}}, 1),
        (
            {
                "n": {"type": "int", "default": 3, "description": ["N."]},
                "m": {"description": ["M."]},
            },
            1,
        ),
        ({}, 1),
    ],
)
def test_modules(told: dict[str, t.Any], count: int) -> None:
    assert len(modules.compare("a.py", told, {"n": {"type": "int", "default": 3}})) == count


def test_suboptions_are_compared_too() -> None:
    inner = {"k": {"type": "str", "description": ["K."]}}
    told = {"d": {"type": "dict", "description": ["D."], "suboptions": inner}}
    spec = {"d": {"type": "dict", "options": {"k": {"type": "int"}}}}
    assert [f.what for f in modules.compare("a.py", told, spec)] == [
        "d.k: type 'str' documented, 'int' in the argument spec"
    ]


def test_options_of_fragments_count() -> None:
    fragment = ast.parse(
        "class ModuleDocFragment:\n    DOCUMENTATION = '''\noptions:\n  a: {type: int}\n'''\n"
    )
    module = {"extends_documentation_fragment": ["x.y.f"], "options": {"b": {}}}
    merged = modules.options(module, {"x.y.f": modules.documentation(fragment)}.__getitem__)
    assert merged == {"a": {"type": "int"}, "b": {}}
