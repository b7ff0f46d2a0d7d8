# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give a clone, wherever it lies, the path that ansible wants: ansible_collections/lightk8s/edge.

`link` makes a folder in which that path is a symlink to the clone (tests, playbooks).
`export` makes one in which it is a copy of the files git tracks, as they are on disk (static gates:
what is not committed to be part of the collection cannot make them pass or fail).
Both print the folder that holds `ansible_collections`. `logs` and `cache` print folders of this
clone for what steps print and for what tools remember; `remove` removes all of it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
INSIDE = Path("ansible_collections/lightk8s/edge")


def cache_folder() -> Path:
    """The folder outside the clone for everything that can be made again."""
    own = os.environ.get("LIGHTK8S_CACHE")
    if own:
        return Path(own)
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "lightk8s"


def clone_folder() -> Path:
    """The part of the cache that belongs to this clone alone."""
    digest = hashlib.sha256(str(REPOSITORY).encode()).hexdigest()[:12]
    return cache_folder() / "clones" / digest


def link_tree() -> Path:
    """Return a folder in which the collection's path leads to this clone."""
    if REPOSITORY.parts[-3:] == INSIDE.parts:
        return REPOSITORY.parents[2]
    root = clone_folder() / "link"
    link = root / INSIDE
    if not link.is_symlink() or link.resolve() != REPOSITORY:
        link.parent.mkdir(parents=True, exist_ok=True)
        fresh = link.with_name(f"edge.{os.getpid()}")
        fresh.symlink_to(REPOSITORY, target_is_directory=True)
        fresh.replace(link)
    return root


def tracked_files() -> list[str]:
    """Files that git tracks in this clone and that exist on disk, as paths relative to it."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True
    ).stdout
    names = sorted(name for name in listing.decode().split("\0") if name)
    return [name for name in names if os.path.lexists(REPOSITORY / name)]


def export_tree(name: str) -> Path:
    """Bring the copy called `name` up to date and return the folder that holds it.

    Only files that differ are written, so tools that cache by modification time stay fast.
    """
    root = clone_folder() / name
    root.mkdir(parents=True, exist_ok=True)
    with root.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _update(root / INSIDE, set(tracked_files()))
    return root


def _update(target: Path, wanted: set[str]) -> None:
    for relative in wanted:
        _copy(REPOSITORY / relative, target / relative)
    for present in [path for path in target.rglob("*") if not path.is_dir() or path.is_symlink()]:
        if str(present.relative_to(target)) not in wanted:
            present.unlink()
    for folder in sorted((path for path in target.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


def _copy(source: Path, target: Path) -> None:
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        if not target.is_symlink() or target.readlink() != source.readlink():
            target.unlink(missing_ok=True)
            target.symlink_to(source.readlink())
        return
    old = target.lstat() if os.path.lexists(target) else None
    new = source.stat()
    key = (new.st_size, new.st_mtime_ns, new.st_mode)
    if old is None or (old.st_size, old.st_mtime_ns, old.st_mode) != key:
        target.unlink(missing_ok=True)
        shutil.copy2(source, target)


def main(arguments: list[str]) -> int:
    if arguments == ["link"]:
        print(link_tree())
    elif arguments in (["logs"], ["cache"]):
        folder = clone_folder() / arguments[0]
        folder.mkdir(parents=True, exist_ok=True)
        print(folder)
    elif arguments == ["remove"]:
        shutil.rmtree(clone_folder(), ignore_errors=True)
    elif len(arguments) == 2 and arguments[0] == "export":
        print(export_tree(arguments[1]))
    else:
        usage = "usage: collection_tree.py link | export NAME | logs | cache | remove"
        print(usage, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
