# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What other tools make of the same pair: the limit that our deltas are held against.

They have the whole old tar, which a node does not, and are allowed any memory. A tool that is not
installed is left out and named.
"""

from __future__ import annotations

import json
import lzma
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import bsdiff4

Tool = Callable[[Path, Path, Path], None]


def _bsdiff(old: Path, new: Path, out: Path) -> None:
    bsdiff4.file_diff(str(old), str(new), str(out))


def _zstd(old: Path, new: Path, out: Path) -> None:
    words = [
        "zstd",
        "-19",
        "--long=31",
        f"--patch-from={old}",
        "-q",
        "-f",
        str(new),
        "-o",
        str(out),
    ]
    subprocess.run(words, check=True)


def _xdelta3(old: Path, new: Path, out: Path) -> None:
    words = ["xdelta3", "-e", "-9", "-S", "lzma", "-B", str(1 << 31), "-f", "-s", str(old)]
    subprocess.run([*words, str(new), str(out)], check=True)


def _hdiffpatch(old: Path, new: Path, out: Path) -> None:
    words = ["detools", "create_patch", "-t", "hdiffpatch", "-a", "hdiffpatch", "-c", "lzma"]
    subprocess.run([_program("detools"), *words[1:], str(old), str(new), str(out)], check=True)


def _program(name: str) -> str:
    """Beside this Python, else in PATH; empty where it is in neither."""
    own = Path(sys.executable).with_name(name)
    return str(own) if own.exists() else shutil.which(name) or ""


TOOLS: dict[str, tuple[str, Tool]] = {
    "bsdiff": ("", _bsdiff),
    "zstd -19 --patch-from": ("zstd", _zstd),
    "xdelta3": ("xdelta3", _xdelta3),
    "detools hdiffpatch": ("detools", _hdiffpatch),
}


def limits(old: Path, new: Path, folder: Path) -> dict[str, int | None]:
    """Bytes of each tool's patch, None where the tool is missing; made once for a pair."""
    memory = folder / f"{old.stem}-{new.stem}.limits.json"
    known = json.loads(memory.read_text()) if memory.exists() else {}
    for name, (program, tool) in TOOLS.items():
        if known.get(name) is None and (not program or _program(program)):
            patch = folder / "patch"
            tool(old, new, patch)
            known[name] = patch.stat().st_size
            patch.unlink()
            memory.write_text(json.dumps(known))
    return {name: known.get(name) for name in TOOLS}


def xz_size(path: Path, folder: Path) -> int:
    """Bytes of `xz -9e`, counted once."""
    memory = folder / f"{path.stem}.xz"
    if not memory.exists():
        packer = lzma.LZMACompressor(preset=9 | lzma.PRESET_EXTREME)
        total = 0
        with path.open("rb") as stream:
            while data := stream.read(1 << 20):
                total += len(packer.compress(data))
        memory.write_text(str(total + len(packer.flush())))
    return int(memory.read_text())
