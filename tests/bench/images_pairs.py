# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Updates of real software that the bench of images measures, built from package registries.

Which packages and versions was fixed before anything was measured. Each pair is one layer before and
after: Debian packages as they unpack, wheels and npm packages as an installation leaves them, all files
of it with the time of that build, as in images that are built anew. Debian's archive drops old versions
some day; then a pair is replaced, and what was measured before no longer compares.
"""

from __future__ import annotations

import compileall
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

BUILT = {"old": 1_730_000_000, "new": 1_732_000_000}  # seconds since 1970
PLATFORM = ("linux", "amd64")
Members = dict[str, tuple[tarfile.TarInfo, bytes]]


@dataclass(frozen=True)
class Pair:
    """An update: packages as `name=version`, or `name=old>new` where it is part of the update."""

    name: str
    kind: str  # deb, wheel, npm, or file: wheels as they are
    packages: tuple[str, ...]
    control: bool = False

    def versions(self, which: str) -> list[tuple[str, str]]:
        """Name and version of each package, `which` is old or new."""
        found = []
        for text in self.packages:
            name, _sign, versions = text.partition("=")
            old, _sign, new = versions.partition(">")
            found.append((name, (new or old) if which == "new" else old))
        return found


PAIRS = (
    Pair(
        "debian",
        "deb",
        (
            "apt=2.6.1>2.6.2",
            "libapt-pkg6.0=2.6.1>2.6.2",
            "bash=5.2.15-2+b13",
            "bsdutils=1:2.38.1-5+deb12u1>1:2.38.1-5+deb12u3",
            "coreutils=9.1-1",
            "dpkg=1.21.23",
            "libc-bin=2.36-9+deb12u7>2.36-9+deb12u14",
            "libssl3=3.0.20-1~deb12u2>3.0.22-1~deb12u2",
            "libsystemd0=252.38-1~deb12u1>252.39-1~deb12u2",
            "mount=2.38.1-5+deb12u1>2.38.1-5+deb12u3",
            "openssl=3.0.20-1~deb12u2>3.0.22-1~deb12u2",
            "perl-base=5.36.0-7+deb12u3>5.36.0-7+deb12u4",
            "tzdata=2026b-0+deb12u1>2026f-0+deb12u1",
            "util-linux=2.38.1-5+deb12u1>2.38.1-5+deb12u3",
        ),
    ),
    Pair("go", "deb", ("containerd=1.6.20~ds1-1+deb12u2>1.6.20~ds1-1+deb12u3",)),
    Pair("rust", "wheel", ("ruff=0.8.3>0.8.4",)),
    Pair(
        "python",
        "wheel",
        (
            "cryptography=43.0.0>43.0.1",
            "django=5.1.3>5.1.4",
            "jinja2=3.1.4",
            "lxml=5.3.0",
            "pyyaml=6.0.2",
            "requests=2.32.3",
            "sqlalchemy=2.0.35>2.0.36",
            "urllib3=2.2.3",
        ),
    ),
    Pair(
        "node",
        "npm",
        (
            "express=4.21.1>4.21.2",
            "lodash=4.17.21",
            "prettier=3.4.1>3.4.2",
            "typescript=5.6.3",
            "webpack=5.96.1>5.97.0",
        ),
    ),
    Pair("extension", "wheel", ("pydantic-core=2.27.1>2.27.2",)),
    Pair("control", "file", ("pillow=11.0.0>11.1.0",), control=True),
)


def built(pair: Pair, which: str, folder: Path) -> Path:
    """The uncompressed tar of the layer before ("old") or after ("new"), made once below `folder`."""
    wish = json.dumps([pair.kind, pair.versions(which), sys.version_info[:2]])
    path = folder / f"{pair.name}-{which}-{hashlib.sha256(wish.encode()).hexdigest()[:12]}.tar"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    members: Members = {}
    with TemporaryDirectory(dir=folder) as scratch:
        for number, (name, version) in enumerate(pair.versions(which)):
            place = Path(scratch, str(number))
            place.mkdir()
            package = FETCHERS[pair.kind](name, version, place)
            members |= dict(READERS[pair.kind](package, BUILT[which]))
        if pair.kind == "wheel":
            members |= dict(_compiled(members, Path(scratch, "compiled"), BUILT[which]))
        staged = Path(scratch, "layer.tar")
        with tarfile.open(staged, "w", format=tarfile.PAX_FORMAT) as archive:
            for _name, (about, content) in sorted(members.items()):
                archive.addfile(about, io.BytesIO(content))
        staged.rename(path)
    return path


def _run(words: Sequence[str], folder: Path) -> bytes:
    return subprocess.run(words, cwd=folder, check=True, stdout=subprocess.PIPE).stdout


def _deb(name: str, version: str, folder: Path) -> Path:
    user = "APT::Sandbox::User=root"  # the folder is ours alone
    _run(["apt-get", "download", "-q", "-o", user, f"{name}={version}"], folder)
    return next(folder.glob("*.deb"))


def _wheel(name: str, version: str, folder: Path) -> Path:
    words = ["pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", "."]
    words += ["--python-version", "3.11", "--platform", "manylinux2014_x86_64"]
    words += ["--platform", "manylinux_2_28_x86_64", f"{name}=={version}"]
    _run([sys.executable, "-m", *words], folder)
    return next(folder.glob("*.whl"))


def _npm(name: str, version: str, folder: Path) -> Path:
    _run(["npm", "pack", "--silent", f"{name}@{version}"], folder)
    return next(folder.glob("*.tgz"))


def _unpacked_deb(path: Path, _time: int) -> Iterator[tuple[str, tuple[tarfile.TarInfo, bytes]]]:
    content = _run(["dpkg-deb", "--fsys-tarfile", str(path)], path.parent)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for about in archive:
            about.name = about.name.removeprefix("./")
            stream = archive.extractfile(about) if about.isreg() else None
            if about.name not in ("", "."):
                yield about.name, (about, stream.read() if stream else b"")


def _unpacked_wheel(path: Path, when: int) -> Iterator[tuple[str, tuple[tarfile.TarInfo, bytes]]]:
    with zipfile.ZipFile(path) as archive:
        for item in archive.infolist():
            if not item.is_dir():
                name = f"usr/lib/python3/site-packages/{item.filename}"
                yield name, _file(name, archive.read(item), when)


def _unpacked_npm(path: Path, when: int) -> Iterator[tuple[str, tuple[tarfile.TarInfo, bytes]]]:
    package = path.name.rpartition("-")[0]  # npm pack names it NAME-VERSION.tgz
    with tarfile.open(path) as archive:
        for about in archive:
            stream = archive.extractfile(about) if about.isreg() else None
            if stream:
                name = f"app/node_modules/{package}/{about.name.removeprefix('package/')}"
                yield name, _file(name, stream.read(), when)


def _as_file(path: Path, when: int) -> Iterator[tuple[str, tuple[tarfile.TarInfo, bytes]]]:
    name = f"opt/wheels/{path.name}"
    yield name, _file(name, path.read_bytes(), when)


def _file(name: str, content: bytes, when: int) -> tuple[tarfile.TarInfo, bytes]:
    about = tarfile.TarInfo(name)
    about.size, about.mtime, about.mode = len(content), when, 0o644
    about.uname = about.gname = "root"
    return about, content


def _compiled(
    members: Members, folder: Path, when: int
) -> Iterator[tuple[str, tuple[tarfile.TarInfo, bytes]]]:
    """What pip leaves beside the sources: their compiled forms, which hold the time of the build."""
    for name, (_about, content) in members.items():
        if name.endswith(".py"):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            os.utime(path, (when, when))
    compileall.compile_dir(folder, maxlevels=20, quiet=2, stripdir=str(folder))
    for path in sorted(folder.rglob("*.pyc")):
        name = str(path.relative_to(folder))
        yield name, _file(name, path.read_bytes(), when)


FETCHERS = {"deb": _deb, "wheel": _wheel, "npm": _npm, "file": _wheel}
READERS = {
    "deb": _unpacked_deb,
    "wheel": _unpacked_wheel,
    "npm": _unpacked_npm,
    "file": _as_file,
}
