# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build Kubernetes and its companions from their Go modules, once, into the cache."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from .paths import REPO, locked
from .shell import BedError

GO_SOURCES = REPO / "tests" / "testbed" / "go"
GO_AT_LEAST = (1, 25, 1)
LDFLAGS = "-s -w"
Log = Callable[[str], None]


@dataclass(frozen=True)
class Part:
    """One Go module and what is built in it."""

    name: str
    packages: tuple[str, ...]
    tags: str = ""
    uses: str = ""  # another module, by a replace directive


PARTS = (
    Part("kube", (".",)),
    Part("containerd", ("tool",), tags="no_btrfs,no_zfs,no_devmapper"),
    Part("coredns", ("tool",)),
    Part("cni", ("tool",)),
    Part("probe", ("./cmd/...",)),
    Part("common", ("./cmd/...",)),
    Part("k3s", ("./cmd/...",), uses="common"),
    Part("k0s", ("./cmd/...",), uses="common"),
    Part("microk8s", ("./cmd/...",), uses="common"),
    Part("kubeedge", ("./cmd/...",), uses="common"),
)


def go_tool() -> str:
    """The go command; an error that says what to install where there is none, or an old one."""
    wanted = ".".join(map(str, GO_AT_LEAST))
    found = shutil.which("go") or "/usr/local/go/bin/go"
    try:
        text = subprocess.run(
            [found, "env", "GOVERSION"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise BedError(
            f"Go {wanted} or newer is needed to build Kubernetes: install it from "
            "https://go.dev/dl/ into /usr/local/go, or put it on PATH"
        ) from error
    version = tuple(int(n) for n in re.findall(r"\d+", text)[:3])
    if version < GO_AT_LEAST:
        raise BedError(f"{found} is {text.strip()}: Go {wanted} or newer is needed")
    return found


def _sources(part: Part) -> list[Path]:
    return sorted(
        path
        for name in filter(None, (part.name, part.uses))
        for path in (GO_SOURCES / name).rglob("*")
        if path.is_file() and not path.name.endswith(("_test.go", ".md"))
    )


def digest(part: Part) -> str:
    """Names what is built: the sources and how they are built."""
    recipe = hashlib.sha256(f"{part.packages} {part.tags} {LDFLAGS}".encode())
    for path in _sources(part):
        recipe.update(f"\0{path.relative_to(GO_SOURCES)}\0".encode())
        recipe.update(path.read_bytes())
    return recipe.hexdigest()[:12]


def part_named(name: str) -> Part:
    return next(part for part in PARTS if part.name == name)


def folder(cache: Path, name: str) -> Path:
    """Where the programs of a part are, or will be."""
    return cache / "parts" / f"{name}-{digest(part_named(name))}"


def ensure(cache: Path, log: Log, names: Iterable[str] | None = None) -> Path:
    """Build what is missing of these parts, or of all; the folder of all parts."""
    wanted = PARTS if names is None else [part_named(name) for name in names]
    missing = [part for part in wanted if not folder(cache, part.name).exists()]
    if missing:
        with locked("build"):
            for part in missing:
                if not folder(cache, part.name).exists():
                    _build(part, cache, log)
    return cache / "parts"


def _build(part: Part, cache: Path, log: Log) -> None:
    target = folder(cache, part.name)
    temp = target.with_name(f"part-{target.name}")
    shutil.rmtree(temp, ignore_errors=True)
    temp.mkdir(parents=True)
    started = time.monotonic()
    log(f"building {part.name} ...")
    argv = ["nice", go_tool(), "build", "-trimpath", "-buildvcs=false", "-ldflags", LDFLAGS]
    if part.tags:
        argv += ["-tags", part.tags]
    argv += ["-o", f"{temp}/", *part.packages]
    environ = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    details = cache / f"build-{part.name}.log"
    with details.open("w", encoding="utf-8") as out:
        done = subprocess.run(
            argv, cwd=GO_SOURCES / part.name, env=environ, stdout=out, stderr=out, check=False
        )
    if done.returncode:
        tail = details.read_text(encoding="utf-8").strip().splitlines()[-5:]
        raise BedError(f"building {part.name} failed, see {details}:\n" + "\n".join(tail))
    temp.rename(target)
    _sweep(target, part)
    log(f"built {part.name} in {time.monotonic() - started:.0f} s")


def _sweep(kept: Path, part: Part) -> None:
    """Remove older builds of a part but two: other clones of this repository may be using them."""
    others = [old for old in kept.parent.glob(f"{part.name}-*") if old != kept]
    for old in sorted(others, key=lambda path: path.stat().st_mtime)[:-2]:
        shutil.rmtree(old, ignore_errors=True)
