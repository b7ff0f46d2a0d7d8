# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bundle: the same bytes everywhere, and an archive that a node's Python imports."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.bundle import (
    MODULE_UTILS,
    NODE_HALVES,
    archive,
    bundle,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.loader import (
    LOADER,
    RESCUE,
    START,
)


def test_same_tree_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        root = tmp_path / name
        (root / "_doors").mkdir(parents=True)
        files = ["b.py", "a.py", "_doors/x.py"]
        for path in files if name == "one" else reversed(files):
            (root / path).write_text("VALUE = 1\n")
    os.utime(tmp_path / "one" / "a.py", (1, 1))
    assert archive(tmp_path / "one") == archive(tmp_path / "two")
    (tmp_path / "one" / "a.py").write_text("VALUE = 2\n")
    assert archive(tmp_path / "one") != archive(tmp_path / "two")


def test_only_python_files_travel(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.cpython-311.pyc").write_bytes(b"x")
    (tmp_path / "a.py").write_text("")
    path = tmp_path / "out.zip"
    path.write_bytes(archive(tmp_path))
    names = zipfile.ZipFile(path).namelist()
    assert sorted([*NODE_HALVES, "lightk8s_node/a.py"]) == names


def test_importable_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / f"{bundle().digest}.zip"
    path.write_bytes(bundle().archive)
    code = "import sys; sys.path.insert(0, sys.argv[1]); import lightk8s_node._core.kept as k"
    done = subprocess.run(
        [sys.executable, "-ISc", code + "; print(k.__file__)", path],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip().startswith(str(path))


def test_nodes_may_have_an_old_python() -> None:
    sources = [path.read_text() for path in NODE_HALVES.values() if path]
    sources += [path.read_text() for path in MODULE_UTILS.rglob("*.py")]
    for source in [*sources, LOADER + RESCUE + START]:
        ast.parse(source, feature_version=(3, 9))


def test_every_python_here_compiles_it(tmp_path: Path) -> None:
    path = tmp_path / "code.zip"
    path.write_bytes(bundle().archive)
    install = str(NODE_HALVES["lightk8s_node/_kept/install.py"])
    code = "import sys; exec(open(sys.argv[1]).read()); compiled(open(sys.argv[2], 'rb').read())"
    found = {sys.executable, *filter(None, (shutil.which(f"python3.{n}") for n in range(9, 15)))}
    for python in found:
        version = subprocess.run([python, "--version"], capture_output=True, check=False)
        if version.returncode == 0:
            subprocess.run([python, "-ISc", code, install, path], check=True)
