# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tarball that users install holds what they need, and builds from the tracked files."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from ansible_collections.lightk8s.edge.tests.unit.house.rules import tree

SHIPPED = {
    *("CHANGELOG.md", "FILES.json", "LICENSES", "MANIFEST.json", "README.md", "changelogs"),
    *("docs", "extensions", "extras", "meta", "playbooks", "plugins", "roles"),
}


def test_the_tarball_holds_what_users_need(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name in tree.tracked():
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(tree.REPOSITORY / name, target)
    if "README.md" not in tree.tracked():
        (source / "README.md").touch()
    galaxy = str(Path(sys.executable).with_name("ansible-galaxy"))
    command = [galaxy, "collection", "build", "--output-path", str(tmp_path), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    [tarball] = tmp_path.glob("lightk8s-edge-*.tar.gz")
    with tarfile.open(tarball) as archive:
        names = archive.getnames()
    assert {name.split("/")[0] for name in names} <= SHIPPED
    assert {n for n in tree.tracked() if n.startswith("plugins/")} <= set(names)
