# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The house in order: every rule over every file it is about."""

from __future__ import annotations

import ast

from ansible_collections.lightk8s.edge.tests.unit.house.rules import (
    distributions,
    layers,
    old_python,
    sizes,
    texts,
    tree,
)

NODE_CODE = (
    "plugins/module_utils/*.py",
    "plugins/modules/*.py",
    "plugins/plugin_utils/*/node_*.py",
)
TEXTS = (
    *("*.py", "*.yml", "*.yaml", "*.md", "*.toml", "*.sh", "*.go", "*.j2", "*.txt", "*.cfg"),
    *("*.ini", "*Makefile", "tools/*", ".ci/*", ".*lint", ".gitignore", "*/hosts"),
)


def trees(*patterns: str) -> dict[str, ast.Module]:
    return {name: tree.parsed(name) for name in tree.files(*patterns)}


def test_imports_stay_in_their_layer() -> None:
    found = [f for name, body in trees("*.py").items() for f in layers.check(name, body)]
    tree.expect_none(found)


def test_a_plan_reaches_nothing_outside() -> None:
    bodies = trees("plugins/module_utils/*.py")
    plans = [name for name in bodies if name.endswith("/plan.py")]
    found = [f for name in plans for f in layers.check_pure(name, bodies)]
    tree.expect_none(found)


def test_code_for_nodes_runs_on_an_old_python() -> None:
    names = [name for name in tree.files(*NODE_CODE) if tree.text(name).strip()]
    found = [f for name in names for f in old_python.check(name, tree.text(name))]
    tree.expect_none(found)


def test_a_run_pays_for_no_pattern_that_it_does_not_use() -> None:
    found = [
        f for name, body in trees(*NODE_CODE).items() for f in old_python.check_start(name, body)
    ]
    tree.expect_none(found)


def test_only_adapters_know_distributions_by_name() -> None:
    bodies = trees("plugins/*.py").items()
    asking = {name: body for name, body in bodies if not distributions.is_adapter(name)}
    found = [f for name, body in asking.items() for f in distributions.check_python(name, body)]
    for name in tree.files("roles/*.yml", "roles/*.j2", "playbooks/*.yml"):
        found += distributions.check_template(name, tree.text(name))
    for name in tree.files("roles/*", "playbooks/*"):
        found += distributions.check_path(name)
    tree.expect_none(found)


def test_pieces_have_one_job() -> None:
    found = []
    for name, body in trees("*.py").items():
        found += sizes.check_python(name, tree.text(name), body)
    for name in tree.files("*/tasks/*.yml", "roles/*/handlers/*.yml"):
        found += sizes.check_tasks(name, tree.text(name))
    tree.expect_none(found)


def test_most_functions_are_short() -> None:
    assert sizes.median_function(trees("plugins/*.py").values()) <= sizes.MEDIAN_FUNCTION


def test_nothing_is_put_off_or_set_aside() -> None:
    words = texts.unwanted(tree.text(texts.UNWANTED))
    names = [name for name in tree.files(*TEXTS) if name != texts.UNWANTED]
    tree.expect_none([f for n in names for f in texts.check_words(n, tree.text(n), words)])


def test_every_file_states_its_licence() -> None:
    reuse = tree.text("REUSE.toml") if "REUSE.toml" in tree.tracked() else ""
    found = [
        f for name in tree.tracked() for f in texts.check_licence(name, tree.text(name), reuse)
    ]
    tree.expect_none(found)


def test_no_sanity_finding_is_set_aside() -> None:
    assert tree.files("tests/sanity/ignore*.txt") == []


def test_the_collection_does_not_know_its_test_bed() -> None:
    shipped = tree.files("plugins/*", "roles/*", "playbooks/*", "meta/*")
    assert [name for name in shipped if "testbed" in tree.text(name).lower()] == []
