# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The node image: a small Debian with systemd and sshd, made once per recipe."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

from .paths import LABEL, NODE_FILES, cache_root, locked
from .shell import run
from .topology import Options

# What a plain Debian server has, plus what Kubernetes wants to find on a host. containerd is not
# among them: a distribution brings its own (ask for Debian's with packages=containerd).
PACKAGES = (
    *("acl", "ca-certificates", "conntrack", "curl", "dbus", "e2fsprogs", "ethtool", "iproute2"),
    *("iptables", "iputils-ping", "kmod", "mount", "openssh-server", "procps", "python3", "runc"),
    *("socat", "sudo", "systemd", "systemd-sysv", "tzdata", "util-linux"),
)


def _digest(options: Options) -> str:
    """Names the recipe: another package, suite or script is another image."""
    recipe = hashlib.sha256()
    for text in (options.suite, *PACKAGES, "+", *options.packages):
        recipe.update(text.encode() + b"\0")
    recipe.update((NODE_FILES / "customize.sh").read_bytes())
    return recipe.hexdigest()[:12]


def _known(tag: str) -> bool:
    return run(["podman", "image", "exists", tag], check=False).returncode == 0


def ensure(options: Options) -> str:
    """The tag of the image for these options, built or taken from the cache first when needed."""
    tag = f"localhost/lightk8s-testbed-node:{options.suite}-{_digest(options)}"
    if _known(tag):
        return tag
    with locked(f"image-{_digest(options)}"):
        if not _known(tag):
            _import(_archive(options), tag)
    return tag


def _archive(options: Options) -> Path:
    """The root file system as `images/node-<suite>-<digest>.tar.zst` in the cache."""
    folder = cache_root() / "images"
    folder.mkdir(exist_ok=True)
    path = folder / f"node-{options.suite}-{_digest(options)}.tar.zst"
    if not path.exists():
        started = time.monotonic()
        print(f"building the node image ({options.suite}): one to two minutes", flush=True)
        part = folder / f"part-{path.name}"
        part.unlink(missing_ok=True)
        run(_mmdebstrap(options, part), timeout=1800)
        part.rename(path)
        size = path.stat().st_size / 1e6
        print(f"node image: {size:.0f} MB, {time.monotonic() - started:.0f} s", flush=True)
    return path


def _mmdebstrap(options: Options, target: Path) -> list[str]:
    mirror = os.environ.get("TESTBED_DEBIAN_MIRROR")
    return [
        *("nice", "mmdebstrap", "--variant=minbase", "--quiet"),
        "--include=" + ",".join((*PACKAGES, *options.packages)),
        '--aptopt=Acquire::Languages "none"',
        f"--customize-hook={NODE_FILES / 'customize.sh'}",
        options.suite,
        str(target),
        *([mirror] if mirror else []),
    ]


def _import(archive: Path, tag: str) -> None:
    run(
        ["podman", "import", "--quiet", "--change", f"LABEL {LABEL}=image", str(archive), tag],
        timeout=900,
    )
