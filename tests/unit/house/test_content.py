# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules, roles and playbooks: what they say of themselves is what they are."""

from __future__ import annotations

import importlib
import typing as t
from pathlib import Path

from ansible_collections.lightk8s.edge.tests.unit.house.rules import modules, roles, tree

DOORS = "ansible_collections.lightk8s.edge.plugins.module_utils._doors"


def fragment(name: str) -> dict[str, t.Any]:
    stem = name.removeprefix("lightk8s.edge.").partition(".")[0]
    path = f"plugins/doc_fragments/{stem}.py"
    return modules.documentation(tree.parsed(path)) if path in tree.tracked() else {}


def optional_text(path: str) -> str:
    return tree.text(path) if path in tree.tracked() else ""


def test_documentation_is_the_argument_spec() -> None:
    found = []
    for name in tree.module_names():
        path = f"plugins/modules/{name}.py"
        told = modules.options(modules.documentation(tree.parsed(path)), fragment)
        if f"plugins/module_utils/_doors/{name}.py" in tree.tracked():
            door = importlib.import_module(f"{DOORS}.{name}")
            found += modules.compare(path, told, door.ARGS["argument_spec"])
    tree.expect_none(found)


def test_every_module_has_its_controller_half() -> None:
    halves = {Path(name).stem for name in tree.files("plugins/action/*.py")}
    assert halves - {"__init__"} == set(tree.module_names())


def test_the_action_group_holds_all_modules() -> None:
    groups = tree.data("meta/runtime.yml")["action_groups"]
    assert groups["all"] == sorted(tree.module_names())


def test_every_module_runs_without_changing_in_check_mode() -> None:
    doors = [
        n for n in tree.module_names() if f"plugins/module_utils/_doors/{n}.py" in tree.tracked()
    ]
    loaded = {name: importlib.import_module(f"{DOORS}.{name}") for name in doors}
    assert [name for name, door in loaded.items() if not door.ARGS.get("supports_check_mode")] == []


def test_inputs_of_roles_agree() -> None:
    found = []
    for role in tree.role_names():
        folder = f"roles/{role}"
        defaults = tree.data(f"{folder}/defaults/main.yml") or {}
        specs = tree.data(f"{folder}/meta/argument_specs.yml")
        found += roles.check(role, defaults, specs, tree.text(f"{folder}/README.md"))
    tree.expect_none(found)


def test_everything_is_named_in_the_documentation() -> None:
    told = "\n".join(tree.text(name) for name in tree.files("README.md", "docs/*.md"))
    playbooks = [Path(name).name for name in tree.files("playbooks/*.yml")]
    public = [name for name in playbooks if not name.startswith(("_", "internal_"))]
    wanted = [*tree.module_names(), *tree.role_names(), *public]
    missing = [name for name in wanted if name not in told]
    assert optional_text("README.md") == "" or missing == []


def test_fragments_of_the_changelog_have_known_sections() -> None:
    config = tree.data("changelogs/config.yaml")
    known = {name for name, title in config["sections"]}
    known |= {config["prelude_section_name"], config["trivial_section_name"]}
    fragments = {name: tree.data(name) for name in tree.files("changelogs/fragments/*")}
    strange = {name: sorted(set(body) - known) for name, body in fragments.items()}
    assert {name: sections for name, sections in strange.items() if sections} == {}
