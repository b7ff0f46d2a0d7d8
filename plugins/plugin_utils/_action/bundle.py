# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bundle: everything under module_utils as one archive, known by its sha256.

The archive is importable as it is (package `lightk8s_node`), so the same file serves a push from
the controller and an agent on the node. It is stored, not deflated, with fixed dates and sorted
names: two controllers with other zlib builds make the same bytes. On the wire it is compressed.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import io
import zipfile
import zlib
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.loader import PACKAGE

HERE = Path(__file__).resolve().parent
MODULE_UTILS = HERE.parent.parent / "module_utils"
EPOCH = (1980, 1, 1, 0, 0, 0)
NODE_HALVES = {
    "__main__.py": HERE / "node_main.py",
    f"{PACKAGE}/__init__.py": None,
    f"{PACKAGE}/_core/__init__.py": None,
    f"{PACKAGE}/_core/kept.py": MODULE_UTILS / "_core" / "kept.py",
    f"{PACKAGE}/_kept/__init__.py": None,
    f"{PACKAGE}/_kept/boot.py": HERE / "node_boot.py",
    f"{PACKAGE}/_kept/install.py": HERE / "node_install.py",
    f"{PACKAGE}/_kept/receive.py": HERE.parent / "_transfer" / "node_receive.py",
}


@dataclasses.dataclass(frozen=True)
class Bundle:
    """`digest` is the sha256 of the archive itself."""

    digest: str
    archive: bytes

    @functools.cached_property
    def packed(self) -> bytes:
        """The archive as it travels. Made when a node lacks the code: most runs need it never."""
        return zlib.compress(self.archive, 9)


def archive(root: Path) -> bytes:
    """The archive of the Python files under `root`."""
    files = {name: path.read_bytes() if path else b"" for name, path in NODE_HALVES.items()}
    for path in root.rglob("*.py"):
        files[f"{PACKAGE}/{path.relative_to(root).as_posix()}"] = path.read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as opened:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, EPOCH)
            info.create_system = 3
            info.external_attr = 0o100644 << 16
            opened.writestr(info, files[name])
    return buffer.getvalue()


@functools.cache
def bundle(root: Path = MODULE_UTILS) -> Bundle:
    """Made once per process: call it at import, in the parent of all forks."""
    data = archive(root)
    return Bundle(hashlib.sha256(data).hexdigest(), data)
