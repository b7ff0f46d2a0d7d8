# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program of a distribution on a node: which bytes, where, and what is noted of it. Pure, but for finding."""

from __future__ import annotations

import typing as t

from .._core.errors import EdgeError
from .._core.records import dataclass
from .._core.resources import File
from .._host.host import Host
from .adapter import Facts
from .guards import check_version
from .spec import Asset, Spec

BIN_DIRS = ("/usr/local/bin", "/opt/bin")
# uname's machine -> the word that release assets use
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "armv8l": "arm"}


@dataclass(frozen=True)
class Program:
    """A distribution's program: what people call it, the name of its file, its kind of asset."""

    title: str
    name: str
    kind: str = "binary"


def find_bin_dir(host: Host, spec: Spec, name: str) -> str:
    """The wanted folder, else where the program lies already, else the first one that can be written."""
    if spec.bin_dir:
        return spec.bin_dir.rstrip("/")
    for folder in BIN_DIRS:
        if host.inspect(f"{folder}/{name}"):
            return folder
    return next((f for f in BIN_DIRS if host.writable(f)), BIN_DIRS[-1])


def digest_of(host: Host, spec: Spec, path: str) -> str:
    """`Facts.digest` of the program at `path`; empty where a release says what it must be."""
    if spec.release is not None or not spec.wanted:
        return ""
    return host.sha256(path, full=spec.verify_full) or ""


def program(spec: Spec, facts: Facts, what: Program, unit: str) -> t.Iterator[File]:
    """The program's file; where no version was asked for, its mode alone. EdgeError(kind=release|refused)."""
    release = spec.release
    asset = release.asset(what.kind, facts.arch) if release is not None else None
    if release is not None and asset is None:
        known = facts.receipt.get("version") == release.version and facts.receipt.get("sha256")
        if not known:
            # A version that may not follow is not worth fetching.
            check_version(spec, facts, what.title)
            raise EdgeError(
                f"no asset of {what.title} {release.version} for {facts.arch} is known",
                kind="release",
                hint="make a mirror reachable, or fill the release cache of the controller",
            )
        asset = Asset(what.name, str(known))
    path = f"{facts.bin_dir}/{what.name}"
    if release is None or asset is None:
        yield File(path, mode=0o755, what=f"{what.title} at {path}")
        return
    yield File(
        path,
        mode=0o755,
        sha256=asset.sha256,
        name=asset.name,
        size=asset.size,
        restarts=(unit,),
        what=f"{what.title} {release.version} at {path}",
    )


def recorded(spec: Spec, facts: Facts, kind: str = "binary") -> dict[str, t.Any]:
    """What the receipt says of the program, so that no binary has to be asked."""
    asset = spec.release.asset(kind, facts.arch) if spec.release is not None else None
    noted = facts.receipt.get("sha256", "")
    return {
        "distribution": spec.distribution,
        "role": spec.role,
        "version": spec.release.version if spec.release is not None else facts.version,
        "sha256": asset.sha256 if asset is not None else facts.digest or noted,
    }
