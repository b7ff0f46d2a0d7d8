# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run `ansible-test sanity` of one ansible-core on a copy of the tracked files, without containers.

ansible-test makes an environment per test below HOME, and fetches the script that puts pip into it
from a host of its own. Here HOME is a folder of the cache, and that script takes pip from the
interpreter and the package index: a machine that reaches nothing but an index is enough.
"""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
from pathlib import Path

from collection_tree import INSIDE, REPOSITORY, cache_folder, export_tree
from virtualenv import NoPython, environment, link_pythons

CORES = ("2.18", "2.19", "newest")

GET_PIP = """\
import subprocess
import sys

subprocess.check_call([sys.executable, "-m", "ensurepip"])
wanted = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
subprocess.check_call([sys.executable, "-m", "pip", "install", "--quiet", *wanted])
"""


def ansible_test_home(core: Path) -> Path:
    """Prepare and return the HOME in which the ansible-test of that environment works."""
    home = cache_folder() / "ansible-test"
    scripts = home / ".ansible/test/cache"
    scripts.mkdir(parents=True, exist_ok=True)
    package = next(core.glob("lib/python3*/site-packages/ansible_test"))
    source = package / "_internal/python_requirements.py"
    for version in re.findall(r"pip='([0-9.]+)'", source.read_text(encoding="utf-8")):
        script = scripts / f"get_pip_{version.replace('.', '_')}.py"
        script.write_text(GET_PIP, encoding="utf-8")
    keep_pip_settings(home)
    return home


def keep_pip_settings(home: Path) -> None:
    """Let pip work in that HOME as it does in the user's: ansible-test clears the environment."""
    theirs, mine = Path.home() / ".config/pip", home / ".config/pip"
    if theirs.exists() and not mine.is_symlink():
        mine.parent.mkdir(parents=True, exist_ok=True)
        mine.symlink_to(theirs)
    lines = [
        f"{name[4:].lower().replace('_', '-')} = {value}"
        for name, value in sorted(os.environ.items())
        if name.startswith("PIP_") and name != "PIP_CONFIG_FILE"
    ]
    legacy = home / ".pip/pip.conf"
    legacy.parent.mkdir(exist_ok=True)
    legacy.write_text("\n".join(["[global]", *lines, ""]), encoding="utf-8")


def find_ignores() -> list[str]:
    """Files that would set findings aside: there must be none."""
    return [str(path.relative_to(REPOSITORY)) for path in REPOSITORY.glob("tests/sanity/ignore*")]


def run(core_name: str, arguments: list[str]) -> int:
    core = environment(f"core-{core_name}")
    home = ansible_test_home(core)
    tree = export_tree(f"sanity-{core_name}") / INSIDE
    search = f"{core / 'bin'}:{link_pythons()}:{os.environ['PATH']}"
    settings = {**os.environ, "HOME": str(home), "PATH": search, "LC_ALL": "C.UTF-8"}
    settings.pop("ANSIBLE_COLLECTIONS_PATH", None)
    settings.pop("PYTHONPATH", None)
    command = [str(core / "bin/ansible-test"), "sanity", "--color", "no"]
    # Two cores share environments, and ansible-test does not lock them while it makes them.
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        prime = [*command, "--prime-venvs"]
        made = subprocess.run(prime, cwd=tree, env=settings, check=False).returncode
    if made or arguments == ["--prime"]:
        return made
    print(f"== ansible-test sanity, ansible-core {core_name}", flush=True)
    return subprocess.run([*command, *arguments], cwd=tree, env=settings, check=False).returncode


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in CORES:
        print(f"usage: sanity.py {' | '.join(CORES)} [--prime | ARGUMENT ...]", file=sys.stderr)
        return 2
    if ignores := find_ignores():
        print(f"sanity ignore files are not allowed: {', '.join(ignores)}")
        return 1
    try:
        return run(arguments[0], arguments[1:])
    except NoPython as exc:
        print(f"left out: {exc}; install one (Debian 13 has 3.13) to run this gate")
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
