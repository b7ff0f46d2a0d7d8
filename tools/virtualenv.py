# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the virtual environment that one file of tools/requirements asks for, and print its folder.

The folder's name holds a digest of the requirements and of the interpreter, so a change of either
makes a new one, several clones share one, and nothing is done where it is there already.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from collection_tree import cache_folder

REQUIREMENTS = Path(__file__).resolve().parent / "requirements"
# Pythons that may run each environment, the preferred one first.
CONTROLLER = ("3.11", "3.12", "3.13")
INTERPRETERS = {
    "tools": CONTROLLER,
    "bench": CONTROLLER,
    "queues": CONTROLLER,
    "images": CONTROLLER,
    "rulebook": CONTROLLER,
    "core-2.18": CONTROLLER,
    "core-2.19": CONTROLLER,
    "core-newest": ("3.13", "3.14", "3.12"),
}
NODE_PYTHONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14")
NO_PYTHON = 3


class NoPython(RuntimeError):
    """None of the wanted interpreters is on this machine."""


def candidates(version: str) -> Iterator[Path]:
    """Places where distributions and the usual version managers put an interpreter."""
    home = Path.home()
    for folder in ("/usr/bin", "/usr/local/bin", f"/opt/python{version}/bin"):
        yield Path(folder) / f"python{version}"
    yield from sorted(home.glob(f".pyenv/versions/{version}.*/bin/python{version}"), reverse=True)
    yield from sorted(home.glob(f".local/share/uv/python/cpython-{version}.*/bin/python{version}"))
    found = shutil.which(f"python{version}")
    if found:
        yield Path(found)


@functools.cache
def find_python(version: str) -> Path | None:
    """The first interpreter of that version that starts and can make virtual environments."""
    for path in candidates(version):
        if path.exists() and _works(path):
            return path
    return None


def _works(python: Path) -> bool:
    probe = [str(python), "-c", "import ctypes, ensurepip, ssl, venv"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def link_pythons() -> Path:
    """Return a folder with one link per Python of this machine that ansible-test knows for nodes.

    ansible-test looks for `python3.9` and so on in PATH, where version managers keep mere shims.
    """
    folder = cache_folder() / "pythons"
    folder.mkdir(parents=True, exist_ok=True)
    for version in NODE_PYTHONS:
        python = find_python(version)
        link = folder / f"python{version}"
        if python and not link.exists():
            link.unlink(missing_ok=True)
            link.symlink_to(python)
    return folder


def environment(name: str) -> Path:
    """Return the folder of the environment called `name`, made first where it is missing.

    Raises NoPython where the machine has none of the interpreters that it could run on.
    """
    versions = INTERPRETERS[name]
    python = next(filter(None, map(find_python, versions)), None)
    if python is None:
        raise NoPython(f"{name} needs one of Python {', '.join(versions)}: none is on this machine")
    requirements = REQUIREMENTS / f"{name}.txt"
    key = hashlib.sha256(requirements.read_bytes() + str(python).encode()).hexdigest()[:12]
    folder = cache_folder() / "virtualenvs" / f"{name}-{key}"
    if not (folder / "complete").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (folder.parent / f"{name}-{key}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "complete").exists():
                _make(folder, python, requirements)
    return folder


def _make(folder: Path, python: Path, requirements: Path) -> None:
    print(f"making {folder}", file=sys.stderr)
    run = functools.partial(subprocess.run, check=True, stdout=sys.stderr)
    run([str(python), "-m", "venv", "--clear", str(folder)])
    run([str(folder / "bin/pip"), "install", "--quiet", "--requirement", str(requirements)])
    (folder / "complete").touch()


def main(arguments: list[str]) -> int:
    if arguments == ["--pythons"]:
        print(link_pythons())
        return 0
    if len(arguments) != 1 or arguments[0] not in INTERPRETERS:
        print(f"usage: virtualenv.py --pythons | {' | '.join(INTERPRETERS)}", file=sys.stderr)
        return 2
    try:
        print(environment(arguments[0]))
    except NoPython as exc:
        print(exc, file=sys.stderr)
        return NO_PYTHON
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
