# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images as a noun of edge_site: what is right costs a stat, and what may not be right is looked at."""

from __future__ import annotations

import os
import subprocess
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.door import failed
from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.adapter import Runtime
from ansible_collections.lightk8s.edge.plugins.module_utils._doors import (
    edge_images,
    edge_site,
    site_images,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host
from ansible_collections.lightk8s.edge.plugins.plugin_utils._staging.noun import joined
from ansible_collections.lightk8s.edge.plugins.plugin_utils._staging.wanted import Rows, known

ROOT = "/var/lib/runtime"
WANTED = [{"name": "shop.example/till:1", "digest": "sha256:" + "1" * 64}]
RIGHT = {"changed": False, "images": [{"name": "shop.example/till:1", "present": True}]}


class Node:
    """A node with containerd's database, whose looks are counted."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.database = folder / ROOT.strip("/") / site_images.DATABASE
        self.database.parent.mkdir(parents=True)
        self.database.write_bytes(b"bolt")
        (folder / "var/lib/lightk8s/state").mkdir(parents=True)
        self.looks = 0
        self.answer: dict[str, Any] = RIGHT
        runtime = Runtime(("ctr",), ROOT, "5%")
        layout = types.SimpleNamespace(runtime=runtime)
        monkeypatch.setattr(site_images, "layout_of", lambda *_args: layout)
        monkeypatch.setattr(edge_images, "main", self.look)

    def look(
        self, params: Mapping[str, Any], check: bool, _diff: bool, _host: Host
    ) -> dict[str, Any]:
        assert check
        assert params["wanted"] == WANTED or params["wanted"] == []
        self.looks += 1
        return self.answer

    def run(self, *, check: bool = False, **params: Any) -> dict[str, Any]:
        given = {"distribution": "k3s", "wanted": WANTED, "state": "present", **params}
        before = {"changed": False, "actions": []}
        return site_images.add(before, given, check, Host(str(self.folder)))


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    return Node(tmp_path, monkeypatch)


def test_what_was_found_right_is_not_asked_for_again(node: Node) -> None:
    first = node.run()
    assert (first["images"], first["images_pending"]) == (RIGHT["images"], False)
    assert node.run() == first
    assert node.looks == 1


def test_a_database_that_has_changed_is_asked_again(node: Node) -> None:
    node.run()
    node.database.write_bytes(b"tlob")
    node.answer = {**RIGHT, "pending": True}
    assert node.run()["images_pending"]
    assert node.looks == 2
    os.replace(node.database, f"{node.database}-")
    node.run()
    assert node.looks == 3


def test_other_wishes_and_full_verification_ask_again(node: Node) -> None:
    node.run()
    node.run(images_prune=True)
    node.run(wanted=[])
    node.run()
    node.run(verify="full")
    assert node.looks == 5


def test_a_look_that_is_no_part_of_a_run_leaves_nothing(node: Node) -> None:
    node.run(check=True)
    assert list((node.folder / "var/lib/lightk8s/state").iterdir()) == []
    node.run(check=True, planning="own")
    node.run(check=True)
    assert node.looks == 2


def test_a_warning_is_told_by_the_run_that_can_tell_it(node: Node) -> None:
    node.answer = {**RIGHT, "warnings": ["x stays: a container uses it"]}
    assert node.run()["images_pending"]


def test_a_node_that_is_about_to_change_is_not_looked_at(node: Node) -> None:
    params = {"distribution": "k3s", "wanted": WANTED, "state": "present"}
    before = {"changed": True, "actions": ["install"]}
    found = site_images.add(before, params, True, Host(str(node.folder)))
    assert found == {**before, "images_pending": True}
    assert node.looks == 0


@pytest.mark.parametrize("more", [{"wanted": None}, {"state": "absent"}, {"state": "stopped"}])
def test_nothing_is_said_where_nothing_is_asked(node: Node, more: dict[str, Any]) -> None:
    assert node.run(**more) == {"changed": False, "actions": []}


def test_a_containerd_that_does_not_answer_is_left_to_who_brings_images(node: Node) -> None:
    node.answer = {"changed": False, **failed(EdgeError("no socket", kind="command"))}
    assert node.run() == {"changed": False, "actions": [], "images_pending": True}


def test_no_code_of_images_is_loaded_where_none_are_asked_for() -> None:
    package = edge_site.__name__.rpartition("._doors")[0]
    script = (
        f"import sys; import {package}._doors.edge_site, {package}._doors.nouns;"
        "print([n for n in sys.modules if '_images' in n])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(edge_site.__file__).parents[6],
    )
    assert done.stdout.strip() == "[]"


def layout(folder: Path, content: str = "{}") -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    (folder / "index.json").write_text(content)
    return {"name": "shop.example/till:1", "source": str(folder)}


def test_rows_hold_as_long_as_their_source_is_the_same_file(tmp_path: Path) -> None:
    rows = Rows(tmp_path / "cache")
    entry = layout(tmp_path / "till")
    row = {"name": "shop.example/till:1", "digest": "sha256:x"}
    assert known([entry], "x86_64", rows) is None
    rows.keep(entry, "x86_64", row)
    assert known([entry], "x86_64", rows) == [row]
    assert known([entry], "aarch64", rows) is None
    assert known([entry, entry], "x86_64", rows) is None
    assert known([{**entry, "state": "absent"}], "x86_64", rows) is None
    layout(tmp_path / "till", '{"manifests": []}')
    assert known([entry], "x86_64", rows) is None
    assert known([], "x86_64", rows) == []


def test_a_tag_of_a_registry_may_have_moved_and_a_digest_cannot(tmp_path: Path) -> None:
    rows = Rows(tmp_path)
    for name, holds in (("x.example/a:1", False), (f"x.example/a@sha256:{'1' * 64}", True)):
        rows.keep({"name": name}, "x86_64", {"name": name})
        assert (known([{"name": name}], "x86_64", rows) is not None) == holds


def test_machines_are_remembered_by_host(tmp_path: Path) -> None:
    rows = Rows(tmp_path)
    assert rows.machine_of("edge7") == ""
    rows.keep_machine("edge7", "aarch64")
    assert (rows.machine_of("edge7"), rows.machine_of("edge8")) == ("aarch64", "")


def test_two_parts_of_a_task_make_one_result() -> None:
    first = {"changed": True, "actions": ["a"], "transfer": {"bytes": 5, "artifacts": 1}}
    second = {
        "changed": False,
        "actions": ["b"],
        "images": [1],
        "transfer": {"bytes": 2, "artifacts": 1, "lan_bytes": 9},
        "bytes_to_send": 3,
        "failed": True,
        "msg": "no room",
        "invocation": {},
    }
    assert joined(first, second) == {
        "changed": True,
        "actions": ["a", "b"],
        "images": [1],
        "transfer": {"artifacts": 2, "bytes": 7, "lan_bytes": 9},
        "bytes_to_send": 3,
        "failed": True,
        "msg": "no room",
    }
