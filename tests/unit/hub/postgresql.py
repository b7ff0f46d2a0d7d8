# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL of its own, on a socket in a folder, with an empty database for each test."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from itertools import count
from pathlib import Path

NOBODY = 65534
PLACES = "/usr/lib/postgresql"  # where Debian keeps each version
OPTIONS = "-c listen_addresses= -c fsync=off -c max_connections=60"


def programs() -> Path:
    """The folder with `initdb` and `pg_ctl`."""
    found = sorted(Path(PLACES).glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    place = found[-1] if found else shutil.which("initdb")
    assert place, "install PostgreSQL: the hub is tested on it"
    return Path(place).parent


class Cluster:
    """The server. It refuses to run as root, so then it runs as nobody."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/var/tmp"))
        self._programs = programs()
        self._names = count(1)

    def __enter__(self) -> Cluster:
        if os.geteuid() == 0:
            os.chown(self._folder, NOBODY, NOBODY)
        self._run("initdb", "-D", self._data, "-U", "hub", "-A", "trust", "-N", "-E", "UTF8")
        options = f"{OPTIONS} -k {self._folder}"
        log = str(self._folder / "log")
        self._run("pg_ctl", "start", "-w", "-t", "300", "-D", self._data, "-l", log, "-o", options)
        return self

    def __exit__(self, *_exc: object) -> None:
        self._run("pg_ctl", "stop", "-m", "immediate", "-D", self._data)
        shutil.rmtree(self._folder)

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def _run(self, program: str, *words: str) -> None:
        as_root = os.geteuid() == 0
        subprocess.run(
            [str(self._programs / program), *words],
            check=True,
            cwd=self._folder,
            user=NOBODY if as_root else None,
            group=NOBODY if as_root else None,
            extra_groups=[] if as_root else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        )

    def database(self) -> str:
        """The URL of a new one."""
        name = f"test{next(self._names)}"
        self._run("createdb", "-h", str(self._folder), "-U", "hub", name)
        return f"postgresql+psycopg://hub@/{name}?host={self._folder}"
